//! `hydrant dlq drop`: dead letters that nobody wants any more. It asks first.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;
use hyper::Method;

use super::super::daemon::Daemon;
use super::super::exit::Failure;
use super::super::global::Global;
use super::super::http::encode;
use super::super::output;
use super::select::{self, Select};
use super::{letters, ls};
use crate::admin::Dropped;

/// Drop dead letters: they are gone for good
#[derive(Debug, Args)]
pub(super) struct DropLetters {
    /// The letters (d17), or the ids of their events
    #[arg(value_name = "LETTER")]
    ids: Vec<String>,
    #[command(flatten)]
    select: Select,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl DropLetters {
    pub(super) async fn run(self, global: &Global, daemon: &Daemon) -> Result<ExitCode, Failure> {
        select::check(&self.ids, &self.select, self.all)?;
        if !self.yes {
            let Some(question) = self.question(daemon).await? else {
                global.talk(&format!("no dead letters{}", self.select.text()));
                return Ok(ExitCode::SUCCESS);
            };
            ask(&question)?;
        }
        let dropped = match self.ids.is_empty() {
            true => {
                let order = self.select.order(self.all);
                let answer: Dropped = daemon.ask_with(Method::POST, "/api/v1/dlq/drop", &order).await??;
                answer.dropped
            }
            false => self.drop_named(daemon).await?,
        };
        if global.is_json() {
            output::json(&Dropped { dropped })?;
        } else {
            output::data(format!("{} dropped\n", letters(dropped)))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn drop_named(&self, daemon: &Daemon) -> Result<u64, Failure> {
        let mut dropped = 0;
        for id in &self.ids {
            let target = format!("/api/v1/dlq/{}/drop", encode(id));
            let answer: Dropped = daemon.ask(Method::POST, &target).await??;
            dropped += answer.dropped;
        }
        Ok(dropped)
    }

    /// Nothing when there is nothing to drop.
    async fn question(&self, daemon: &Daemon) -> Result<Option<String>, Failure> {
        if !self.ids.is_empty() {
            return Ok(Some(format!("drop {}?", self.ids.join(", "))));
        }
        let count = ls::groups(daemon, &self.select).await?.iter().map(|group| group.count).sum();
        Ok((count > 0).then(|| format!("drop {}{}?", letters(count), self.select.text())))
    }
}

/// Fails unless somebody says yes.
fn ask(question: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        let message = format!("{question} there is nobody to ask");
        return Err(Failure::usage(message).help("--yes drops without asking"));
    }
    let mut answer = String::new();
    // Who cannot read the question says no.
    let _ = write!(io::stderr(), "{question} they are gone for good [y/N] ");
    let read = io::stdin().lock().read_line(&mut answer);
    match (read, answer.trim().to_ascii_lowercase().as_str()) {
        (Ok(_), "y" | "yes") => Ok(()),
        _ => Err(Failure::failed("nothing was dropped")),
    }
}
