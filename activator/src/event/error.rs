//! Why something is not a CloudEvent, in words for who sent it.

use alloc::string::String;

use super::block::{COUNT_MAX, NAME_MAX, TEXT_MAX};

/// Why something is not a CloudEvent (CloudEvents 1.0, section 3 "Context Attributes", and the bindings). Names and
/// values of others are held as [`shown`], fit for a line of text.
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
    /// HTTP binding 3.1.3.2: `%` is followed by two hex digits.
    #[error("attribute `{0}` is not percent-encoded properly")]
    Percent(String),
    /// Section 3.1.2 "time": RFC 3339.
    #[error("attribute `time` is `{0}`: use an RFC 3339 time such as 2018-04-05T17:31:00Z")]
    Time(String),
    /// A version of the specification that is not understood.
    #[error("specversion `{0}` is not supported: use 1.0")]
    Specversion(String),
    /// An attribute in JSON that is neither string, number nor boolean.
    #[error("attribute `{0}` must be a string, an integer or a boolean")]
    Type(String),
    /// An attribute that the specification makes a string came as something else.
    #[error("attribute `{0}` must be a string")]
    NotString(&'static str),
    /// An event in binary mode names its media type by `content-type` alone.
    #[error("`ce-datacontenttype` is not allowed in binary mode: use `content-type`")]
    ContentType,
    /// The body is not the JSON format.
    #[error("not a JSON event: {0}")]
    Json(String),
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
