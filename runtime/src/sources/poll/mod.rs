//! Sources that ask a URL now and then, and make an event when its body is another than the last.
//!
//! [`source`] is one as it is configured, with its request and its event; [`turn`] asks once, stores what is new, and only then
//! notes that in [`seen`], which outlives a restart. [`pace`] says how long it is left alone then, [`board`] how each stands, and
//! [`polling`] whose turn it is, by the timer of all sources.

mod board;
mod pace;
mod polling;
mod seen;
mod source;
mod turn;

pub(crate) use board::Board;
pub(crate) use polling::Polling;
pub(crate) use source::{Fetched, Headers, Poll};
pub(crate) use turn::ask;
