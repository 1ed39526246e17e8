//! `hydrant history`: the events that are remembered, and how each ended.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use hyper::Method;

use super::completions;
use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::http::encode;
use super::output::{self, one_line};
use super::table::{Row, table};
use super::which::Which;
use crate::history::view;

const HEADINGS: [&str; 7] = ["ARRIVED", "EVENT", "TYPE", "SOURCE", "CHANNEL", "OUTCOME", "TRIGGERS"];
/// Characters of an id, type or source that are shown; `-o wide` shows all.
const TEXT_MAX: usize = 40;

/// List events of the past, the newest first, and how each ended
///
/// What is recent, and what the state folder keeps of the time before: `history` in `[runtime]` says how much. `explain ID`
/// tells the rest of one. Exit code 0, also when there is none.
#[derive(Debug, Args)]
pub(super) struct History {
    /// Only events with this id
    id: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Only events that this trigger, subscription or source had
    #[arg(long, value_name = "NAME", add = completions::triggers())]
    trigger: Option<String>,
    /// Only events whose worst delivery ended so
    #[arg(long, conflicts_with = "failed")]
    outcome: Option<view::Outcome>,
    /// The newest so many, at most 1000
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    last: usize,
}

impl History {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let target = self.target()?;
        let daemon = Daemon::find(global).await?;
        let rows: Vec<view::Row> = daemon.ask(Method::GET, &target).await??;
        if global.is_json() {
            rows.iter().try_for_each(output::json)?;
        } else if rows.is_empty() {
            global.talk("no event that is remembered is meant");
        } else {
            output::data(text(&rows, global.is_wide()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn target(&self) -> Result<String, Failure> {
        let outcome =
            self.outcome.and_then(|outcome| Some(outcome.to_possible_value()?.get_name().to_owned()));
        let texts = [
            ("id", self.id.clone()),
            ("source", self.which.source.clone()),
            ("trigger", self.trigger.clone()),
            ("filter", self.which.filter.clone()),
            ("channel", self.which.channel.clone()),
            ("partition", self.which.partition.map(|partition| partition.to_string())),
            ("from_offset", self.which.offsets.map(|(first, _)| first.to_string())),
            ("to_offset", self.which.offsets.map(|(_, last)| last.to_string())),
            ("since", self.which.since()?),
            ("until", self.which.until()?),
            ("outcome", outcome),
        ];
        let mut target = format!("/api/v1/events?limit={}&failed={}", self.last, self.which.failed);
        for (key, text) in texts {
            target.extend(text.map(|text| format!("&{key}={}", encode(&text))));
        }
        Ok(target)
    }
}

fn text(rows: &[view::Row], is_wide: bool) -> String {
    let shown = |text: &str| one_line(text, if is_wide { usize::MAX } else { TEXT_MAX });
    let rows = rows.iter().map(|row| Row {
        cells: vec![
            row.arrived.clone(),
            shown(&row.id),
            shown(&row.ty),
            shown(&row.source),
            row.channel.clone(),
            row.outcome.text().to_owned(),
            row.triggers.join(", "),
        ],
        remark: None,
    });
    table(&HEADINGS, &rows.collect::<Vec<_>>())
}
