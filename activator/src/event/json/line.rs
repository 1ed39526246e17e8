//! JSON lines: one event in one line, as `stdio` functions read and write them.

use alloc::vec::Vec;
use bytes::Bytes;

use super::encode::{Data, Form};
use crate::event::{Event, EventError};

/// The event in one line that ends with a newline, and has no other.
pub fn encode_line(event: &Event) -> Vec<u8> {
    let form = Form::of(event);
    let mut line = Vec::with_capacity(form.size() + 1);
    form.write(&mut line);
    if matches!(form.data, Data::Json(_)) {
        // In strings newlines are escaped, so those that are left are white space between the tokens of the data.
        for byte in &mut line {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    line.push(b'\n');
    line
}

/// The event in one line, with or without its ending.
///
/// # Errors
/// As [`decode`](super::decode()), and when there is more than one line.
pub fn decode_line(line: &Bytes) -> Result<Event, EventError> {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if memchr::memchr2(b'\n', b'\r', text).is_some() {
        return Err(EventError::Lines);
    }
    super::decode(&line.slice_ref(text))
}
