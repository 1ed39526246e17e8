//! Which children run, in a file: what a killed runtime leaves behind can be found by it.
//!
//! The first line names the boot, each other one a process: its number, and two times between which it started, in ticks
//! since the boot. These are of our own clock: the kernel would tell the exact one, but to ask takes longer than all the rest
//! of this, from a child that begins at this moment. Lines of ended processes do no harm, as no later process has its number
//! and its time; so an end is not written, and the file is written anew when most of it is stale.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, SysconfVar, sysconf};

/// Stale lines that are kept at least, so that the file is not written anew for every child.
const STALE_MIN: usize = 256;

/// The file, open for writing. A clone is the same journal.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    pages: Arc<Mutex<Pages>>,
}

#[derive(Debug)]
struct Pages {
    path: PathBuf,
    file: File,
    lines: usize,
    running: HashMap<i32, Entry>,
}

/// A process as the journal knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) pid: i32,
    /// When it started at the earliest, in ticks since the boot.
    pub(super) since: u64,
    /// And at the latest.
    pub(super) until: u64,
}

impl Entry {
    /// Whether a process of this number that started then is the one.
    pub(super) fn started_at(self, started: u64) -> bool {
        (self.since..=self.until).contains(&started)
    }
}

impl Journal {
    /// A new one, in place of the old: what that one named must have been ended.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let running = HashMap::new();
        let file = write_anew(path, &running)?;
        let pages = Pages { path: path.into(), file, lines: 0, running };
        Ok(Self { pages: Arc::new(Mutex::new(pages)) })
    }

    /// Notes a child that was started between `since` and now, and not reaped. A disk that is full does not keep functions
    /// from running.
    pub(super) fn add(&self, pid: Pid, since: u64) {
        let entry = Entry { pid: pid.as_raw(), since, until: now() };
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = pages.add(entry) {
            tracing::warn!(%error, path = %pages.path.display(), "cannot note a child process");
        }
    }

    /// Forgets a child that was reaped. Writes nothing.
    pub(super) fn remove(&self, pid: Pid) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.running.remove(&pid.as_raw());
    }
}

impl Pages {
    fn add(&mut self, entry: Entry) -> io::Result<()> {
        self.running.insert(entry.pid, entry);
        if self.lines > STALE_MIN.max(2 * self.running.len()) {
            self.file = write_anew(&self.path, &self.running)?;
            self.lines = self.running.len();
            return Ok(());
        }
        self.lines += 1;
        self.file.write_all(line(&entry).as_bytes())
    }
}

/// What the file at `path` names, if it is of this boot.
pub(super) fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    let mut lines = text.lines();
    if lines.next() != Some(boot()?.trim()) {
        return Ok(Vec::new());
    }
    // The last line may be torn; its numbers then fit no process, or are none.
    Ok(lines.filter_map(parse).collect())
}

/// In ticks since the boot, as [`started`] tells it.
pub(super) fn now() -> u64 {
    // Neither fails on Linux; at worst nobody is found.
    let since_boot = clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from);
    let a_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100).unsigned_abs();
    u64::try_from(since_boot.as_nanos()).unwrap_or(u64::MAX) / (1_000_000_000 / a_second)
}

/// When a process started, in ticks since the boot. An exec does not change it.
pub(super) fn started(pid: i32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The name before it is in brackets and may hold anything, brackets too. The start is field 22, and the
    // first one behind the name is field 3.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

/// Under a temporary name first: a kill at any time leaves the old file or the new one.
fn write_anew(path: &Path, running: &HashMap<i32, Entry>) -> io::Result<File> {
    let mut text = boot()?;
    text.extend(running.values().map(line));
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&temporary, path)?;
    Ok(file)
}

fn boot() -> io::Result<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
}

fn line(Entry { pid, since, until }: &Entry) -> String {
    let mut digits = [(); 3].map(|()| itoa::Buffer::new());
    let [first, second, third] = &mut digits;
    [first.format(*pid), " ", second.format(*since), " ", third.format(*until), "\n"].concat()
}

fn parse(line: &str) -> Option<Entry> {
    let mut fields = line.split(' ');
    let pid = fields.next()?.parse().ok()?;
    let mut time = || fields.next()?.parse().ok();
    Some(Entry { pid, since: time()?, until: time()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_names_what_runs_and_stays_small() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("children");
        let journal = Journal::create(&path).unwrap();
        for pid in 1_000_000..1_010_000 {
            let mut pages = journal.pages.lock().unwrap();
            pages.add(Entry { pid, since: 7, until: 8 }).unwrap();
            drop(pages);
            if pid != 1_000_005 {
                journal.remove(Pid::from_raw(pid));
            }
        }
        assert!(read(&path).unwrap().contains(&Entry { pid: 1_000_005, since: 7, until: 8 }));
        assert!(fs::metadata(&path).unwrap().len() < 64 * 1024);
    }

    #[test]
    fn a_journal_of_another_boot_names_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("children");
        fs::write(&path, "another-boot\n1 2 3\n").unwrap();
        assert_eq!(read(&path).unwrap(), []);
        assert_eq!(read(&dir.path().join("none")).unwrap(), []);
        fs::write(&path, format!("{}1 2 3\n4 5", boot().unwrap())).unwrap();
        assert_eq!(read(&path).unwrap(), [Entry { pid: 1, since: 2, until: 3 }]);
    }
}
