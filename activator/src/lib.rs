//! The mind of hydrant: every decision of a scale-to-zero function runtime, and no IO.
//!
//! Read [`Input`] and [`Effect`] and you know all that can happen and all that can be asked for. The
//! [`Activator`] speaks four verbs: [`handle`](Activator::handle), [`handle_timeout`](Activator::handle_timeout),
//! [`poll_timeout`](Activator::poll_timeout) and [`poll_effect`](Activator::poll_effect). `now` comes in as an
//! argument; there is no clock, thread, file, socket or randomness in here, and `no_std` is the proof.
//!
//! Floors, each using only what stands below: `time`, `id`, `event`, `cursor` - `filter`, `delivery`,
//! `lifecycle`, `scale` - `topology` - `effect`, `input` - `mind`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod cursor;
pub mod delivery;
pub mod effect;
pub mod event;
pub mod filter;
pub mod id;
pub mod input;
pub mod lifecycle;
mod mind;
pub mod scale;
pub mod time;
pub mod topology;

pub use effect::Effect;
pub use input::Input;
pub use mind::{Activator, FunctionPhase, Limits, State};
pub use time::Time;
