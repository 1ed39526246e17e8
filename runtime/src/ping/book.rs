//! Up to when sources are done that may miss nothing, kept over a restart: a file of the state folder, one source on a line.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Ping;
use crate::rewrite;

/// What was written last, so that nothing is written that stands there.
pub(super) struct Book {
    /// Nothing when no state is kept.
    file: Option<PathBuf>,
    lines: BTreeMap<String, Timestamp>,
}

impl Book {
    /// That of earlier lives.
    pub(super) fn open(state: Option<&Path>) -> Self {
        let file = state.map(|state| state.join("pings"));
        let text = file.as_ref().map_or_else(|| Ok(String::new()), fs::read_to_string);
        let text = text.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::error!("it is not known what sources missed: cannot read {file:?}: {error}");
            }
            String::new()
        });
        let lines = text.lines().filter_map(|line| {
            let (time, source) = line.split_once(' ')?;
            Some((source.to_owned(), time.parse().ok()?))
        });
        Self { file, lines: lines.collect() }
    }

    /// Up to when a source was done, if its schedule was the same.
    pub(super) fn passed(&self, ping: &Ping) -> Option<Timestamp> {
        self.lines.get(&line(ping)).copied()
    }

    /// Keeps this instead of what stands there. Waits for the disk.
    pub(super) fn write<'p>(
        &mut self,
        passed: impl Iterator<Item = (&'p Ping, Timestamp)>,
    ) -> io::Result<()> {
        let lines: BTreeMap<_, _> = passed.map(|(ping, time)| (line(ping), time)).collect();
        let Some(file) = self.file.as_ref().filter(|_| lines != self.lines) else { return Ok(()) };
        let text: String = lines.iter().map(|(source, time)| format!("{time} {source}\n")).collect();
        rewrite::whole(file, &text)?;
        self.lines = lines;
        Ok(())
    }
}

/// Which source it is, and when it fires: with another schedule, nothing was missed.
fn line(ping: &Ping) -> String {
    format!("{} {} {}", ping.name, ping.schedule.zone(), ping.schedule.text())
}
