//! Opening a partition after whatever happened: only the last segment is looked at, a torn tail is cut, and
//! offsets go on where neither log nor cursors have ever been.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use activator::id::{Offset, Partition};
use activator::input::{OpenedPartition, Progress};

use super::active::Active;
use super::appender::Appender;
use super::cursors;
use super::index::Index;
use super::limits::Terms;
use super::log::Log;
use super::scan::{Found, Scan};
use super::segment::{Segment, WALK_STEP};
use crate::channel::gaps::Gaps;
use crate::channel::{Marks, SyncMode};

/// What was done and not stored as such at the end of a life was done in its last moments, so marks from before are not
/// looked for.
const LAST_MOMENTS_MS: u64 = 10_000;
/// Nor are they in a log that was written to so fast.
const LOOKED_AT_BYTES: u64 = 32 << 20;

/// Opens a partition for its writer; the readers' side is the appender's log. The marks of its last moments go to `marks`.
pub(super) fn open(
    partition: Partition,
    dir: PathBuf,
    terms: Terms,
    committed: Option<&Progress>,
    marks: &mut Marks,
) -> io::Result<(Appender, OpenedPartition)> {
    let segments: Vec<_> = Segment::all(&dir)?.into_iter().map(Arc::new).collect();
    let mut end = committed.map_or(Offset(0), cursors::end);
    let mut time = 0;
    let mut active = None;
    if let Some((last, closed)) = segments.split_last() {
        for segment in closed {
            segment.set_length(segment.path().metadata()?.len());
        }
        let mut recovered = recover(last)?;
        if settle(&mut recovered.active, &terms) {
            marks.extend(recovered.marks);
        }
        let gap = end.0.saturating_sub(recovered.end.0);
        if gap > 0 {
            let path = last.path().display();
            tracing::warn!("{path}: {gap} events that a cursor has seen are gone, as after a power loss");
        }
        end = end.max(recovered.end);
        time = recovered.time.max(last_time(closed)?);
        look_for_marks(closed, last.length(), time.saturating_sub(LAST_MOMENTS_MS), marks)?;
        active = Some(recovered.active);
    }
    let opened = OpenedPartition {
        partition,
        begin: segments.first().map_or(end, |segment| segment.base),
        committed: committed.cloned(),
    };
    let log = Arc::new(Log::new(segments, end, Gaps::new(channel_name(&dir), partition)));
    Ok((Appender::new(partition, dir, log, terms, active, time), opened))
}

/// How messages call the channel that a partition's folder is in.
fn channel_name(dir: &Path) -> String {
    let name = dir.parent().and_then(Path::file_name);
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Of the last record in closed segments. The one behind them may hold none yet, and time must not go back.
fn last_time(closed: &[Arc<Segment>]) -> io::Result<u64> {
    for segment in closed.iter().rev() {
        if let Some((_, last)) = segment.times()? {
            return Ok(last);
        }
    }
    Ok(0)
}

/// Finds the marks in closed segments since a time, the newest segment first, as long as little was looked at.
fn look_for_marks(
    closed: &[Arc<Segment>],
    mut looked_at: u64,
    since: u64,
    marks: &mut Marks,
) -> io::Result<()> {
    for segment in closed.iter().rev() {
        let is_recent = |(_, last): (u64, u64)| last >= since;
        let left = LOOKED_AT_BYTES.saturating_sub(looked_at);
        if left == 0 || !segment.times()?.is_none_or(is_recent) {
            break;
        }
        looked_at += segment.length();
        segment.walk_last(since, left, |record| marks.note(record.headers()))?;
    }
    Ok(())
}

struct Recovered {
    active: Active,
    /// Behind the last record.
    end: Offset,
    /// Of the last record.
    time: u64,
    marks: Marks,
}

fn recover(segment: &Arc<Segment>) -> io::Result<Recovered> {
    let file = OpenOptions::new().read(true).write(true).open(segment.path())?;
    let file_length = file.metadata()?.len();
    let mut end = segment.base;
    let mut time = 0;
    let mut length = 0;
    let mut index = Index::default();
    let mut marks = Marks::default();
    let mut scan = Scan::new(&file, segment.base, (segment.base, 0), file_length).in_steps_of(WALK_STEP);
    while let Some(found) = scan.next()? {
        match found {
            Found::Record(record) => {
                index.note(record.entry());
                marks.note(record.headers());
                end = record.head.offset.next();
                time = record.head.time;
                length = record.end();
            }
            Found::Broken { from, to } if to == file_length => cut(segment, &file, from, to)?,
            Found::Broken { from, to } => segment.quarantine(from, to),
        }
    }
    segment.set_index(index);
    segment.set_length(length);
    let segment = Arc::clone(segment);
    Ok(Recovered { active: Active::new(segment, file), end, time, marks })
}

/// What a kill left unsynced is about to be read, and readers see only what is synced. Says whether it is: what is done
/// by a reply would otherwise be done after a power loss that takes the reply.
fn settle(active: &mut Active, terms: &Terms) -> bool {
    if terms.sync == SyncMode::Disk
        && let Err(error) = terms.host.sync(&active.file)
    {
        let path = active.segment.path().display();
        tracing::error!("{path} is not safe from a power loss: cannot sync it: {error}");
        // What was acknowledged before is as safe as it was; nothing is added to it.
        active.spent = true;
        return false;
    }
    true
}

/// Nothing readable follows: zeros, which were written ahead, or a write that a crash interrupted, and that nobody was
/// told of as done.
fn cut(segment: &Segment, file: &File, from: u64, to: u64) -> io::Result<()> {
    let mut rest = vec![0; usize::try_from(to - from).map_err(io::Error::other)?];
    file.read_exact_at(&mut rest, from)?;
    if let Some(last) = rest.iter().rposition(|byte| *byte != 0) {
        let (path, bytes) = (segment.path().display(), last + 1);
        tracing::warn!(
            "{path}: its last {bytes} bytes are no whole record, as after a crash; they are cut off"
        );
    }
    file.set_len(from)
}
