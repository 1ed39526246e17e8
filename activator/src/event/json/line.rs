//! JSON lines: one event in one line, as `stdio` functions read and write them.

use alloc::vec::Vec;
use bytes::Bytes;

use super::encode::{Data, Form};
use crate::event::{Event, EventError, Reply};

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
    super::decode(&text_of(line)?)
}

/// The event in one line that somebody answered with, which may lack an id.
///
/// # Errors
/// As [`decode_line`].
pub fn decode_reply_line(line: &Bytes) -> Result<Reply, EventError> {
    super::decode_reply(&text_of(line)?)
}

/// What a line holds, without its ending.
fn text_of(line: &Bytes) -> Result<Bytes, EventError> {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if memchr::memchr2(b'\n', b'\r', text).is_some() {
        return Err(EventError::Lines);
    }
    Ok(line.slice_ref(text))
}
