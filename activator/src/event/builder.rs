//! Building an event: attributes are checked as they come, and laid out in one block at the end.

use bytes::Bytes;

use super::block::{COUNT_MAX, NAME_MAX, TEXT_MAX};
use super::error::shown;
use super::name::signature;
use super::rules::{self, REQUIRED};
use super::staging::Staging;
use super::{Attributes, Event, EventError, Headers, Value, short, upgrade};

/// Collects attributes and checks each as it comes. Those of a usual event wait on the stack.
#[derive(Default)]
pub struct Builder {
    version: Option<Version>,
    /// A bit for each of the specification's own attributes that is there.
    known: u8,
    /// A bit for each signature that is there.
    signatures: [u64; 4],
    staging: Staging,
}

/// The versions of the specification that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V1,
    /// Becomes 1.0 when the event is built.
    V03,
}

impl Builder {
    /// Adds an attribute that is a string. `specversion` is not stored: an event of version 0.3 becomes one of 1.0.
    ///
    /// # Errors
    /// When the name is not allowed or there already, the value holds what no attribute may, or there is no room.
    pub fn attribute(&mut self, name: &str, value: &str) -> Result<&mut Self, EventError> {
        self.received(name.as_bytes(), value.as_bytes())?;
        Ok(self)
    }

    /// Adds an attribute that is a whole number (CloudEvents 1.0, section 3.2 "Integer").
    ///
    /// # Errors
    /// As [`attribute`](Self::attribute), and when the specification makes it a string.
    pub fn integer(&mut self, name: &str, value: i32) -> Result<&mut Self, EventError> {
        self.typed(name.as_bytes(), alloc::format!("{value}").as_bytes())?;
        Ok(self)
    }

    /// Adds an attribute that is true or false (section 3.2 "Boolean").
    ///
    /// # Errors
    /// As [`attribute`](Self::attribute), and when the specification makes it a string.
    pub fn boolean(&mut self, name: &str, value: bool) -> Result<&mut Self, EventError> {
        self.typed(name.as_bytes(), if value { b"true" } else { b"false" })?;
        Ok(self)
    }

    /// Whether the attribute was added already.
    pub fn has(&self, name: &str) -> bool {
        self.contains(name.as_bytes())
    }

    /// The event, when nothing required is missing; `specversion` need not be named.
    ///
    /// # Errors
    /// Names the first required attribute that is missing, or what cannot become of version 0.3.
    pub fn build(mut self, data: Bytes) -> Result<Event, EventError> {
        self.finish(data)
    }

    /// The event that somebody sent: its `specversion` is required too.
    pub(super) fn build_received(&mut self, data: Bytes) -> Result<Event, EventError> {
        if self.version.is_none() { Err(EventError::Missing("specversion")) } else { self.finish(data) }
    }

    fn finish(&mut self, data: Bytes) -> Result<Event, EventError> {
        if self.version == Some(Version::V03) {
            let (mut event, data) = upgrade::upgrade(self, data)?;
            return event.finish(data);
        }
        for (at, name) in REQUIRED.into_iter().enumerate() {
            if self.known & 1 << at == 0 {
                return Err(EventError::Missing(name));
            }
        }
        Ok(Event { attributes: Attributes::trusted(self.block()), data, headers: Headers::default() })
    }

    /// Adds an attribute that is a string, as it came. It is inlined, with all below it, into the loops that read
    /// headers and members: that is where the time goes.
    #[inline(always)]
    pub(super) fn received(&mut self, name: &[u8], value: &[u8]) -> Result<(), EventError> {
        if !short::is_plain(value) {
            rules::check_name(name)?;
            rules::check_text(name, value)?;
        }
        self.plain(name, value)
    }

    /// Adds an attribute that is a string of printable ASCII and spaces.
    #[inline(always)]
    pub(super) fn plain(&mut self, name: &[u8], value: &[u8]) -> Result<(), EventError> {
        self.add(name, Value::new(value, false))
    }

