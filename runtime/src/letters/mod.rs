//! The built-in dead letters, as people work with them: which are open, read from their channel and kept up with it, and
//! which are done with, stored as that channel's progress. The activator neither reads that channel nor commits to it.
//!
//! - [`id`]: what a letter is called. [`facts`]: what its extensions say, and the event without them.
//! - [`index`]: what is known of the open ones in memory; the events stay in the channel. [`cases`]: whose, and why.
//! - [`selection`]: which are meant. [`view`]: what people see of them.
//! - [`desk`]: the handle; [`follow`]: how it is kept up with the channel.
//!
//! A letter is done only when that is stored, and stored only when what follows from it is. Nothing here delivers.

mod cases;
mod desk;
mod facts;
mod follow;
mod id;
mod index;
mod selection;
mod view;

#[cfg(test)]
mod tests;

pub(crate) use desk::{Desk, DeskError, Read, Taken};
pub(crate) use facts::{cleaned, redriven, redrives, stamped, subscription};
pub(crate) use id::LetterId;
pub(crate) use selection::Selection;
pub(crate) use view::{GroupView, LetterView};

/// A letter that was sent again so often is left out where it is not named itself: what is sent in a circle would go
/// on for ever.
pub(crate) const REDRIVES_MAX: u32 = 3;
