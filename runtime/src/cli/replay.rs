//! `hydrant replay`: events of the past, delivered again.

use std::process::ExitCode;

use clap::Args;
use hyper::Method;

use super::completions;
use super::daemon::Daemon;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::output;
use super::table::{Row, table};
use super::which::Which;
use crate::admin::{ReplayAsked, Replayed};

const HEADINGS: [&str; 5] = ["EVENT", "TYPE", "CHANNEL", "TO", ""];

/// Deliver events of the past again, each to the triggers it matched, or to one
///
/// A function sees that it is a repetition by the attribute `hydrantreplay`. Attempts, replies and dead letters are those
/// of the trigger, and `explain` shows them. Exit code 0 when all are kept until they are delivered, 1 when one is not or
/// none is meant.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The id of an event [default: whichever the flags mean]
    #[arg(required_unless_present_any = ["failed", "filter", "offsets", "since", "trigger", "last"])]
    id: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Whom to deliver them to: a trigger, subscription or source, whether it had them or not
    #[arg(long, value_name = "NAME", add = completions::triggers())]
    trigger: Option<String>,
    /// The newest so many [default: 1000]
    #[arg(short = 'n', long, value_name = "N")]
    last: Option<usize>,
    /// Deliveries a second
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// As far apart as they arrived, or so many times less: 1x, 10x, 0.5x; max knows of no distances
    #[arg(long, value_name = "N", conflicts_with = "rate", value_parser = speed)]
    speed: Option<Speed>,
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
            0 => {
                return Err(Failure::failed("no event that is remembered is meant")
                    .help("hydrant history lists them"));
            }
            all if dry_run => global.talk(&format!("{} of {all} would be delivered again", all - failed)),
            all => global.talk(&format!("{} of {all} are delivered again", all - failed)),
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { Exit::Failed.into() })
    }

    fn asked(self) -> Result<ReplayAsked, Failure> {
        Ok(ReplayAsked {
            id: self.id,
            trigger: self.trigger,
            partition: self.which.partition,
            from_offset: self.which.offsets.map(|(first, _)| first),
            to_offset: self.which.offsets.map(|(_, last)| last),
            since: self.which.since()?,
            until: self.which.until()?,
            source: self.which.source,
            filter: self.which.filter,
            channel: self.which.channel,
            failed: self.which.failed,
            last: self.last,
            rate: self.speed.and_then(Speed::factor).is_none().then_some(self.rate),
            speed: self.speed.and_then(Speed::factor),
            dry_run: self.dry_run,
        })
    }
}

/// How far apart events are that go again.
#[derive(Clone, Copy, Debug)]
enum Speed {
    /// So many times closer than they arrived.
    Times(f64),
    /// As close as the rate allows.
    Max,
}

impl Speed {
    const fn factor(self) -> Option<f64> {
        match self {
            Self::Times(factor) => Some(factor),
            Self::Max => None,
        }
    }
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let factor = text.strip_suffix('x').and_then(|number| number.parse::<f64>().ok());
    let factor = factor.filter(|factor| factor.is_finite() && *factor > 0.0);
    factor.map(Speed::Times).ok_or_else(|| "write 1x, 10x, 0.5x or max".to_owned())
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
