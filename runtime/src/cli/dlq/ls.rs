//! `hydrant dlq ls`: which there are, one by one or counted.

use std::process::ExitCode;

use clap::Args;
use hyper::Method;
use jiff::Timestamp;

use super::super::daemon::Daemon;
use super::super::exit::Failure;
use super::super::global::Global;
use super::super::output;
use super::pages::Pages;
use super::select::Select;
use super::{letters, text};
use crate::letters::GroupView;

/// What is shown to people who do not say how much.
const LIMIT: usize = 100;

/// List the dead letters, the oldest first
#[derive(Debug, Args)]
pub(super) struct Ls {
    #[command(flatten)]
    select: Select,
    /// Count them by trigger and reason
    #[arg(long)]
    group: bool,
    /// At most so many [default: 100 in text, all in json]
    #[arg(short = 'n', long, value_name = "COUNT", conflicts_with = "group")]
    limit: Option<usize>,
}

impl Ls {
    pub(super) async fn run(self, global: &Global, daemon: &Daemon) -> Result<ExitCode, Failure> {
        match (self.group, global.is_json()) {
            (true, _) => self.groups(global, daemon).await?,
            (false, true) => self.lines(daemon).await?,
            (false, false) => self.table(global, daemon).await?,
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn groups(&self, global: &Global, daemon: &Daemon) -> Result<(), Failure> {
        let groups = groups(daemon, &self.select).await?;
        if global.is_json() {
            return groups.iter().try_for_each(output::json);
        }
        if groups.is_empty() {
            global.talk(&self.none());
            return Ok(());
        }
        output::data(text::groups(&groups, Timestamp::now()))
    }

    async fn lines(&self, daemon: &Daemon) -> Result<(), Failure> {
        let mut pages = Pages::new(daemon, &self.select, false, self.limit);
        while let Some(page) = pages.next().await? {
            page.iter().try_for_each(output::json)?;
        }
        Ok(())
    }

    async fn table(&self, global: &Global, daemon: &Daemon) -> Result<(), Failure> {
        let mut pages = Pages::new(daemon, &self.select, false, Some(self.limit.unwrap_or(LIMIT)));
        let mut shown = Vec::new();
        while let Some(page) = pages.next().await? {
            shown.extend(page);
        }
        if shown.is_empty() {
            global.talk(&self.none());
            return Ok(());
        }
        output::data(text::list(&shown, Timestamp::now(), global.is_wide()))?;
        let all: u64 = groups(daemon, &self.select).await?.iter().map(|group| group.count).sum();
        if all > shown.len() as u64 {
            let more = format!("-n {all} shows all, --group counts them by trigger and reason");
            global.talk(&format!("{} of {}; {more}", shown.len(), letters(all)));
        }
        Ok(())
    }

    fn none(&self) -> String {
        format!("no dead letters{}", self.select.text())
    }
}

pub(super) async fn groups(daemon: &Daemon, select: &Select) -> Result<Vec<GroupView>, Failure> {
    let target = format!("/api/v1/dlq/groups?{}", select.query());
    Ok(daemon.ask(Method::GET, target.trim_end_matches(['?', '&'])).await??)
}
