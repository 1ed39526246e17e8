//! What subscriptions had that want the same event once, kept over a restart: a file of each in the state folder.
//!
//! A record is which event it was and when it was delivered. A file that holds as many as are remembered is put aside, and
//! the one that was put aside before goes. A thread of its own writes; what it has not written when hydrant is killed is
//! not known afterwards, and may be delivered twice.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use activator::Input;
use activator::delivery::Deduplicate;
use activator::event::Identity;
use tokio::task::JoinSet;

use crate::config::resolved::Resolved;

/// `identity 16 | milliseconds since 1970 u64, little-endian`: each is whole or the last one, which is cut off.
const RECORD: usize = 24;
/// Orders that wait for the thread. More than that, and events are delivered twice rather than late.
const QUEUE: usize = 65_536;
/// Files that nobody has written to for so long, and that belong to nothing that is wired, are deleted.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// What is behind the name of a file that was put aside: no subscription's name ends so.
const ASIDE: &str = "~";

#[derive(Debug)]
pub(super) struct Repeats {
    /// Nothing when no state is kept.
    folder: Option<PathBuf>,
    /// Whose are remembered, and how.
    known: HashMap<Arc<str>, Deduplicate>,
    /// There when there is something to write.
    thread: Option<SyncSender<Order>>,
}

/// What the thread is told.
#[derive(Debug)]
enum Order {
    /// So many of this name are remembered.
    Keep(Arc<str>, u32),
    Delivered(Arc<str>, Identity),
    Renamed(Arc<str>, Arc<str>),
}

impl Repeats {
    pub(super) fn new(state: Option<&Path>) -> Self {
        Self { folder: state.map(|state| state.join("delivered")), known: HashMap::new(), thread: None }
    }

    /// Takes over a wiring. Gives what was remembered for those who are new in it.
    pub(super) fn configure(&mut self, config: &Resolved, tasks: &mut JoinSet<()>) -> Vec<Input> {
        let wanted = config.topology.subscriptions.iter();
        let wanted: Vec<_> =
            wanted.filter_map(|s| Some((Arc::clone(&s.name), s.delivery.deduplicate?))).collect();
        let first = self.known.is_empty();
        let mut told = Vec::new();
        for (name, how) in &wanted {
            let before = self.known.insert(Arc::clone(name), *how);
            if before.is_none()
                && let Some(folder) = &self.folder
            {
                let seen = recalled(folder, name, *how, now_ms());
                told.push(Input::Remembered { name: Arc::clone(name), seen });
            }
            if before != Some(*how) {
                self.start(tasks);
                self.order(Order::Keep(Arc::clone(name), how.max));
            }
        }
        if first && let Some(folder) = self.folder.clone() {
            let names = wanted.into_iter().map(|(name, _)| file_name(&name)).collect::<Vec<_>>();
            tasks.spawn_blocking(move || tidy(&folder, &names));
        }
        told
    }

    pub(super) fn delivered(&self, name: Arc<str>, identity: Identity) {
        self.order(Order::Delivered(name, identity));
    }

    pub(super) fn renamed(&mut self, from: &Arc<str>, to: &Arc<str>) {
        if let Some(how) = self.known.remove(from) {
            self.known.insert(Arc::clone(to), how);
            self.order(Order::Renamed(Arc::clone(from), Arc::clone(to)));
        }
    }

    /// Nothing more comes: the thread ends when all is written.
    pub(super) fn close(&mut self) {
        self.thread = None;
    }

    fn start(&mut self, tasks: &mut JoinSet<()>) {
        let Some(folder) = self.folder.clone().filter(|_| self.thread.is_none()) else { return };
        let (sender, orders) = sync_channel(QUEUE);
        self.thread = Some(sender);
        tasks.spawn_blocking(move || Writer { folder, files: HashMap::new() }.run(&orders));
    }

