//! Messages: what a binding understands is an event that every binding gives back.
//!
//! An HTTP message is written `name: value`, one header a line, then an empty line and the body. A Kafka record is
//! written alike: its first line may be `key=..`, a line without a colon is a header that is null, and without an
//! empty line the value is null. JSON is JSON.

use bytes::Bytes;

use super::{Note, binding};

/// Reads the input as an HTTP message.
pub(crate) fn http(input: &[u8], note: Note<'_>) {
    let (headers, body) = split(input);
    let lower = |name: &[u8]| String::from_utf8_lossy(name).to_ascii_lowercase();
    let headers: Vec<(String, Vec<u8>)> =
        headers.into_iter().map(|(name, value)| (lower(name), value.unwrap_or_default().to_vec())).collect();
    let body = Bytes::copy_from_slice(body.unwrap_or_default());
    if let Some(event) = binding::from_http(&headers, body) {
        note("understood");
        binding::survives(&event);
    }
}

/// Reads the input as an event, a batch of events or a line in JSON.
pub(crate) fn json(input: &[u8], note: Note<'_>) {
    let input = Bytes::copy_from_slice(input);
    if let Some(event) = binding::from_json(&input) {
        note("understood");
        binding::survives(&event);
    }
    if let Some(events) = binding::from_batch(&input) {
        note("understood");
        events.iter().for_each(binding::survives);
    }
}

/// Reads the input as a Kafka record, which is an event whatever it is.
pub(crate) fn kafka(input: &[u8], note: Note<'_>) {
    let (key, rest) = key(input);
    let (headers, value) = split(rest);
    let event = binding::from_kafka(key, &headers, value.map(Bytes::copy_from_slice));
    note(if event.get("knativekafkaoffset").is_none() { "understood" } else { "about the record" });
    binding::survives(&event);
}

fn key(input: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(rest) = input.strip_prefix(b"key=") else { return (None, input) };
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    (Some(&rest[..end]), rest.get(end + 1..).unwrap_or_default())
}

type Headers<'i> = Vec<(&'i [u8], Option<&'i [u8]>)>;

/// Headers, and what follows the first empty line.
fn split(input: &[u8]) -> (Headers<'_>, Option<&[u8]>) {
    let mut headers = Vec::new();
    let mut rest = input;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let (line, behind) = (&rest[..end], rest.get(end + 1..).unwrap_or_default());
        if line.is_empty() {
            return (headers, Some(behind));
        }
        headers.push(header(line));
        rest = behind;
    }
    (headers, None)
}

fn header(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return (line, None) };
    let value = &line[colon + 1..];
    (&line[..colon], Some(value.strip_prefix(b" ").unwrap_or(value)))
}
