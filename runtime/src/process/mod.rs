//! Child processes: how a function's program is started, watched, stopped and reaped, and what it prints.
//!
//! - [`Spawner`]: one thread that starts children, never by a fork of this process; `birth` is what a child does first.
//! - [`Swap`]: a program that listens on `$PORT` by itself is given our listener instead.
//! - [`Child`]: a running one; its whole process group ends with it, and it is reaped whoever lets go of it.
//! - [`Listener`], [`PortHold`]: where a function takes requests: a socket it is given, or a `$PORT` it binds.
//! - [`Lines`], [`Collector`]: what functions print, line by line. [`Capture`]: a reply on stdout.
//!   [`Feed`]: what a child reads, and how far it has.
//! - [`Fence`], [`Limit`]: what a child may touch, and how much of the machine it may take.
//! - [`Groups`]: each child in a cgroup of its own, where we may have some: nothing that it starts outlives it.
//! - [`Theirs`]: a process that somebody else started; [`pass_listener`] gives it its listener, [`exec()`] runs it in the
//!   place of this one. [`edit()`]: an editor in a person's terminal.
//! - [`reader_gone`], [`terminal_size`], [`has_terminal`], [`Keys`]: a person's end of this program's own stdin and stdout.
//! - [`Lifeline`]: whether whoever started this program is there still.
//! - [`watch_strays`]: descendants that left their group end with the child they came from.
//! - [`offers`]: what of all this the machine offers.
//! - [`end_orphans`]: ends what a killed runtime left running; [`is_ending`]: whether it is on its way out itself. [`diagnose()`]: why a file cannot be started.
//!
//! Nothing in here decides when a process starts or stops. `birth`, `clone3`, `exec`, `heap`, `limits`, `notify`, `pass`, `room`, `signals` and
//! `sys` hold the system calls that have no safe wrapper, and are the only ones with `unsafe`.

mod birth;
mod capture;
mod cgroup;
mod child;
mod clone3;
mod command;
mod controllers;
mod diagnose;
mod edit;
mod elf;
mod ending;
mod exec;
mod feed;
mod heap;
mod journal;
mod lease;
mod lifeline;
mod limits;
mod lines;
mod listener;
mod listening;
mod notify;
mod offer;
mod open_files;
mod orphans;
mod output;
mod pass;
mod port;
mod private;
mod pump;
mod queue;
mod refusal;
mod room;
mod sandbox;
mod signals;
mod slice;
mod spawn;
mod strays;
mod swap;
mod sys;
mod terminal;
mod theirs;

#[cfg(test)]
mod tests;

pub(crate) use capture::{Capture, Captured};
pub(crate) use cgroup::Groups;
pub(crate) use child::{Child, Exit};
pub(crate) use command::{Command, Isolation, Stdin};
pub(crate) use controllers::Controllers;
pub(crate) use diagnose::diagnose;
pub(crate) use edit::edit;
pub(crate) use ending::is_ending;
pub(crate) use exec::exec;
pub(crate) use feed::Feed;
pub(crate) use heap::trim_memory;
pub(crate) use lease::{is_being_written, is_written_to};
pub(crate) use lifeline::Lifeline;
pub(crate) use limits::{Limit, What as Limited};
pub(crate) use lines::{Line, Lines, Stream};
pub(crate) use listener::{Listener, connect_to};
pub(crate) use listening::{cannot_listen, listening};
pub(crate) use offer::{Offer, offers};
pub(crate) use orphans::end_orphans;
pub(crate) use output::{Collector, Listener as OutputListener};
pub(crate) use pass::{pass_listener, receive_listener};
pub(crate) use port::PortHold;
pub(crate) use refusal::SpawnError;
pub(crate) use sandbox::Fence;
pub(crate) use spawn::Spawner;
pub(crate) use strays::{end_strays, watch_strays};
pub(crate) use swap::Swap;
pub(crate) use sys::watch_for;
pub(crate) use terminal::{Keys, has_terminal, reader_gone, terminal_size};
pub(crate) use theirs::Theirs;