    fn order(&self, order: Order) {
        if let Some(thread) = &self.thread
            && thread.try_send(order).is_err()
        {
            tracing::warn!("what was delivered cannot be noted as fast as it comes: some may come twice");
        }
    }
}

fn file_name(name: &str) -> String {
    name.replace('/', ".")
}

/// What the files of a subscription hold that is still to be remembered, with how long it is.
fn recalled(folder: &Path, name: &str, how: Deduplicate, now: u64) -> Vec<(Identity, Duration)> {
    let file = folder.join(file_name(name));
    let mut records = read(&aside(&file));
    records.extend(read(&file));
    let (chunks, _) = records.as_chunks::<RECORD>();
    let newest = &chunks[chunks.len().saturating_sub(how.max as usize)..];
    let left = |record: &[u8; RECORD]| {
        let (identity, time) = record.split_first_chunk::<16>()?;
        let age = now.saturating_sub(u64::from_le_bytes(*time.first_chunk()?));
        let left = how.time.checked_sub(Duration::from_millis(age)).filter(|left| !left.is_zero())?;
        Some((Identity(*identity), left))
    };
    newest.iter().filter_map(left).collect()
}

fn aside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(ASIDE);
    file.with_file_name(name)
}

/// The whole records of a file; none when it is not there.
fn read(file: &Path) -> Vec<u8> {
    match fs::read(file) {
        Ok(mut bytes) => {
            bytes.truncate(bytes.len() / RECORD * RECORD);
            bytes
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            tracing::warn!("{}: cannot read what was delivered: {error}; it may come twice", file.display());
            Vec::new()
        }
    }
}

/// Deletes what nobody has used for long.
fn tidy(folder: &Path, names: &[String]) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_wired = names.iter().any(|known| name.trim_end_matches(ASIDE) == known);
        let changed = entry.metadata().and_then(|file| file.modified()).ok();
        let age = changed.and_then(|changed| changed.elapsed().ok()).unwrap_or_default();
        if !is_wired && age > KEPT {
            fs::remove_file(entry.path()).ok();
        }
    }
}

/// Owns the files.
struct Writer {
    folder: PathBuf,
    files: HashMap<Arc<str>, Notes>,
}

/// The file of one subscription.
#[derive(Default)]
struct Notes {
    /// So many records are remembered.
    max: usize,
    file: Option<File>,
    records: usize,
    unwritten: Vec<u8>,
}

impl Writer {
    fn run(mut self, orders: &Receiver<Order>) {
        while let Ok(order) = orders.recv() {
            self.carry_out(order);
            // Whatever came meanwhile goes with it.
            while let Ok(order) = orders.try_recv() {
                self.carry_out(order);
            }
            self.write_all();
        }
    }

    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Keep(name, max) => self.files.entry(name).or_default().max = max as usize,
            Order::Delivered(name, identity) => {
                let Some(notes) = self.files.get_mut(&name) else { return };
                notes.unwritten.extend_from_slice(&identity.0);
                notes.unwritten.extend_from_slice(&now_ms().to_le_bytes());
            }
            Order::Renamed(from, to) => {
                self.write_all();
                let Some(mut notes) = self.files.remove(&from) else { return };
                notes.file = None;
                let (from, new) = (self.folder.join(file_name(&from)), self.folder.join(file_name(&to)));
                fs::rename(aside(&from), aside(&new)).ok();
                fs::rename(from, new).ok();
                self.files.insert(to, notes);
            }
        }
    }

    fn write_all(&mut self) {
        for (name, notes) in self.files.iter_mut().filter(|(_, notes)| !notes.unwritten.is_empty()) {
            let path = self.folder.join(file_name(name));
            if let Err(error) = notes.write(&path) {
                tracing::warn!(
                    "{}: cannot note what was delivered: {error}; it may come twice",
                    path.display()
                );
                notes.file = None;
            }
            notes.unwritten.clear();
        }
    }
}

