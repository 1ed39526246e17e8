//! What every test needs: a project in a temporary folder, the runtime on it, and a way to talk to it.

pub(crate) mod group;
pub(crate) mod http;
pub(crate) mod kafka;
pub(crate) mod project;
pub(crate) mod pty;
pub(crate) mod runtime;
pub(crate) mod site;
pub(crate) mod wait;

pub(crate) use group::{group, group_needing, group_skipped};
pub(crate) use project::Project;
pub(crate) use runtime::Runtime;
pub(crate) use wait::{Ends, wait_for, wait_until};
