//! The flags by which `history` and `replay` mean events of the past.

use std::time::SystemTime;

use clap::Args;

use super::completions;
use super::exit::Failure;

#[derive(Debug, Args)]
pub(super) struct Which {
    /// Only events from there
    #[arg(long)]
    pub(super) source: Option<String>,
    /// Only events that this CESQL expression matches
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
    pub(super) filter: Option<String>,
    /// Only events in this channel: broker/NAME, channel/NAME and so on
    #[arg(long, value_name = "CHANNEL", add = completions::channels())]
    pub(super) channel: Option<String>,
    /// Only events in this partition of it
    #[arg(long, value_name = "N", requires = "channel")]
    pub(super) partition: Option<u32>,
    /// Only events at these offsets of it: 120, or 120-140
    #[arg(long, value_name = "N[-N]", requires = "channel", value_parser = offsets)]
    pub(super) offsets: Option<(u64, u64)>,
    /// Only events that arrived since: a time, or as long ago as 10m
    #[arg(long, value_name = "TIME|AGO")]
    since: Option<String>,
    /// Only events that arrived before
    #[arg(long, value_name = "TIME|AGO")]
    until: Option<String>,
    /// Only what failed for good
    #[arg(long)]
    pub(super) failed: bool,
}

impl Which {
    /// As RFC 3339.
    pub(super) fn since(&self) -> Result<Option<String>, Failure> {
        self.since.as_deref().map(timestamp).transpose()
    }

    pub(super) fn until(&self) -> Result<Option<String>, Failure> {
        self.until.as_deref().map(timestamp).transpose()
    }
}

/// The first and the last.
fn offsets(text: &str) -> Result<(u64, u64), String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse::<u64>().map_err(|error| format!("{text:?}: {error}"));
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("{first} comes after {last}: write the lower one first"));
    }
    Ok((first, last))
}

/// A time as RFC 3339, given so or as how long ago it was.
pub(super) fn timestamp(text: &str) -> Result<String, Failure> {
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
