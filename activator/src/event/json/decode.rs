//! JSON to events: members are read one by one, in place.

use alloc::{boxed::Box, vec::Vec};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use smallvec::SmallVec;

use super::scan::{Quoted, Scanner, Wrong};
use super::unescape::unescape;
use crate::event::error::shown;
use crate::event::{Builder, Event, EventError, Reply, media};

/// A body up to this size is shared by whatever small part of it is kept.
const SHARED_MAX: usize = 4096;

/// The event in a JSON object. Its data shares the body, unless that would keep far more of it than the data.
///
/// # Errors
/// Says where it is not JSON, or which attribute is wrong and why.
pub fn decode(body: &Bytes) -> Result<Event, EventError> {
    let mut event = Builder::default();
    let data = read(body, &mut event)?;
    event.build_received(data)
}

/// The event in a JSON object that somebody answered with, which may lack an id.
///
/// # Errors
/// As [`decode`].
pub fn decode_reply(body: &Bytes) -> Result<Reply, EventError> {
    let mut event = Builder::default();
    let data = read(body, &mut event)?;
    event.build_reply(data)
}

/// The events in a JSON array (JSON format section 4 "JSON Batch Format").
///
/// # Errors
/// When it is no array, or any of its events is not valid, and which: then none of them counts.
pub fn decode_batch(body: &Bytes) -> Result<Vec<Event>, EventError> {
    let mut scanner = scanner(body)?;
    let syntax = |wrong| syntax(body, wrong);
    let mut events = Vec::new();
    scanner.expect(b'[', "expected an array of events").map_err(syntax)?;
    if !scanner.take(b']') {
        loop {
            let mut event = Builder::default();
            let read = Members::read(body, &mut scanner, &mut event);
            let built = read.and_then(|data| event.build_received(data));
            let numbered =
                |reason| EventError::InBatch { number: events.len() + 1, reason: Box::new(reason) };
            events.push(built.map_err(numbered)?);
            if !scanner.take(b',') {
                break;
            }
        }
        scanner.expect(b']', "expected a comma or the end of the array").map_err(syntax)?;
    }
    scanner.end().map_err(syntax)?;
    Ok(events)
}

/// Reads the attributes of the one object in the body into `event`, and gives its data.
pub(in crate::event) fn read(body: &Bytes, event: &mut Builder) -> Result<Bytes, EventError> {
    let mut scanner = scanner(body)?;
    let data = Members::read(body, &mut scanner, event)?;
    scanner.end().map_err(|wrong| syntax(body, wrong))?;
    Ok(data)
}

pub(super) fn scanner(text: &[u8]) -> Result<Scanner<'_>, EventError> {
    match core::str::from_utf8(text) {
        Ok(_) => Ok(Scanner::new(text)),
        Err(error) => Err(syntax(text, Wrong { what: "it is not UTF-8", at: error.valid_up_to() })),
    }
}

fn syntax(text: &[u8], wrong: Wrong) -> EventError {
    let before = &text[..wrong.at.min(text.len())];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
    EventError::Json { what: wrong.what, line, column }
}

/// The members of one event, as far as they were read.
struct Members<'a, 'e> {
    body: &'a Bytes,
    event: &'e mut Builder,
    /// Those that are `null`, which is as if they were not there.
    absent: Option<Box<Builder>>,
    data: Option<&'a [u8]>,
    data_base64: Option<&'a [u8]>,
}

/// What ends the reading.
enum Fault {
    Syntax(Wrong),
    Event(EventError),
}

impl From<Wrong> for Fault {
    fn from(wrong: Wrong) -> Self {
        Self::Syntax(wrong)
    }
}

impl From<EventError> for Fault {
    fn from(error: EventError) -> Self {
        Self::Event(error)
    }
}

impl<'a, 'e> Members<'a, 'e> {
    fn read(body: &'a Bytes, scanner: &mut Scanner<'a>, event: &'e mut Builder) -> Result<Bytes, EventError> {
        let mut members = Self { body, event, absent: None, data: None, data_base64: None };
        let data = members.all(scanner).and_then(|()| members.data());
        data.map_err(|fault| match fault {
            Fault::Syntax(wrong) => syntax(body, wrong),
            Fault::Event(error) => error,
        })
    }

