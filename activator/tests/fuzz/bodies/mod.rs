//! What is held for every input, whoever thought of it: the fuzzer, the corpus, or a generator.
//!
//! A body takes bytes and panics when something does not hold; it notes how far the bytes got, so that whoever feeds
//! it can tell that they got anywhere. The crate of the fuzzer, tests/fuzz, includes this folder as it is.
//!
//! - [`cesql`], [`filter`], [`message`] (HTTP, JSON and Kafka), [`stored`]: the bodies.
//! - [`lines`]: how events are written in inputs that people can read.
//! - [`binding`]: every call of a binding, and what an event must survive.

mod binding;
pub(crate) mod cesql;
pub(crate) mod filter;
pub(crate) mod lines;
pub(crate) mod message;
pub(crate) mod stored;

/// Hears how far an input got, in a word.
pub(crate) type Note<'n> = &'n mut dyn FnMut(&'static str);

/// What is held for every input.
pub(crate) type Body = fn(&[u8], Note<'_>);
