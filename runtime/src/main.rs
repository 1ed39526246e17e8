//! hydrant: a serverless function runtime with scale-to-zero, for a folder of binaries.
//!
//! The `activator` crate is the mind; this program is the body, dull on purpose. [`driver`] is the one loop that
//! joins them. See ARCHITECTURE.md.

mod admin;
mod alike;
mod bench;
mod channel;
mod cli;
mod config;
mod dispatch;
mod driver;
mod event_id;
mod history;
mod ingress;
mod knative;
mod letters;
mod logs;
mod ping;
mod process;
mod rewrite;
mod serve;
mod sources;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