    fn all(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Fault> {
        scanner.expect(b'{', "expected an object")?;
        if scanner.take(b'}') {
            return Ok(());
        }
        loop {
            let name = scanner.string()?;
            scanner.expect(b':', "expected a colon")?;
            if name.escaped {
                let mut text: SmallVec<[u8; 128]> = SmallVec::new();
                unescape(name, |part| text.extend_from_slice(part))
                    .map_err(|_| EventError::Name(shown(name.inner)))?;
                self.member(&text, scanner)?;
            } else {
                self.member(name.inner, scanner)?;
            }
            if !scanner.take(b',') {
                return Ok(scanner.expect(b'}', "expected a comma or the end of the object")?);
            }
        }
    }

    fn member(&mut self, name: &[u8], scanner: &mut Scanner<'a>) -> Result<(), Fault> {
        let data = match name {
            b"data" => &mut self.data,
            b"data_base64" => &mut self.data_base64,
            _ => return self.attribute(name, scanner),
        };
        match data.replace(scanner.value()?) {
            None => Ok(()),
            Some(_) => Err(EventError::Duplicate(shown(name)).into()),
        }
    }

    /// Section 2.2 "Type System Mapping".
    fn attribute(&mut self, name: &[u8], scanner: &mut Scanner<'a>) -> Result<(), Fault> {
        match scanner.peek() {
            Some(b'"') => self.text(name, scanner.string()?)?,
            Some(b'-' | b'0'..=b'9') => self.event.integer_text(name, scanner.number()?)?,
            Some(b't') => self.event.typed(name, scanner.literal(b"true")?)?,
            Some(b'f') => self.event.typed(name, scanner.literal(b"false")?)?,
            Some(b'n') => {
                scanner.literal(b"null")?;
                return self.null(name);
            }
            Some(b'{') => return Err(EventError::Type { name: shown(name), found: "an object" }.into()),
            Some(b'[') => return Err(EventError::Type { name: shown(name), found: "an array" }.into()),
            _ => return Err(scanner.wrong("expected a value").into()),
        }
        if self.absent.as_ref().is_some_and(|absent| absent.contains(name)) {
            return Err(EventError::Duplicate(shown(name)).into());
        }
        Ok(())
    }

    fn text(&mut self, name: &[u8], value: Quoted<'a>) -> Result<(), EventError> {
        if !value.escaped {
            return self.event.received(name, value.inner);
        }
        let mut text: SmallVec<[u8; 256]> = SmallVec::new();
        unescape(value, |part| text.extend_from_slice(part))
            .map_err(|_| EventError::Surrogate(shown(name)))?;
        self.event.received(name, &text)
    }

    /// `null` is a member that is not there; that it was named is remembered.
    fn null(&mut self, name: &[u8]) -> Result<(), Fault> {
        if self.event.contains(name) {
            return Err(EventError::Duplicate(shown(name)).into());
        }
        Ok(self.absent.get_or_insert_default().absent(name)?)
    }

    /// Section 3.1 "Handling of data".
    fn data(&self) -> Result<Bytes, Fault> {
        let is_there = |value: &&'a [u8]| **value != *b"null";
        match (self.data.filter(is_there), self.data_base64.filter(is_there)) {
            (Some(_), Some(_)) => Err(EventError::DataTwice.into()),
            (None, None) => Ok(Bytes::new()),
            (None, Some(value)) => {
                let text = self.string(value).ok_or(EventError::Base64("data_base64"))??;
                let data = STANDARD.decode(text).map_err(|_| EventError::Base64("data_base64"))?;
                Ok(data.into())
            }
            (Some(value), None) => self.json_or_text(value),
        }
    }

    /// A string is a text when the media type is not JSON, and base64 when version 0.3 says so.
    fn json_or_text(&self, value: &'a [u8]) -> Result<Bytes, Fault> {
        let is_json = self.event.text_of(b"datacontenttype").is_none_or(media::is_json);
        if self.event.is_base64() {
            return Ok(self.string(value).ok_or(EventError::Base64("data"))??);
        }
        if is_json {
            return Ok(self.share(value));
        }
        Ok(self.string(value).unwrap_or_else(|| Ok(self.share(value)))?)
    }

    /// The text of a value that is a string.
    fn string(&self, value: &'a [u8]) -> Option<Result<Bytes, EventError>> {
        let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        let escaped = memchr::memchr(b'\\', inner).is_some();
        if !escaped {
            return Some(Ok(self.share(inner)));
        }
        let mut text = Vec::with_capacity(inner.len());
        let unescaped = unescape(Quoted { inner, escaped }, |part| text.extend_from_slice(part));
        Some(unescaped.map(|()| text.into()).map_err(|_| EventError::Surrogate("data".into())))
    }

    fn share(&self, part: &[u8]) -> Bytes {
        if self.body.len() > SHARED_MAX && part.len() < self.body.len() / 2 {
            return Bytes::copy_from_slice(part);
        }
        self.body.slice_ref(part)
    }
}
