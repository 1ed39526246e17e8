//! `hydrant replay`: events of the recent past, delivered again.

use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use hyper::Method;

use super::daemon::Daemon;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::output;
use super::table::{Row, table};
use crate::admin::{ReplayAsked, Replayed};

const HEADINGS: [&str; 5] = ["EVENT", "TYPE", "CHANNEL", "TO", ""];

/// Deliver recent events again, each to the triggers it matched, or to one
///
/// A function sees that it is a repetition by the attribute `hydrantreplay`. Attempts, replies and dead letters are those
/// of the trigger, and `explain` shows them. Exit code 0 when all are kept until they are delivered, 1 when one is not or
/// none is meant.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The id of an event [default: whichever the flags mean]
    #[arg(required_unless_present_any = ["failed", "filter", "since", "trigger", "last"])]
    id: Option<String>,
    /// Only events from there
    #[arg(long)]
    source: Option<String>,
    /// Whom to deliver them to: a trigger, subscription or source, whether it had them or not
    #[arg(long, value_name = "NAME")]
    trigger: Option<String>,
    /// Only events that this CESQL expression matches
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
    filter: Option<String>,
    /// Only events that arrived since: a time, or as long ago as 10m
    #[arg(long, value_name = "TIME|AGO")]
    since: Option<String>,
    /// Only events that arrived before
    #[arg(long, value_name = "TIME|AGO")]
    until: Option<String>,
    /// Only what failed for good
    #[arg(long)]
    failed: bool,
    /// The newest so many [default: 1000]
    #[arg(short = 'n', long, value_name = "N")]
    last: Option<usize>,
    /// Deliveries a second
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Only say what would be delivered
    #[arg(long)]
    dry_run: bool,
}

impl Replay {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let dry_run = self.dry_run;
        let asked = self.asked()?;
        let daemon = Daemon::find(global).await?;
        let done: Vec<Replayed> = daemon.ask_with(Method::POST, "/api/v1/replay", &asked).await??;
        if global.is_json() {
            done.iter().try_for_each(output::json)?;
        } else if !done.is_empty() {
            output::data(text(&done))?;
        }
        let failed = done.iter().filter(|one| !one.replayed).count();
        match done.len() {
            0 => return Err(Failure::failed("no recent event is meant").help("hydrant explain ID shows one")),
            all if dry_run => global.talk(&format!("{} of {all} would be delivered again", all - failed)),
            all => global.talk(&format!("{} of {all} are delivered again", all - failed)),
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { Exit::Failed.into() })
    }

    fn asked(self) -> Result<ReplayAsked, Failure> {
        let time = |text: Option<String>| text.map(|text| timestamp(&text)).transpose();
        Ok(ReplayAsked {
            id: self.id,
            source: self.source,
            trigger: self.trigger,
            filter: self.filter,
            since: time(self.since)?,
            until: time(self.until)?,
            failed: self.failed,
            last: self.last,
            rate: Some(self.rate),
            dry_run: self.dry_run,
        })
    }
}

/// A time as RFC 3339, given so or as how long ago it was.
fn timestamp(text: &str) -> Result<String, Failure> {
    if let Ok(ago) = humantime::parse_duration(text) {
        let time = SystemTime::now().checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH);
        return Ok(jiff::Timestamp::try_from(time).map(|time| time.to_string()).unwrap_or_default());
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => {
            Err(Failure::usage(format!("{text} is no time")).help("write 10m, or 2026-11-26T08:00:00Z"))
        }
    }
}

fn text(done: &[Replayed]) -> String {
    let rows = done.iter().map(|one| Row {
        cells: vec![
            one.id.clone(),
            one.ty.clone(),
            one.channel.clone(),
            one.trigger.clone(),
            one.reason.clone().unwrap_or_default(),
        ],
        remark: None,
    });
    table(&HEADINGS, &rows.collect::<Vec<_>>())
}
