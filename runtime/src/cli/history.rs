//! `hydrant history`: the events that are remembered, and how each ended.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use hyper::Method;

use super::completions;
use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::http::encode;
use super::output::{self, clock, one_line};
use super::table::{self, Row, table};
use super::which::Which;
use crate::history::view;

const HEADINGS: [&str; 7] = ["ARRIVED", "EVENT", "TYPE", "SOURCE", "CHANNEL", "OUTCOME", "TRIGGERS"];
/// Their order where there is no room for all.
const NARROW: [usize; 7] = [0, 5, 2, 6, 1, 4, 3];
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
            let columns = output::columns().filter(|_| !global.is_wide());
            output::data(text(&rows, global.is_wide(), columns))?;
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

/// Where a terminal has no room for all, what it came to is told first, and the time without its day.
fn text(rows: &[view::Row], is_wide: bool, columns: Option<usize>) -> String {
    let shown = |text: &str| one_line(text, if is_wide { usize::MAX } else { TEXT_MAX });
    let cells = |row: &view::Row| {
        let (id, ty, source) = (shown(&row.id), shown(&row.ty), shown(&row.source));
        let outcome = row.outcome.text().to_owned();
        vec![row.arrived.clone(), id, ty, source, row.channel.clone(), outcome, row.triggers.join(", ")]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let whole = table(&HEADINGS, &rows.iter().map(|cells| of(cells.clone())).collect::<Vec<_>>());
    let Some(columns) = columns.filter(|&columns| whole.lines().any(|line| line.chars().count() > columns))
    else {
        return whole;
    };
    let headings = NARROW.map(|column| HEADINGS[column]);
    let narrow = |cells: &Vec<String>| {
        let mut cells: Vec<String> = NARROW.map(|column| cells[column].clone()).into();
        cells[0] = clock(&cells[0]);
        of(cells)
    };
    table::shown(&headings, &rows.iter().map(narrow).collect::<Vec<_>>(), Some(columns))
}

fn of(cells: Vec<String>) -> Row {
    Row { cells, remark: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_terminal_has_what_it_came_to_and_no_row_wraps() {
        let row = view::Row {
            id: "01JD3".repeat(6),
            ty: "order.created".into(),
            source: "/shop".into(),
            subject: None,
            time: None,
            channel: "broker/default".into(),
            partition: 0,
            offset: 7,
            arrived: "2026-11-26T20:00:16.983102Z".into(),
            outcome: view::Outcome::DeadLetter,
            triggers: vec!["bill".into()],
        };
        let rows = [row];
        for columns in [1, 9, 40, 80, 300] {
            let text = text(&rows, false, Some(columns));
            assert_eq!(text.lines().count(), 2, "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= columns), "{columns}:\n{text}");
        }
        let narrow = text(&rows, false, Some(40));
        assert_eq!(narrow, "ARRIVED    OUTCOME      TYPE\n20:00:16Z  dead letter  order.created\n");
        assert_eq!(text(&rows, false, Some(300)), text(&rows, false, None));
    }
}
