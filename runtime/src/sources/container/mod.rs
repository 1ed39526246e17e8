//! Sources that are programs, Knative's ContainerSource for a folder of binaries: each is kept running for as long as the
//! runtime runs, and posts its events to the address that it finds in its environment as `$K_SINK`.
//!
//! [`task`] follows the configuration, [`life`] is that of one program over all its starts, and [`board`] says how it goes.

mod board;
mod life;
mod output;
mod source;
mod task;

pub(crate) use board::{Board, Standing, State};
pub(crate) use source::Container;
pub(crate) use task::run;
