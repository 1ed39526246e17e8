//! `hydrant dlq`: the dead letters, one file per thing that is done with them.

mod drop;
mod edit;
mod export;
mod ls;
mod pages;
mod pretty;
mod retry;
mod select;
mod show;
mod text;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use hyper::Method;

use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::http::encode;
use crate::letters::LetterView;

/// Work with the dead letters: events that nobody could take
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub(super) struct Dlq {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Ls(ls::Ls),
    Show(show::Show),
    Retry(retry::Retry),
    Edit(edit::Edit),
    Drop(drop::DropLetters),
    Export(export::Export),
}

impl Dlq {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let daemon = Daemon::find(global).await?;
        match self.what {
            What::Ls(what) => what.run(global, &daemon).await,
            What::Show(what) => what.run(global, &daemon).await,
            What::Retry(what) => what.run(global, &daemon).await,
            What::Edit(what) => what.run(global, &daemon).await,
            What::Drop(what) => what.run(global, &daemon).await,
            What::Export(what) => what.run(global, &daemon).await,
        }
    }
}

/// One letter, by its name or the id of its event.
async fn letter(daemon: &Daemon, id: &str) -> Result<LetterView, Failure> {
    Ok(daemon.ask(Method::GET, &format!("/api/v1/dlq/{}", encode(id))).await??)
}

/// `1 dead letter`, `1 204 dead letters`.
fn letters(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} dead letter{plural}", super::output::count(count))
}
