//! How far the subscriptions are, in one small file that grows by a record a commit and is rewritten when it is
//! mostly old. The newest record of a partition counts.
//!
//! `length u32 | crc32c u32 | partition u32 | position u64 | (name length u32 | name | cursor length u32 | cursor)*`
//!
//! A record of the highest partition there could be says in which life the channel is: that is its position.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use activator::cursor::Cursor;
use activator::id::{Offset, Partition};
use activator::input::Progress;

use super::folder;
use super::host::Host;
use crate::channel::Life;

/// A smaller file is not worth rewriting.
const REWRITE_BYTES_MIN: u64 = 256 << 10;

const PREFIX: usize = 8;

/// No channel has so many.
const OF_LIVES: Partition = Partition(u32::MAX);

pub(super) struct Cursors {
    path: PathBuf,
    file: File,
    /// Where the next record goes.
    length: u64,
    /// What the file would have if it were written anew.
    length_rewritten: u64,
    /// Of each partition, and of lives.
    newest: BTreeMap<Partition, Progress>,
}

impl Cursors {
    /// Reads what is stored; what a crash left half-written is dropped.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let path = dir.join("cursors");
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path)?;
        let bytes = fs::read(&path)?;
        let mut newest = BTreeMap::new();
        let broken = read_all(&bytes, |partition, progress| {
            newest.insert(partition, progress);
        });
        let length = bytes.len() as u64;
        let mut cursors = Self { path, file, length, length_rewritten: length, newest };
        if broken > 0 {
            let path = cursors.path.display();
            tracing::warn!("{path}: {broken} bytes are no cursors, as after a power loss; the others count");
            cursors.rewrite_or_grow();
        } else if length == 0 {
            folder::sync(dir)?;
        }
        Ok(cursors)
    }

    pub(super) fn get(&self, partition: Partition) -> Option<&Progress> {
        self.newest.get(&partition)
    }

    /// The life that began last.
    pub(super) fn life(&self) -> Option<Life> {
        self.get(OF_LIVES).map(|life| Life(life.position.0))
    }

    /// Begins a life, with progress that was not stored in the one before. What is torn is cut behind whole records, so
    /// there is no life without it.
    pub(super) fn begin(
        &mut self,
        mut progress: Vec<(Partition, Progress)>,
        Life(life): Life,
    ) -> io::Result<()> {
        progress.push((OF_LIVES, Progress { position: Offset(life), behind: Vec::new() }));
        self.store(progress)
    }

    /// Stores the progress of some partitions, all of it or nothing.
    pub(super) fn store(&mut self, progress: Vec<(Partition, Progress)>) -> io::Result<()> {
        if self.is_to_rewrite() {
            self.rewrite_or_grow();
        }
        let mut bytes = Vec::new();
        for (partition, progress) in &progress {
            encode(&mut bytes, *partition, progress);
        }
        if let Err(error) = self.file.write_all_at(&bytes, self.length) {
            // Should this fail too, the next record overwrites the beginning, and the rest is skipped as broken.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.newest.extend(progress);
        Ok(())
    }

    /// Whether the file is mostly old: the next to store something writes it anew.
    pub(super) fn is_to_rewrite(&self) -> bool {
        self.length > REWRITE_BYTES_MIN.max(4 * self.length_rewritten)
    }

    /// Makes what was stored outlive a power loss.
    pub(super) fn sync(&self, host: &dyn Host) -> io::Result<()> {
        host.sync(&self.file)
    }

    /// A file that cannot be rewritten is as good as before, only larger.
    fn rewrite_or_grow(&mut self) {
        if let Err(error) = self.rewrite() {
            tracing::warn!("cannot rewrite {}, which grows on: {error}", self.path.display());
        }
    }

    /// Replaces the file by one with the newest records only.
    fn rewrite(&mut self) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (partition, progress) in &self.newest {
            encode(&mut bytes, *partition, progress);
        }
        let temporary = self.path.with_extension("tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        self.file = file;
        self.length = bytes.len() as u64;
        self.length_rewritten = self.length;
        self.path.parent().map_or(Ok(()), folder::sync)
    }
}

/// The first offset that no progress speaks of as passed; no record may get a lower one.
pub(super) fn end(progress: &Progress) -> Offset {
    let ends = progress.behind.iter().map(|(_, cursor)| cursor.end());
    ends.fold(progress.position, Offset::max)
}

fn encode(into: &mut Vec<u8>, partition: Partition, progress: &Progress) {
    let start = into.len();
    into.extend_from_slice(&[0; PREFIX]);
    into.extend_from_slice(&partition.0.to_le_bytes());
    into.extend_from_slice(&progress.position.0.to_le_bytes());
    for (name, cursor) in &progress.behind {
        encode_text(into, name);
        encode_text(into, &cursor.to_string());
    }
    let body = &into[start + PREFIX..];
    let length = u32::try_from(body.len()).expect("the cursors of a partition are shorter than 4 GiB");
    let crc = crc32c::crc32c(body);
    into[start..start + 4].copy_from_slice(&length.to_le_bytes());
    into[start + 4..start + PREFIX].copy_from_slice(&crc.to_le_bytes());
}

fn encode_text(into: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).expect("the cursors of a partition are shorter than 4 GiB");
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(text.as_bytes());
}

/// Gives every intact record to `each`, and says how many bytes belong to none.
fn read_all(mut bytes: &[u8], mut each: impl FnMut(Partition, Progress)) -> usize {
    let mut broken = 0;
    while !bytes.is_empty() {
        if let Some((partition, progress, rest)) = decode(bytes) {
            each(partition, progress);
            bytes = rest;
        } else {
            broken += 1;
            bytes = &bytes[1..];
        }
    }
    broken
}

fn decode(bytes: &[u8]) -> Option<(Partition, Progress, &[u8])> {
    let (length, rest) = take_u32(bytes)?;
    let (crc, rest) = take_u32(rest)?;
    let (mut body, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    // An empty body would have the checksum 0: zeroed space is no record.
    if body.is_empty() || crc32c::crc32c(body) != crc {
        return None;
    }
    let (partition, behind) = take_u32(body)?;
    let (position, behind) = behind.split_first_chunk()?;
    body = behind;
    let mut progress = Progress { position: Offset(u64::from_le_bytes(*position)), behind: Vec::new() };
    while !body.is_empty() {
        let (name, behind) = take_text(body)?;
        let (cursor, behind) = take_text(behind)?;
        progress.behind.push((Arc::from(name), cursor.parse::<Cursor>().ok()?));
        body = behind;
    }
    Some((Partition(partition), progress, rest))
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

fn take_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = take_u32(bytes)?;
    let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}
