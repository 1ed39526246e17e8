//! The segment that is written to.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use activator::id::ChannelId;
use hashbrown::HashMap;

use super::super::entry::Entry;
use super::super::wiring::Wiring;
use super::frame::{self, EVENT, HEADER, TABLE};
use super::index::{Index, Slot};
use super::segment::{self, Closed};
use super::wire::put_number;
use super::{body, table};

/// What is written at a time: it stays in the processor's cache from where it is put together until it is copied.
const WRITE_BYTES: usize = 128 << 10;
/// Configurations whose tables are known; one more costs a look at what the table says.
const KNOWN_MAX: usize = 16;

#[derive(Debug)]
pub(super) struct Active {
    pub(super) path: PathBuf,
    pub(super) length: u64,
    pub(super) index: Index,
    /// Where the tables of these are.
    known: Vec<(Arc<Wiring>, ChannelId, u64)>,
    /// The last table of each channel: a change of the configuration that means others needs no new one.
    last: HashMap<Arc<str>, (u64, Vec<u8>)>,
}

/// When a segment is full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Full {
    pub(super) bytes: u64,
    pub(super) events: usize,
    /// Milliseconds between its first event and its last.
    pub(super) age: u64,
}

impl Active {
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        segment::create(&path)?;
        Ok(Self::of(path, HEADER as u64, Index::default()))
    }

    /// Goes on with what was written before.
    pub(super) fn of(path: PathBuf, length: u64, index: Index) -> Self {
        Self { path, length, index, known: Vec::new(), last: HashMap::new() }
    }

    pub(super) fn is_full(&self, full: &Full) -> bool {
        let times = self.index.times;
        self.length >= full.bytes
            || self.index.events >= full.events
            || self.index.events > 0 && times.written.saturating_sub(times.first) >= full.age
    }

    /// Writes the first ones, as many as fit and at least one, and gives the others.
    pub(super) fn append<'e>(
        &mut self,
        entries: &'e [Arc<Entry>],
        full: &Full,
        now: u64,
    ) -> io::Result<&'e [Arc<Entry>]> {
        let (mut buffer, mut begins) = (Vec::with_capacity(WRITE_BYTES), Vec::new());
        for entry in entries {
            let is_enough = buffer.len() >= WRITE_BYTES
                || self.length + buffer.len() as u64 >= full.bytes
                || self.index.events + begins.len() >= full.events;
            if is_enough && !begins.is_empty() {
                break;
            }
            let table = self.table(entry, &mut buffer);
            begins.push(self.length + buffer.len() as u64);
            frame::put(&mut buffer, EVENT, |into| {
                put_number(into, table);
                body::put(into, entry);
            });
        }
        // Open for the batch alone: a runtime that has nothing to do holds no file for its past.
        let file = File::options().write(true).open(&self.path);
        if let Err(error) = file.and_then(|file| file.write_all_at(&buffer, self.length)) {
            // Among what is not there may be tables.
            (self.known, self.last) = (Vec::new(), HashMap::new());
            return Err(error);
        }
        for (entry, &at) in entries.iter().zip(&begins) {
            self.index.note(Slot::new(entry.id_hash, &entry.spot(), at), entry.arrived, entry.replies());
        }
        self.index.times.written = now;
        self.length += buffer.len() as u64;
        Ok(&entries[begins.len()..])
    }

    /// Where the table is of those who subscribed; behind what `buffer` holds if it is new.
    fn table(&mut self, entry: &Entry, buffer: &mut Vec<u8>) -> u64 {
        let (wiring, channel) = (&entry.wiring, entry.place.channel);
        let is =
            |(known, of, _): &&(Arc<Wiring>, ChannelId, u64)| Arc::ptr_eq(known, wiring) && *of == channel;
        if let Some((.., at)) = self.known.iter().find(is) {
            return *at;
        }
        let label = wiring.label(channel);
        let says = table::encode(&label, wiring.subscribers(channel));
        let at = self.table_that_says(says, label, buffer);
        self.known.truncate(KNOWN_MAX - 1);
        self.known.insert(0, (Arc::clone(wiring), channel, at));
        at
    }

    fn table_that_says(&mut self, says: Vec<u8>, channel: Arc<str>, buffer: &mut Vec<u8>) -> u64 {
        if let Some((at, last)) = self.last.get(&channel)
            && *last == says
        {
            return *at;
        }
        let at = self.length + buffer.len() as u64;
        frame::put(buffer, TABLE, |into| into.extend_from_slice(&says));
        self.last.insert(channel, (at, says));
        at
    }

    pub(super) fn close(self) -> Closed {
        segment::close(self.path, self.length, &self.index)
    }
}
