//! One runtime per state folder.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::process::is_ending;

/// A process that was killed ends once its threads are back from the disk.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Held for as long as the runtime uses the folder; the system lets go of it however the process ends.
#[derive(Debug)]
pub(super) struct StateLock {
    dir: PathBuf,
    _file: File,
}

impl StateLock {
    /// Takes the folder, making it if need be.
    ///
    /// # Errors
    /// Names the process that has it.
    pub(super) fn take(dir: &Path) -> anyhow::Result<Self> {
        // Events are nobody else's business.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.with_context(|| format!("cannot make the state folder {}", dir.display()))?;
        let path = dir.join("lock");
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.with_context(|| format!("cannot open {}", path.display()))?;
        match lock(&mut file, is_ending) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "the state folder {} is in use by {}; stop it, or set another [runtime] state",
                dir.display(),
                holder(&mut file)
                    .map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        file.rewind()
            .and_then(|()| file.set_len(0))
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .context("cannot write the lock")?;
        Ok(Self { dir: dir.to_owned(), _file: file })
    }

    /// Where the processes that run are noted.
    pub(super) fn journal(&self) -> PathBuf {
        self.dir.join("instances")
    }
}

/// Locks the file. Who was killed a moment ago may hold it until its last write to the disk is done, and is waited for.
fn lock(file: &mut File, mut is_ending: impl FnMut(i32) -> bool) -> Result<(), TryLockError> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock)
                if begun.elapsed() < ENDS_WITHIN && holder(file).is_some_and(&mut is_ending) =>
            {
                std::thread::sleep(LOOK_AGAIN);
            }
            answer => return answer,
        }
    }
}

/// Who has the folder, as they wrote it down; between taking the lock and writing it is empty.
fn holder(lock: &mut File) -> Option<i32> {
    let mut text = String::new();
    lock.rewind().and_then(|()| lock.read_to_string(&mut text)).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_use_is_refused_with_who_has_it() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("state");
        let held = StateLock::take(&dir).unwrap();
        let refusal = StateLock::take(&dir).unwrap_err().to_string();
        let said = format!("state is in use by process {}; stop it", std::process::id());
        assert!(refusal.contains(&said), "{refusal}");
        drop(held);
        StateLock::take(&dir).unwrap();
    }

    /// A runtime that was killed leaves its number behind, and the folder free.
    #[test]
    fn what_a_killed_runtime_wrote_does_not_hold_the_folder() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("lock"), "4194304\n").unwrap();
        let _held = StateLock::take(root.path()).unwrap();
        let text = std::fs::read_to_string(root.path().join("lock")).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
    }

    #[test]
    fn a_holder_that_has_not_written_its_number_yet_is_another_process() {
        let root = tempfile::tempdir().unwrap();
        let _held = StateLock::take(root.path()).unwrap();
        std::fs::write(root.path().join("lock"), "").unwrap();
        let refusal = StateLock::take(root.path()).unwrap_err().to_string();
        assert!(refusal.contains("in use by another process"), "{refusal}");
    }
    #[test]
    fn who_was_killed_a_moment_ago_is_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let mut held = Some(StateLock::take(root.path()).unwrap());
        let mut file = OpenOptions::new().read(true).open(root.path().join("lock")).unwrap();
        let mut looks = 0;
        lock(&mut file, |pid| {
            assert_eq!(pid, std::process::id().cast_signed());
            looks += 1;
            if looks == 3 {
                held = None;
            }
            true
        })
        .unwrap();
        assert_eq!(looks, 3);
    }
}