    /// Adds a number of JSON: an integer, written as one.
    pub(super) fn integer_text(&mut self, name: &[u8], number: &[u8]) -> Result<(), EventError> {
        let number = if number == b"-0" { b"0" } else { number };
        if rules::is_integer(number) {
            return self.typed(name, number);
        }
        Err(EventError::Integer { name: shown(name), found: shown(number) })
    }

    /// Adds an attribute whose text is that of an integer or a boolean.
    pub(super) fn typed(&mut self, name: &[u8], text: &[u8]) -> Result<(), EventError> {
        self.add(name, Value::new(text, true))
    }

    /// Adds an attribute whose text is good.
    #[inline(always)]
    pub(super) fn add(&mut self, name: &[u8], value: Value<'_>) -> Result<(), EventError> {
        let signature = signature(name);
        let known = match rules::known(name, signature) {
            None => {
                rules::check_name(name)?;
                0
            }
            Some(rules::SPECVERSION) => return self.specversion(value),
            Some(at) => {
                rules::check_known(at, value)?;
                1 << at
            }
        };
        self.push_new(name, value, signature)?;
        self.known |= known;
        Ok(())
    }

    fn specversion(&mut self, value: Value<'_>) -> Result<(), EventError> {
        let version = match value.bytes() {
            _ if value.is_typed() => return Err(EventError::NotString("specversion")),
            b"1.0" => Version::V1,
            b"0.3" => Version::V03,
            other => return Err(EventError::Specversion(shown(other))),
        };
        match self.version.replace(version) {
            None => Ok(()),
            Some(_) => Err(EventError::Duplicate("specversion".into())),
        }
    }

    /// Remembers a name that has no value. What was made of such names is never built.
    pub(super) fn absent(&mut self, name: &[u8]) -> Result<(), EventError> {
        rules::check_name(name)?;
        self.push_new(name, Value::new(b"", false), signature(name))
    }

    #[inline(always)]
    fn push_new(&mut self, name: &[u8], value: Value<'_>, signature: u8) -> Result<(), EventError> {
        if self.may_have(signature) && self.staging.position(name, signature).is_some() {
            return Err(EventError::Duplicate(shown(name)));
        }
        self.push(name, value, signature)
    }

    /// Adds an attribute that is known to be good and new.
    #[inline(always)]
    pub(super) fn push(&mut self, name: &[u8], value: Value<'_>, signature: u8) -> Result<(), EventError> {
        if self.staging.count() == COUNT_MAX {
            return Err(EventError::TooMany);
        }
        let end = self.staging.text_len() + name.len() + value.bytes().len();
        if end > TEXT_MAX || name.len() > NAME_MAX {
            return Err(EventError::TooLong(shown(name)));
        }
        self.staging.push(name, value, signature);
        self.signatures[usize::from(signature >> 6)] |= 1 << (signature & 63);
        Ok(())
    }

    pub(super) fn contains(&self, name: &[u8]) -> bool {
        (name == b"specversion" && self.version.is_some())
            || self.staging.position(name, signature(name)).is_some()
    }

    /// The text that was added under a name.
    pub(super) fn text_of(&self, name: &[u8]) -> Option<&[u8]> {
        self.staging.position(name, signature(name)).and_then(|at| Some(self.staging.entry(at)?.1.bytes()))
    }

    /// Whether version 0.3 says that the data is in base64.
    pub(super) fn is_base64(&self) -> bool {
        self.version == Some(Version::V03) && self.contains(b"datacontentencoding")
    }

    const fn may_have(&self, signature: u8) -> bool {
        self.signatures[(signature >> 6) as usize] & 1 << (signature & 63) != 0
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        self.staging.entries()
    }

    /// What was added as one block, whether or not it makes an event.
    pub(super) fn block(&mut self) -> Bytes {
        self.staging.block()
    }
}

impl core::fmt::Debug for Builder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let names = self.entries().map(|(name, value)| (alloc::string::String::from_utf8_lossy(name), value));
        f.debug_map().entries(names).finish()
    }
}
