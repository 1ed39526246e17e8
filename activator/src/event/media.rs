//! Media types (RFC 2046), as far as they tell how to read a message and its data.

/// The media type of structured mode.
pub(super) const STRUCTURED: &str = "application/cloudevents+json";
/// The media type of batched mode.
pub(super) const BATCH: &str = "application/cloudevents-batch+json";

/// What a message holds, as its headers tell (section 3 "Message Mapping" of the HTTP and the Kafka binding).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Attributes are headers, the body is the data.
    Binary,
    /// The body is one event in the JSON format.
    Structured,
    /// The body is an array of events in the JSON format.
    Batch,
}

impl Mode {
    /// The mode that a content type and attributes among the headers speak of; none is no event.
    pub(super) fn of(content_type: Option<&[u8]>, has_attributes: bool) -> Option<Self> {
        let media_type = essence(content_type.unwrap_or_default());
        if media_type.eq_ignore_ascii_case(STRUCTURED.as_bytes()) {
            Some(Self::Structured)
        } else if media_type.eq_ignore_ascii_case(BATCH.as_bytes()) {
            Some(Self::Batch)
        } else {
            has_attributes.then_some(Self::Binary)
        }
    }
}

/// Whether data of a media type is JSON (JSON format 3.1): its subtype is `json`, or ends with `+json`.
pub(super) fn is_json(media_type: &[u8]) -> bool {
    let media_type = essence(media_type);
    let subtype = memchr::memchr(b'/', media_type).map_or(&[][..], |slash| &media_type[slash + 1..]);
    let end = subtype.len().checked_sub(b"+json".len()).map_or(subtype, |at| &subtype[at..]);
    subtype.eq_ignore_ascii_case(b"json") || end.eq_ignore_ascii_case(b"+json")
}

/// The media type without its parameters.
fn essence(content_type: &[u8]) -> &[u8] {
    let end = memchr::memchr(b';', content_type).unwrap_or(content_type.len());
    content_type[..end].trim_ascii()
}
