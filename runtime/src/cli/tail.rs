//! `hydrant tail`: events with their verdicts, as they are over.

use std::ops::ControlFlow::Continue;
use std::process::ExitCode;

use clap::Args;

use super::completions;
use super::daemon::Daemon;
use super::exit::Failure;
use super::format::Format;
use super::global::Global;
use super::http::encode;
use super::output::{self, clock, one_line, time};
use super::table::cut;
use super::{live, which};
use crate::history::view::{Ended, Outcome};

/// Characters of an id or type that are shown; `-o wide` shows all.
const TEXT_MAX: usize = 40;

/// Show events with their verdicts, as they are over: a line for an event and a trigger
///
/// An event that no trigger takes has a line, too. Of more lines a second than `--rate` some are shown, and stderr tells of
/// how many. Ends with Ctrl-C (exit code 130), when nobody reads it any more (0), or when the runtime is gone (4).
#[derive(Debug, Args)]
pub(super) struct Tail {
    /// Only events that this CESQL expression matches
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    filter: Option<String>,
    /// Begin with the newest so many lines of the past, at most 10000
    #[arg(short = 'n', long, value_name = "N")]
    last: Option<usize>,
    /// Begin with what arrived since: a time, or as long ago as 10m
    #[arg(long, value_name = "TIME|AGO")]
    since: Option<String>,
    /// Only events with this id
    #[arg(long)]
    id: Option<String>,
    /// Only what failed for good
    #[arg(long)]
    failed: bool,
    /// Only deliveries to this trigger, subscription or source
    #[arg(long, value_name = "NAME", add = completions::triggers())]
    trigger: Option<String>,
    /// What is shown, as '%t %i %T %v\n': %i id, %T type, %g trigger, %v verdict; docs/watching.md has all letters
    #[arg(short, long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
    /// Lines a second at most
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
}

impl Tail {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        if self.format.is_some() && global.is_json() {
            return Err(Failure::usage("-f says what is shown, and so does -o json").help("give one of them"));
        }
        let target = self.target()?;
        let daemon = Daemon::find(global).await?;
        live::follow(global, &daemon, &target, live::SHOWN, async |ended: &Ended| {
            Ok(Continue(self.line(global, ended)?))
        })
        .await
    }

    fn target(&self) -> Result<String, Failure> {
        let texts = [
            ("filter", self.filter.clone()),
            ("id", self.id.clone()),
            ("trigger", self.trigger.clone()),
            ("last", self.last.map(|last| last.to_string())),
            ("since", self.since.as_deref().map(which::timestamp).transpose()?),
        ];
        let mut target = format!("/api/v1/stream?topics=events&rate={}&failed={}", self.rate, self.failed);
        for (key, text) in texts {
            target.extend(text.map(|text| format!("&{key}={}", encode(&text))));
        }
        Ok(target)
    }

    fn line(&self, global: &Global, ended: &Ended) -> Result<String, Failure> {
        match &self.format {
            Some(format) => Ok(format.write(ended)),
            None if global.is_json() => output::json_line(ended),
            None => Ok(match output::columns().filter(|_| !global.is_wide()) {
                Some(columns) => fitted(ended, columns),
                None => text(ended, global.is_wide()),
            }),
        }
    }
}

/// A line of a terminal that has so many columns. Where there is no room for all, what it came to is told first.
fn fitted(ended: &Ended, columns: usize) -> String {
    let whole = text(ended, false);
    if whole.trim_end().chars().count() <= columns {
        return whole;
    }
    let status = ended.status.as_deref().map_or_else(String::new, |status| format!(" {status}"));
    let (at, outcome) = (clock(&ended.at), ended.outcome.text());
    let trigger = ended.trigger.as_deref().unwrap_or("-");
    let (ty, id) = (one_line(&ended.ty, TEXT_MAX), one_line(&ended.id, TEXT_MAX));
    cut(&format!("{at}  {outcome}{status}  {ty}  {trigger}  {id}"), columns) + "\n"
}

/// `2026-11-26T20:00:16.983102Z  o-17  order.created  bill  delivered 200  2.3 ms`.
fn text(ended: &Ended, is_wide: bool) -> String {
    let shown = |text: &str| one_line(text, if is_wide { usize::MAX } else { TEXT_MAX });
    let trigger = ended.trigger.as_deref().unwrap_or("-");
    let status = ended.status.as_deref().map_or_else(String::new, |status| format!(" {status}"));
    let mut line = format!(
        "{}  {}  {}  {}  {}{status}",
        ended.at,
        shown(&ended.id),
        shown(&ended.ty),
        trigger,
        ended.outcome.text(),
    );
    if ended.attempt > 1 {
        line += &format!(", {} attempts", ended.attempt);
    }
    line.extend(ended.ms.map(|ms| format!("  {}", time(ms))));
    if is_wide {
        line +=
            &format!("  {} {}:{}  {}", ended.channel, ended.partition, ended.offset, shown(&ended.source));
    }
    if ended.outcome > Outcome::Delivered {
        line.extend(ended.error.as_deref().map(|error| format!("  | {}", shown(error))));
    }
    line + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::format::tests::ended;
    use super::*;

    #[test]
    fn a_line_says_what_it_came_to() {
        let failed = ended();
        let delivered = Ended {
            outcome: Outcome::Delivered,
            status: Some("200".into()),
            error: None,
            attempt: 1,
            ..failed.clone()
        };
        let untaken = Ended {
            trigger: None,
            outcome: Outcome::Unmatched,
            status: None,
            error: None,
            attempt: 0,
            ms: None,
            ..failed.clone()
        };
        let at = "2026-11-26T20:00:17.055258Z  o-17  order.created";
        for (ended, is_wide, expected) in [
            (&failed, false, "bill  dead letter exit 101, 5 attempts  2.3 ms  | it broke"),
            (&delivered, false, "bill  delivered 200  2.3 ms"),
            (&delivered, true, "bill  delivered 200  2.3 ms  broker/default 0:7  /shop"),
            (&untaken, false, "-  unmatched"),
        ] {
            assert_eq!(text(ended, is_wide), format!("{at}  {expected}\n"));
        }
    }
    #[test]
    fn a_narrow_terminal_has_what_it_came_to_and_no_line_wraps() {
        let ended = ended();
        for columns in [1, 9, 40, 80, 300] {
            let line = fitted(&ended, columns);
            assert!(line.trim_end().chars().count() <= columns && line.ends_with('\n'), "{line}");
        }
        assert_eq!(fitted(&ended, 40), "20:00:17Z  dead letter exit 101  order.c\n");
        assert_eq!(fitted(&ended, 300), text(&ended, false));
    }
}
