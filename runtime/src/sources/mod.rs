//! Sources that make events out of what goes on elsewhere. Those that fire by the clock are in [`ping`](crate::ping), and
//! those that read topics are channels.
//!
//! - [`outlet`]: where a source puts its events, and how one is stored there.
//! - [`container`]: programs that send events, kept running.
//! - [`poll`]: URLs that are asked now and then.
//! - [`file_watch`]: folders, and the files that come and go there.
//! - [`tasks`]: those of one type, each in a task that follows the configuration.

pub(crate) mod container;
pub(crate) mod file_watch;
mod outlet;
pub(crate) mod poll;
mod tasks;

pub(crate) use outlet::{Fired, Outlet, StoreError};
