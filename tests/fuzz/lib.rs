//! The bodies of the fuzz targets are those of the tests that replay the corpus and generate inputs. What they note
//! for the tests is the fuzzer's to find out by itself.

#[path = "../../activator/tests/fuzz/bodies/mod.rs"]
mod bodies;

use bodies::{Body, cesql, filter, message, stored};

/// An expression, with an event behind a line of three dashes.
pub fn cesql(input: &[u8]) {
    feed(cesql::run, input);
}

/// Filters and events in lines.
pub fn filter(input: &[u8]) {
    feed(filter::run, input);
}

/// An HTTP message.
pub fn http(input: &[u8]) {
    feed(message::http, input);
}

/// An event in JSON, or several.
pub fn json(input: &[u8]) {
    feed(message::json, input);
}

/// A Kafka record.
pub fn kafka(input: &[u8]) {
    feed(message::kafka, input);
}

/// A block of attributes.
pub fn stored(input: &[u8]) {
    feed(stored::run, input);
}

fn feed(body: Body, input: &[u8]) {
    body(input, &mut |_| {});
}
