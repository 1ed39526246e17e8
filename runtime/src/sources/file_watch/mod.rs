//! Sources that watch a folder: an event when a file in it is complete, and when it is gone.
//!
//! What is to be told is always found in the same way, at the start, at a notice of the watch and when somebody asks: the
//! [`folder`] is compared with the [`book`] of what was told before. So nothing depends on how many notices came, or on
//! whether anybody looked meanwhile. [`task`] follows the configuration, [`life`] is that of one source, [`board`] says how
//! it goes.

mod board;
mod book;
mod folder;
mod life;
mod pattern;
mod source;
mod stamp;
mod task;

#[cfg(test)]
mod tests;

pub(crate) use board::Board;
pub(crate) use pattern::Pattern;
pub(crate) use source::{FileWatch, Occasion};
pub(crate) use task::run;
