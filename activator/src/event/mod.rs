//! The CloudEvent as it travels through hydrant: attributes in one block, data beside it, both shared buffers.
//!
//! The bindings are pure functions from and to what the wire holds: [`http`], [`json`], [`kafka`]. They know
//! names and bytes, no HTTP or Kafka library. Values are kept as their canonical text; data is never touched.

mod attributes;
mod builder;
pub mod http;
pub mod json;
pub mod kafka;

use bytes::Bytes;

pub use attributes::Attributes;
pub use builder::{Builder, EventError};

/// The one version of the specification that is stored; [`json`] and [`http`] speak it too.
pub const SPECVERSION: &str = "1.0";

/// A valid CloudEvent 1.0. A clone shares both buffers.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    attributes: Attributes,
    data: Bytes,
}

impl Event {
    /// Starts a new event; see [`Builder`].
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// An event from a block that [`Attributes::block`] gave, as a channel stored it.
    ///
    /// # Errors
    /// When the block is not well-formed or lacks a required attribute.
    pub fn from_stored(block: Bytes, data: Bytes) -> Result<Self, EventError> {
        let attributes = Attributes::from_block(block)?;
        for name in REQUIRED {
            if attributes.get(name).is_none() {
                return Err(EventError::Missing(name));
            }
        }
        Ok(Self { attributes, data })
    }

    /// The attributes, without `specversion`.
    pub const fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// An attribute's canonical text, `specversion` included.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).or_else(|| (name == "specversion").then_some(SPECVERSION))
    }

    /// `id`: with `source`, what tells this event from all others.
    pub fn id(&self) -> &str {
        self.get("id").unwrap_or_default()
    }

    /// `source`: who produced it.
    pub fn source(&self) -> &str {
        self.get("source").unwrap_or_default()
    }

    /// `type`: what happened.
    pub fn ty(&self) -> &str {
        self.get("type").unwrap_or_default()
    }

    /// The data, byte for byte as it came.
    pub const fn data(&self) -> &Bytes {
        &self.data
    }

    /// Bytes this event holds on to.
    pub fn size(&self) -> usize {
        self.attributes.block().len() + self.data.len()
    }

    /// The same event with `value` under `name`, whether or not the name was there before. The data is shared.
    ///
    /// # Errors
    /// When name or value are not allowed; the event is unchanged then.
    pub fn with(&self, name: &str, value: &str) -> Result<Self, EventError> {
        let mut builder = Self::builder();
        for (kept, text) in self.attributes.iter().filter(|(kept, _)| *kept != name) {
            builder.attribute(kept, text)?;
        }
        builder.attribute(name, value)?;
        builder.build(self.data.clone())
    }
}

const REQUIRED: [&str; 3] = ["id", "source", "type"];

impl core::fmt::Debug for Event {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_map().entries(self.attributes.iter()).entry(&"data", &self.data.len()).finish()
    }
}

#[cfg(test)]
mod tests;
