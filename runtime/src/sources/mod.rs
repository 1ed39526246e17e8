//! Sources that make events out of what goes on elsewhere. Those that fire by the clock are in [`ping`](crate::ping), and
//! those that read topics are channels.
//!
//! - [`outlet`]: where a source puts its events, and how one is stored there.
//! - [`container`]: programs that send events, kept running.
//! - [`poll`]: URLs that are asked now and then.

pub(crate) mod container;
mod outlet;
pub(crate) mod poll;

pub(crate) use outlet::{Fired, Outlet, StoreError};
