//! Why something is not a CloudEvent, in words for who sent it.

use alloc::{boxed::Box, string::String};

use super::block::{COUNT_MAX, NAME_MAX, TEXT_MAX};

/// Why something is not a CloudEvent (CloudEvents 1.0, section 3 "Context Attributes", and the bindings). Names and
/// values of others are held as `shown`, fit for a line of text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A required attribute is not there.
    #[error("required attribute `{0}` is missing")]
    Missing(&'static str),
    /// An attribute that must not be empty is.
    #[error("attribute `{0}` is empty: leave it out, or give it a value")]
    Empty(&'static str),
    /// Section 3.1: lower-case letters and digits only.
    #[error("attribute name `{0}` is not allowed: use 1 to {NAME_MAX} of a-z and 0-9")]
    Name(String),
    /// The JSON format keeps the name for the data.
    #[error("`data` is no attribute name: it is what the JSON format calls the data")]
    Data,
    /// An attribute comes twice.
    #[error("attribute `{0}` appears twice")]
    Duplicate(String),
    /// More attributes than an event may have.
    #[error("more than {COUNT_MAX} attributes")]
    TooMany,
    /// More text than the attributes of an event may have.
    #[error("attribute `{0}` does not fit: the names and values of an event have at most {TEXT_MAX} bytes")]
    TooLong(String),
    /// Section 3.2 "String": control characters are not allowed.
    #[error("attribute `{0}` holds a control character")]
    Control(String),
    /// Section 3.2 "String": code points that Unicode never assigns are not allowed.
    #[error("attribute `{0}` holds a Unicode noncharacter")]
    Noncharacter(String),
    /// The value is not UTF-8.
    #[error("attribute `{0}` is not UTF-8")]
    Utf8(String),
    /// JSON can write half of a character.
    #[error("`{0}` holds half of a surrogate pair")]
    Surrogate(String),
    /// HTTP binding 3.1.3.2: `%` is followed by two hex digits.
    #[error("attribute `{0}` is not percent-encoded properly")]
    Percent(String),
    /// Section 3.1.2 "time": RFC 3339.
    #[error("attribute `time` is `{0}`: use an RFC 3339 time such as 2018-04-05T17:31:00Z")]
    Time(String),
    /// A version of the specification that is not understood.
    #[error("specversion `{0}` is not supported: use 1.0 (0.3 is upgraded)")]
    Specversion(String),
    /// Version 0.3 and 1.0 name the same thing differently.
    #[error("`{0}` and `{1}` are the same attribute: use one")]
    Both(&'static str, &'static str),
    /// Version 0.3, section "datacontentencoding".
    #[error("datacontentencoding `{0}` is not supported: use base64")]
    Encoding(String),
    /// What should be base64 is not.
    #[error("`{0}` is not a string of base64")]
    Base64(&'static str),
    /// An attribute in JSON that is neither string, number nor boolean.
    #[error("attribute `{name}` is {found}: use a string, an integer or a boolean")]
    Type {
        /// The attribute.
        name: String,
        /// What it is instead.
        found: &'static str,
    },
    /// Section 3.2 "Integer": a whole number of 32 bits.
    #[error("attribute `{name}` is {found}: use a whole number from -2147483648 to 2147483647, or a string")]
    Integer {
        /// The attribute.
        name: String,
        /// The number as it is written.
        found: String,
    },
    /// An attribute that the specification makes a string came as something else.
    #[error("attribute `{0}` must be a string")]
    NotString(&'static str),
    /// An event in binary mode names its media type by `content-type` alone.
    #[error("`ce-datacontenttype` is not allowed in binary mode: use `content-type`")]
    ContentType,
    /// The body is not JSON.
    #[error("not a JSON event: {what} at line {line} column {column}")]
    Json {
        /// What was expected, or is wrong.
        what: &'static str,
        /// The line, from 1 on.
        line: usize,
        /// The byte in the line, from 1 on.
        column: usize,
    },
    /// JSON format section 3.1: one of the two.
    #[error("`data` and `data_base64` exclude each other")]
    DataTwice,
    /// One of several events is not valid.
    #[error("event {number} of the batch: {reason}")]
    InBatch {
        /// Which one, from 1 on.
        number: usize,
        /// What is wrong with it.
        reason: Box<Self>,
    },
    /// Many events where one can be.
    #[error("one event can be here, and application/cloudevents-batch+json holds many")]
    Batch,
    /// More than one line where one event is one line.
    #[error("an event is one line, and here are more")]
    Lines,
    /// What is stored is not an attribute block.
    #[error("the stored attribute block is broken: {0}")]
    BrokenBlock(&'static str),
    /// Neither `ce-` headers nor a CloudEvents media type.
    #[error(
        "no CloudEvent: send `ce-id`, `ce-source`, `ce-type` and `ce-specversion`, or `content-type: application/cloudevents+json`"
    )]
    NotAnEvent,
}

/// The start of a foreign text, with what does not print escaped: a message stays one short line whatever it tells of.
pub(super) fn shown(text: &[u8]) -> String {
    const CHARS_MAX: usize = 64;
    let start = String::from_utf8_lossy(&text[..text.len().min(4 * CHARS_MAX)]);
    let cut = start.chars().count() > CHARS_MAX || text.len() > 4 * CHARS_MAX;
    let escaped = start.chars().take(CHARS_MAX).flat_map(char::escape_debug);
    escaped.chain(cut.then_some('…')).collect()
}
