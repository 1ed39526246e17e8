//! What this machine does, beside a floor measured in the same run.
//!
//! - [`channel`]: events through channels, beside raw writes, a relay and a pump.
//! - [`cold`]: from a call or an event to the first byte of a function that sleeps; [`stage`] runs it.
//! - [`starts`]: a cold start as its client sees it, many at once, and behind the walls of each isolation.
//! - [`warm`]: the same of one that is awake, beside a client that asks it itself.
//! - [`event`]: an event read and written in each binding, beside the [`sdk`].
//! - [`filter`]: matching an event; [`pace`] times it.
//! - [`idle`]: what a runtime costs in which everything sleeps; [`scan`]: how long it takes to find all of it.
//! - [`order`]: a backlog in order, and a fast trigger beside slow ones.
//! - [`reload`]: from a save to the first answer of what was saved.
//!
//! [`compare`] holds a figure to its floor and its target; [`cpu`] is what a process has used.

pub(crate) mod channel;
pub(crate) mod cold;
mod compare;
mod cpu;
pub(crate) mod event;
pub(crate) mod filter;
pub(crate) mod idle;
pub(crate) mod order;
mod pace;
pub(crate) mod reload;
mod sample;
pub(crate) mod scan;
mod scratch;
mod sdk;
mod stage;
pub(crate) mod starts;
pub(crate) mod warm;