impl Notes {
    fn write(&mut self, path: &Path) -> io::Result<()> {
        if self.file.is_some() && self.records >= self.max {
            self.file = None;
            fs::rename(path, aside(path))?;
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let (file, records) = open(path)?;
                self.records = records;
                self.file.insert(file)
            }
        };
        file.write_all(&self.unwritten)?;
        self.records += self.unwritten.len() / RECORD;
        Ok(())
    }
}

/// The file, to be written behind its last whole record.
fn open(path: &Path) -> io::Result<(File, usize)> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    let records = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX) / RECORD;
    file.set_len((records * RECORD) as u64)?;
    Ok((file, records))
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "trigger/bill";

    fn how(max: u32) -> Deduplicate {
        Deduplicate { time: Duration::from_secs(60), max }
    }

    /// A life of the thread, in which these are delivered.
    fn deliver(folder: &Path, max: u32, numbers: impl Iterator<Item = u8>) {
        let mut writer = Writer { folder: folder.into(), files: HashMap::new() };
        writer.carry_out(Order::Keep(NAME.into(), max));
        for number in numbers {
            writer.carry_out(Order::Delivered(NAME.into(), Identity([number; 16])));
            writer.write_all();
        }
    }

    fn known(folder: &Path, name: &str, max: u32, now: u64) -> Vec<u8> {
        recalled(folder, name, how(max), now).into_iter().map(|(identity, _)| identity.0[0]).collect()
    }

    #[test]
    fn what_was_delivered_is_known_in_the_next_life_for_its_time() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(known(state.path(), NAME, 9, now_ms()), [0; 0]);
        deliver(state.path(), 9, 1..=2);
        deliver(state.path(), 9, 3..=3);
        assert_eq!(known(state.path(), NAME, 9, now_ms()), [1, 2, 3]);
        assert_eq!(known(state.path(), "trigger/other", 9, now_ms()), [0; 0]);
        assert_eq!(known(state.path(), NAME, 9, now_ms() + 60_001), [0; 0], "its time is over");
        assert_eq!(known(state.path(), NAME, 2, now_ms()), [2, 3], "the newest");
    }

    #[test]
    fn a_file_is_as_long_as_what_is_remembered() {
        let state = tempfile::tempdir().unwrap();
        deliver(state.path(), 5, 1..=200);
        let left = known(state.path(), NAME, 5, now_ms());
        assert_eq!(left, [196, 197, 198, 199, 200]);
        let length = |file: PathBuf| fs::metadata(file).unwrap().len() as usize / RECORD;
        let file = state.path().join("trigger.bill");
        assert!(length(file.clone()) <= 5 && length(aside(&file)) <= 5);
    }

    #[test]
    fn a_record_that_was_cut_off_is_none_and_the_next_ones_are() {
        let state = tempfile::tempdir().unwrap();
        deliver(state.path(), 9, 1..=2);
        let file = state.path().join("trigger.bill");
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() - 7]).unwrap();
        assert_eq!(known(state.path(), NAME, 9, now_ms()), [1]);
        deliver(state.path(), 9, 3..=3);
        assert_eq!(known(state.path(), NAME, 9, now_ms()), [1, 3]);
    }

    #[test]
    fn under_a_new_name_it_goes_on() {
        let state = tempfile::tempdir().unwrap();
        let mut writer = Writer { folder: state.path().into(), files: HashMap::new() };
        writer.carry_out(Order::Keep(NAME.into(), 9));
        writer.carry_out(Order::Delivered(NAME.into(), Identity([1; 16])));
        writer.carry_out(Order::Renamed(NAME.into(), "trigger/pay".into()));
        writer.carry_out(Order::Delivered("trigger/pay".into(), Identity([2; 16])));
        writer.write_all();
        assert_eq!(known(state.path(), "trigger/pay", 9, now_ms()), [1, 2]);
        assert_eq!(known(state.path(), NAME, 9, now_ms()), [0; 0]);
    }
}
