//! Building an event: every rule of the specification about names, values and required attributes, in one place.

use alloc::{string::String, vec::Vec};
use bytes::Bytes;

use super::{Attributes, Event, REQUIRED, SPECVERSION, attributes};

/// Why something is not a CloudEvent (CloudEvents 1.0, section 3 "Context Attributes").
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A required attribute is not there.
    #[error("required attribute `{0}` is missing")]
    Missing(&'static str),
    /// A required attribute is there and empty.
    #[error("required attribute `{0}` is empty")]
    Empty(&'static str),
    /// Section 3.1: lower-case letters and digits only.
    #[error("attribute name `{0}` is not allowed: use 1 to 255 of a-z and 0-9")]
    Name(String),
    /// An attribute comes twice.
    #[error("attribute `{0}` appears twice")]
    Duplicate(String),
    /// Section 3.2 "String": control characters are not allowed.
    #[error("attribute `{0}` holds a control character")]
    Control(String),
    /// The value is not UTF-8.
    #[error("attribute `{0}` is not UTF-8")]
    Utf8(String),
    /// HTTP binding 3.1.3.2: `%` is followed by two hex digits.
    #[error("attribute `{0}` is not percent-encoded properly")]
    Percent(String),
    /// A version of the specification that is not understood.
    #[error("specversion `{0}` is not supported: use 1.0")]
    Specversion(String),
    /// An attribute in JSON that is neither string, number nor boolean.
    #[error("attribute `{0}` must be a string, an integer or a boolean")]
    Type(String),
    /// An event in binary mode names its media type by `content-type` alone.
    #[error("`ce-datacontenttype` is not allowed in binary mode: use `content-type`")]
    ContentType,
    /// The body is not the JSON format.
    #[error("not a JSON event: {0}")]
    Json(String),
    /// What is stored is not an attribute block.
    #[error("the stored attribute block is broken")]
    BrokenBlock,
    /// Neither `ce-` headers nor a CloudEvents media type.
    #[error(
        "no CloudEvent: send `ce-id`, `ce-source`, `ce-type` and `ce-specversion`, or `content-type: application/cloudevents+json`"
    )]
    NotAnEvent,
}

/// Collects attributes and checks each as it comes.
#[derive(Debug, Default)]
pub struct Builder {
    block: Vec<u8>,
}

impl Builder {
    /// Adds an attribute; `specversion` is checked and not stored.
    ///
    /// # Errors
    /// When the name is not allowed or there already, or the value holds what no attribute may.
    pub fn attribute(&mut self, name: &str, value: &str) -> Result<&mut Self, EventError> {
        if name == "specversion" {
            return if value == SPECVERSION { Ok(self) } else { Err(EventError::Specversion(value.into())) };
        }
        let name_len = u8::try_from(name.len()).map_err(|_| EventError::Name(name.into()))?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return Err(EventError::Name(name.into()));
        }
        if attributes::find(&self.block, name).is_some() {
            return Err(EventError::Duplicate(name.into()));
        }
        if value.chars().any(char::is_control) {
            return Err(EventError::Control(name.into()));
        }
        let value_len = u32::try_from(value.len()).map_err(|_| EventError::Control(name.into()))?;
        self.block.reserve(5 + name.len() + value.len());
        self.block.push(name_len);
        self.block.extend_from_slice(&value_len.to_le_bytes());
        self.block.extend_from_slice(name.as_bytes());
        self.block.extend_from_slice(value.as_bytes());
        Ok(self)
    }

    /// Whether the attribute was added already.
    pub fn has(&self, name: &str) -> bool {
        attributes::find(&self.block, name).is_some()
    }

    /// The event, when nothing required is missing.
    ///
    /// # Errors
    /// Names the first required attribute that is missing or empty.
    pub fn build(self, data: Bytes) -> Result<Event, EventError> {
        for name in REQUIRED {
            match attributes::find(&self.block, name) {
                None => return Err(EventError::Missing(name)),
                Some([]) => return Err(EventError::Empty(name)),
                Some(_) => {}
            }
        }
        Ok(Event { attributes: Attributes::trusted(self.block.into()), data })
    }
}
