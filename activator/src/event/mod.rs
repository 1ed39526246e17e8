//! The CloudEvent as it travels through hydrant: attributes in one block, data beside it, both shared buffers.
//!
//! The bindings are pure functions from and to what the wire holds: [`http`], [`json`], [`kafka`]. They know
//! names and bytes, no HTTP or Kafka library. Values are kept as their canonical text; data is never touched.

mod attributes;
mod block;
mod builder;
mod error;
mod header;
mod headers;
pub mod http;
mod identity;
pub mod json;
pub mod kafka;
mod media;
mod name;
mod reply;
mod rules;
pub(crate) mod short;
mod staging;
mod stored;
mod timestamp;
mod upgrade;
mod value;

use bytes::Bytes;

pub use attributes::Attributes;
pub use builder::Builder;
pub use error::EventError;
pub use headers::Headers;
pub use identity::Identity;
pub use name::Name;
pub use reply::Reply;
pub use value::{Kind, Value};

/// The one version of the specification that is stored; [`json`] and [`http`] speak it too.
pub const SPECVERSION: &str = "1.0";

/// A valid CloudEvent 1.0. A clone shares both buffers.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    attributes: Attributes,
    data: Bytes,
    headers: Headers,
}

impl Event {
    /// Starts a new event; see [`Builder`].
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// An event from a block that [`Attributes::block`] gave, as a channel stored it.
    ///
    /// # Errors
    /// When any part of the block does not hold, or a required attribute is not there.
    pub fn from_stored(block: Bytes, data: Bytes) -> Result<Self, EventError> {
        Ok(Self { attributes: Attributes::from_stored(block)?, data, headers: Headers::default() })
    }

    /// The attributes, without `specversion`.
    pub const fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// An attribute's value, `specversion` included.
    #[inline]
    pub fn value(&self, name: &Name) -> Option<Value<'_>> {
        self.attributes.value(name).or_else(|| specversion(name.as_str()))
    }

    /// An attribute's canonical text, `specversion` included.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).or_else(|| specversion(name).map(|value| value.text()))
    }

    pub(super) fn find(&self, name: &str) -> Option<Value<'_>> {
        self.attributes.find(name.as_bytes(), &name::Key::of(name.as_bytes()))
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

    /// The headers that travel with it.
    pub const fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The same event with these headers in place of those it had.
    #[must_use]
    pub fn with_headers(self, headers: Headers) -> Self {
        Self { headers, ..self }
    }

    /// Bytes it takes to store this event: those of its one block, of its headers and of its data.
    pub fn size(&self) -> usize {
        self.attributes.size() + self.headers.stored().len() + self.data.len()
    }

    /// The same event with `value` under `name`, whether or not the name was there before. The attributes it came
    /// with and the data are shared.
    ///
    /// # Errors
    /// When name or value are not allowed or do not fit; the event is unchanged then.
    pub fn with(&self, name: &str, value: &str) -> Result<Self, EventError> {
        let attributes = self.attributes.with(name, value)?;
        Ok(Self { attributes, data: self.data.clone(), headers: self.headers.clone() })
    }
}

/// Every event has it, so none stores it.
fn specversion(name: &str) -> Option<Value<'static>> {
    (name == "specversion").then_some(Value::new(SPECVERSION.as_bytes(), false))
}

impl core::fmt::Debug for Event {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_map().entries(self.attributes.values()).entry(&"data", &self.data.len()).finish()
    }
}

#[cfg(test)]
mod tests;
