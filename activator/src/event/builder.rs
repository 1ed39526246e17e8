//! Building an event: attributes are checked as they come, and laid out in one block at the end.

use bytes::Bytes;
use smallvec::SmallVec;

use super::block::{self, COUNT_MAX, Head, TEXT_MAX};
use super::error::shown;
use super::rules::{self, REQUIRED};
use super::{Attributes, Event, EventError, SPECVERSION, Value, name::signature, short};

/// Collects attributes and checks each as it comes. Those of a usual event wait on the stack.
#[derive(Debug, Default)]
pub struct Builder {
    text: SmallVec<[u8; 512]>,
    heads: SmallVec<[Head; 16]>,
}

impl Builder {
    /// Adds an attribute that is a string; `specversion` is checked and not stored.
    ///
    /// # Errors
    /// When the name is not allowed or there already, the value holds what no attribute may, or there is no room.
    pub fn attribute(&mut self, name: &str, value: &str) -> Result<&mut Self, EventError> {
        if name == "specversion" {
            let known = value == SPECVERSION;
            return if known { Ok(self) } else { Err(EventError::Specversion(shown(value.as_bytes()))) };
        }
        rules::check_name(name.as_bytes())?;
        rules::check_text(name.as_bytes(), value)?;
        self.add(name.as_bytes(), Value::new(value.as_bytes(), false))
    }

    /// Adds an attribute that is a whole number (section 3.2 "Integer").
    ///
    /// # Errors
    /// As [`attribute`](Self::attribute), and when the specification makes it a string.
    pub fn integer(&mut self, name: &str, value: i32) -> Result<&mut Self, EventError> {
        self.typed(name, &alloc::format!("{value}"))
    }

    /// Adds an attribute that is true or false (section 3.2 "Boolean").
    ///
    /// # Errors
    /// As [`attribute`](Self::attribute), and when the specification makes it a string.
    pub fn boolean(&mut self, name: &str, value: bool) -> Result<&mut Self, EventError> {
        self.typed(name, if value { "true" } else { "false" })
    }

    fn typed(&mut self, name: &str, text: &str) -> Result<&mut Self, EventError> {
        if name == "specversion" {
            return Err(EventError::NotString("specversion"));
        }
        rules::check_name(name.as_bytes())?;
        self.add(name.as_bytes(), Value::new(text.as_bytes(), true))
    }

    /// Adds an attribute whose name and text are good.
    fn add(&mut self, name: &[u8], value: Value<'_>) -> Result<&mut Self, EventError> {
        rules::check_known(name, value.bytes(), value.is_typed())?;
        let signature = signature(name);
        if self.find(name, signature).is_some() {
            return Err(EventError::Duplicate(shown(name)));
        }
        self.push(name, value, signature)
    }

    /// Adds an attribute that is known to be good and new.
    pub(super) fn push(
        &mut self,
        name: &[u8],
        value: Value<'_>,
        signature: u8,
    ) -> Result<&mut Self, EventError> {
        if self.heads.len() == COUNT_MAX {
            return Err(EventError::TooMany);
        }
        let too_long = || EventError::TooLong(shown(name));
        if self.text.len() + name.len() + value.bytes().len() > TEXT_MAX {
            return Err(too_long());
        }
        let start = u16::try_from(self.text.len()).map_err(|_| too_long())?;
        let length = u8::try_from(name.len()).map_err(|_| too_long())?;
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(value.bytes());
        self.heads.push(Head::new(start, length, value.is_typed(), signature));
        Ok(self)
    }

    /// Whether the attribute was added already.
    pub fn has(&self, name: &str) -> bool {
        self.find(name.as_bytes(), signature(name.as_bytes())).is_some()
    }

    fn find(&self, name: &[u8], signature: u8) -> Option<usize> {
        let named = |head: &Head| {
            let start = usize::from(head.start);
            head.signature == signature && short::equal(&self.text[start..start + head.name_len()], name)
        };
        self.heads.iter().position(named)
    }

    /// The event, when nothing required is missing.
    ///
    /// # Errors
    /// Names the first required attribute that is missing.
    pub fn build(self, data: Bytes) -> Result<Event, EventError> {
        for name in REQUIRED {
            if !self.has(name) {
                return Err(EventError::Missing(name));
            }
        }
        Ok(Event { attributes: Attributes::trusted(self.block()), data })
    }

    /// What was added, whether or not it makes an event.
    pub(super) fn block(&self) -> Bytes {
        block::write(&self.text, &self.heads)
    }
}
