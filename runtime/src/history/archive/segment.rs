//! One file of the archive, and the index beside it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;

use super::frame::{self, EVENT, HEADER, Header, TABLE};
use super::index::{Index, Slot, hash_id};
use super::table::Table;
use super::wire::Reading;

const SUFFIX: &str = "events";

/// A file that nothing is written to any more.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) path: PathBuf,
    /// Of the file and its index.
    pub(super) bytes: u64,
    pub(super) length: u64,
    pub(super) events: usize,
    pub(super) times: super::index::Times,
}

/// The file of that number.
pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.{SUFFIX}"))
}

/// The number of a file that is one of ours by its name.
pub(super) fn number(path: &Path) -> Option<u64> {
    path.extension().filter(|suffix| *suffix == SUFFIX)?;
    path.file_stem()?.to_str()?.parse().ok()
}

fn index_path(path: &Path) -> PathBuf {
    path.with_extension("index")
}

/// A new file, which holds nothing yet.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
    file.write_all_at(&Header::bytes(), 0)?;
    Ok(file)
}

/// Reads what is known of a closed file, if its index can be read.
pub(super) fn index_of(path: &Path, length: u64) -> Option<Index> {
    Index::decode(&fs::read(index_path(path)).ok()?, length)
}

/// Nothing is written to it any more.
pub(super) fn close(path: PathBuf, length: u64, index: &Index) -> Closed {
    let file = index.encode(length);
    if let Err(error) = fs::write(index_path(&path), &file) {
        // Only costs a walk over the segment.
        tracing::debug!("no index beside {}: {error}", path.display());
    }
    Closed::of(path, length, index)
}

impl Closed {
    pub(super) fn of(path: PathBuf, length: u64, index: &Index) -> Self {
        Self { path, bytes: length + index.bytes(), length, events: index.events, times: index.times }
    }

    /// Its index, from beside it or from itself.
    pub(super) fn index(&self) -> Option<Index> {
        index_of(&self.path, self.length).or_else(|| {
            let file = File::open(&self.path).ok()?;
            Some(scan(&file, self.length).ok()?.0)
        })
    }

    pub(super) fn delete(&self) {
        for path in [&index_path(&self.path), &self.path] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!("cannot delete {}: {error}", path.display());
                }
                _ => {}
            }
        }
    }
}

/// Walks over a file: its index, and where the first record begins that is torn or damaged.
pub(super) fn scan(file: &File, length: u64) -> io::Result<(Index, u64)> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, 0)?;
    let mut left = Bytes::from(bytes);
    left = left.split_off(HEADER.min(left.len()));
    let (mut index, mut at, mut tables) = (Index::default(), HEADER as u64, HashMap::new());
    while let Some((kind, body, rest)) = frame::take(&left) {
        match kind {
            TABLE => tables.extend(Table::decode(body).map(|table| (at, Arc::new(table)))),
            EVENT => note(&mut index, body, at, &tables),
            // Of a later hydrant.
            _ => {}
        }
        at += (left.len() - rest.len()) as u64;
        left = rest;
    }
    Ok((index, at))
}

fn note(index: &mut Index, body: Bytes, at: u64, tables: &HashMap<u64, Arc<Table>>) {
    let mut reading = Reading(body);
    let table = reading.number().and_then(|table| tables.get(&table));
    if let Some(record) = table.and_then(|table| table.record(&mut reading))
        && let Some(event) = record.event()
    {
        let slot = Slot::new(hash_id(event.id()), &record.spot, at);
        index.note(slot, record.arrived, record.replies());
    }
}
