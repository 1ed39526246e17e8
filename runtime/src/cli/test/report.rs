//! What a run of fixtures came to: a line each, what differs below it, and a summary.

use std::process::ExitCode;

use hyper::Method;
use serde::Serialize;
use serde_json::Value;

use super::super::daemon::Daemon;
use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::http::encode;
use super::super::output::{self, count, one_line, time};
use super::compare::Difference;
use crate::admin::LogLine;

/// Characters of a value that are shown; `-o wide` shows all.
const VALUE_MAX: usize = 200;
/// Lines that were printed about an event, of which the last are shown.
const LINES_MAX: usize = 10;

/// Of one fixture; the object of `-o json`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) fixture: String,
    /// Of the event.
    pub(super) id: String,
    pub(super) result: Ending,
    pub(super) ms: f64,
    pub(super) differences: Vec<Difference>,
    /// Why it could not be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ending {
    Ok,
    Failed,
    /// It differed, and what came is expected from now on.
    Updated,
}

impl Report {
    pub(super) async fn tell(&self, global: &Global, daemon: &Daemon) -> Result<(), Failure> {
        if global.is_json() {
            return output::json(self);
        }
        let mut text = self.text(if global.is_wide() { usize::MAX } else { VALUE_MAX });
        if self.result == Ending::Failed {
            text += &printed(daemon, &self.id).await?;
        }
        output::data(text)
    }

    fn text(&self, chars_max: usize) -> String {
        let result = match self.result {
            Ending::Ok => "ok",
            Ending::Failed => "FAILED",
            Ending::Updated => "updated",
        };
        let mut text = format!("{result:<8} {}  {}\n", self.fixture, time(self.ms));
        text.extend(self.error.iter().map(|error| format!("  {error}\n")));
        for Difference { path, expected, got, why } in &self.differences {
            let shown = |value: &Option<Value>| match value {
                Some(value) => one_line(&value.to_string(), chars_max),
                None => "nothing".to_owned(),
            };
            text += &format!("  {path}\n    expected  {}\n    got       {}\n", shown(expected), shown(got));
            text.extend(why.iter().map(|why| format!("    because   {}\n", one_line(why, chars_max))));
        }
        text
    }
}

/// What functions printed about the event.
async fn printed(daemon: &Daemon, id: &str) -> Result<String, Failure> {
    let target = format!("/api/v1/logs?limit={LINES_MAX}&id={}", encode(id));
    let lines: Vec<LogLine> = daemon.ask(Method::GET, &target).await??;
    let mark = |line: &LogLine| if line.stream == "stderr" { '!' } else { '|' };
    let line =
        |line: &LogLine| format!("  {} {} {}\n", line.function, mark(line), output::printable(&line.text));
    Ok(lines.iter().map(line).collect())
}

/// How many there were of each.
#[derive(Default)]
pub(super) struct Tally {
    ok: u64,
    failed: u64,
    updated: u64,
}

impl Tally {
    pub(super) fn count(&mut self, report: &Report) {
        *match report.result {
            Ending::Ok => &mut self.ok,
            Ending::Failed => &mut self.failed,
            Ending::Updated => &mut self.updated,
        } += 1;
    }

    pub(super) fn tell(&self, global: &Global) -> Result<ExitCode, Failure> {
        if global.is_json() {
            global.talk(&self.text());
        } else {
            output::data(self.text() + "\n")?;
        }
        Ok(if self.failed == 0 { ExitCode::SUCCESS } else { Exit::Failed.into() })
    }

    fn text(&self) -> String {
        let mut text = format!("{} ok, {} FAILED", count(self.ok), count(self.failed));
        if self.updated > 0 {
            text += &format!(", {} updated", count(self.updated));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_stands_below_its_fixture() {
        let difference = Difference {
            path: "outcome".into(),
            expected: Some("delivered".into()),
            got: None,
            why: Some("exit 1".into()),
        };
        let report = Report {
            fixture: "fixtures/bill/01-t.json".into(),
            id: "1".into(),
            result: Ending::Failed,
            ms: 12.34,
            differences: vec![difference],
            error: None,
        };
        let expected = "\
FAILED   fixtures/bill/01-t.json  12.3 ms
  outcome
    expected  \"delivered\"
    got       nothing
    because   exit 1
";
        assert_eq!(report.text(VALUE_MAX), expected);
        let tally = Tally { ok: 2, failed: 0, updated: 1 };
        assert_eq!(tally.text(), "2 ok, 0 FAILED, 1 updated");
    }
}
