//! What this machine does, beside a floor measured in the same run.
//!
//! - [`channel`]: events through channels, beside raw writes, a relay and a pump.
//! - [`cold`]: from a call or an event to the first byte of a function that sleeps; [`stage`] runs it.
//! - [`warm`]: the same of one that is awake, beside a client that asks it itself.
//! - [`event`]: an event read and written in each binding, beside the [`sdk`].
//! - [`filter`]: matching an event; [`pace`] times it.
//! - [`idle`]: what a runtime costs in which everything sleeps.

pub(crate) mod channel;
pub(crate) mod cold;
pub(crate) mod event;
pub(crate) mod filter;
pub(crate) mod idle;
mod pace;
mod sample;
mod scratch;
mod sdk;
mod stage;
pub(crate) mod warm;
