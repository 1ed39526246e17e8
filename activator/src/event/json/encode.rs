//! Events to JSON, written by hand into one buffer.

use alloc::vec::Vec;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::scan;
use crate::event::{Event, media, short};

const HEAD: &[u8] = br#"{"specversion":"1.0""#;

/// The event as one JSON object, `specversion` first.
pub fn encode(event: &Event) -> Vec<u8> {
    let form = Form::of(event);
    let mut json = Vec::with_capacity(form.size());
    form.write(&mut json);
    json
}

/// The events as one JSON array (JSON format section 4 "JSON Batch Format").
pub fn encode_batch<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<u8> {
    let mut json = Vec::from(b"[");
    for event in events {
        if json.len() > 1 {
            json.push(b',');
        }
        let form = Form::of(event);
        json.reserve(form.size() + 1);
        form.write(&mut json);
    }
    json.push(b']');
    json
}

/// An event with what is known of its JSON before it is written.
pub(super) struct Form<'a> {
    event: &'a Event,
    pub(super) data: Data<'a>,
    /// In all names and values.
    escapes: usize,
}

/// How the data is written: as whatever keeps it byte for byte.
pub(super) enum Data<'a> {
    Absent,
    /// JSON, written as it is.
    Json(&'a [u8]),
    /// UTF-8, written as a string.
    Text(&'a [u8]),
    /// Anything else, written in base64.
    Binary(&'a [u8]),
}

impl<'a> Data<'a> {
    pub(super) fn of(event: &'a Event) -> Self {
        let data = &event.data()[..];
        if data.is_empty() {
            return Self::Absent;
        }
        let as_json = event.find("datacontenttype").is_none_or(|value| media::is_json(value.bytes()));
        // A member that is `null` is not there, so that one value of JSON needs other clothes.
        if as_json && scan::is_json(data) && data.trim_ascii() != b"null" {
            return Self::Json(data);
        }
        if !as_json && core::str::from_utf8(data).is_ok() { Self::Text(data) } else { Self::Binary(data) }
    }

    fn write(&self, json: &mut Vec<u8>) {
        match self {
            Self::Absent => {}
            Self::Json(value) => {
                json.extend_from_slice(br#","data":"#);
                json.extend_from_slice(value);
            }
            Self::Text(text) => {
                json.extend_from_slice(br#","data":""#);
                write_text(text, json);
                json.push(b'"');
            }
            Self::Binary(bytes) => write_base64(bytes, json),
        }
    }

    /// What the data takes with the name of its member.
    fn size(&self) -> usize {
        const NAME: usize = r#","data_base64":"""#.len();
        NAME + match self {
            Self::Absent => 0,
            Self::Json(json) => json.len(),
            Self::Text(text) => text.len() + text.iter().map(|byte| escape_len(*byte)).sum::<usize>(),
            Self::Binary(bytes) => bytes.len().div_ceil(3) * 4,
        }
    }
}

impl<'a> Form<'a> {
    pub(super) fn of(event: &'a Event) -> Self {
        // Attributes hold no control characters, so these two are all that can need an escape.
        let texts = event.attributes().texts().into_iter();
        let escapes = texts.map(|text| memchr::memchr2_iter(b'"', b'\\', text).count()).sum();
        Self { event, data: Data::of(event), escapes }
    }

    /// At least the length of the JSON, and not much more.
    pub(super) fn size(&self) -> usize {
        let (text, count) = self.event.attributes().extent();
        HEAD.len() + text + r#","":"""#.len() * count + self.escapes + self.data.size() + 1
    }

    pub(super) fn write(&self, json: &mut Vec<u8>) {
        json.extend_from_slice(HEAD);
        for (name, value) in self.event.attributes().entries() {
            json.extend_from_slice(b",\"");
            json.extend_from_slice(name);
            json.extend_from_slice(if value.is_typed() { b"\":" } else { b"\":\"" });
            if self.escapes == 0 {
                json.extend_from_slice(value.bytes());
            } else {
                write_text(value.bytes(), json);
            }
            json.extend_from_slice(if value.is_typed() { b"" } else { b"\"" });
        }
        self.data.write(json);
        json.push(b'}');
    }
}

/// Writes what stands between the quotes of a string.
fn write_text(text: &[u8], json: &mut Vec<u8>) {
    let mut rest = text;
    loop {
        let special = short::behind_literal(rest);
        json.extend_from_slice(&rest[..rest.len() - special.len()]);
        let Some((&byte, behind)) = special.split_first() else {
            return;
        };
        write_escape(byte, json);
        rest = behind;
    }
}

/// What a byte of a string takes beside itself.
const fn escape_len(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 1,
        0..=0x1f => 5,
        _ => 0,
    }
}

fn write_escape(byte: u8, json: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' | b'\\' => json.extend_from_slice(&[b'\\', byte]),
        b'\n' => json.extend_from_slice(b"\\n"),
        b'\r' => json.extend_from_slice(b"\\r"),
        b'\t' => json.extend_from_slice(b"\\t"),
        _ => {
            json.extend_from_slice(b"\\u00");
            json.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

fn write_base64(bytes: &[u8], json: &mut Vec<u8>) {
    json.extend_from_slice(br#","data_base64":""#);
    let start = json.len();
    json.resize(start + bytes.len().div_ceil(3) * 4, 0);
    STANDARD.encode_slice(bytes, &mut json[start..]).expect("four characters for three bytes");
    json.push(b'"');
}
