//! The processor time of a process that is measured.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// What it has used so far.
pub(super) fn of(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit_once(") ").context("no process says that")?.1;
    let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    // Linux counts these in hundredths of a second, whatever its own clock does.
    Ok(Duration::from_millis(ticks * 10))
}
