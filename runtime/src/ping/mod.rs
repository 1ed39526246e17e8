//! Ping sources: events at the times of a schedule, Knative's PingSource.
//!
//! [`Schedule`] knows the times, [`rota`] which of them is next, what was missed and what is not fired twice, both without
//! a clock; [`timer`] waits for the wall clock, one for all sources. A firing is an event in a channel, and is over when it
//! is stored there: what is done with it then is nobody's business here.

mod book;
mod fields;
mod rota;
mod schedule;
mod source;
mod task;
mod timer;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use schedule::{Schedule, ScheduleError, zone};
pub(crate) use source::{Missed, Ping};
pub(crate) use task::run;
