//! The file in which a job finds its event (Knative's JobSink).

use std::fs::{self, DirBuilder, File};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Once;

use activator::event::{Event, json};

/// Memory, and not hidden from those that have a `/tmp` of their own.
const SHARED_MEMORY: &str = "/dev/shm";
const NAME: &str = "hydrant-job-";

/// A folder that only our user may enter, with the event in it; it goes with this.
#[derive(Debug)]
pub(super) struct EventFile {
    folder: PathBuf,
    file: PathBuf,
    /// Locked: what nobody has locked was left by a runtime that was killed.
    _folder: File,
}

impl EventFile {
    /// Writes the event as JSON.
    pub(super) async fn write(event: &Event) -> io::Result<Self> {
        static SWEPT: Once = Once::new();
        let json = json::encode(event);
        let make = move || {
            let shared = Path::new(SHARED_MEMORY);
            let parent = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
            SWEPT.call_once(|| sweep(&parent));
            Self::make(&parent, &json)
        };
        tokio::task::spawn_blocking(make).await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    fn make(parent: &Path, json: &[u8]) -> io::Result<Self> {
        let (folder, held) = loop {
            // A name that nobody can have taken before.
            let folder = parent.join(format!("{NAME}{:016x}", RandomState::new().build_hasher().finish()));
            DirBuilder::new().mode(0o700).create(&folder)?;
            // Before it was locked, another runtime may have swept it away.
            if let Some(held) = lock(&folder).filter(|_| folder.is_dir()) {
                break (folder, held);
            }
        };
        let made = Self { file: folder.join("event"), folder, _folder: held };
        File::create_new(&made.file)?.write_all(json)?;
        Ok(made)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn path(&self) -> &Path {
        &self.file
    }
}

impl Drop for EventFile {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

/// Removes what runtimes that were killed have left.
fn sweep(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for folder in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(NAME)) {
        // Those of another user cannot be opened.
        if let Some(_held) = lock(&folder.path()) {
            remove(&folder.path());
        }
    }
}

fn lock(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    folder.try_lock().is_ok().then_some(folder)
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::warn!("cannot remove {}: {error}", folder.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_runtime_left_is_swept_and_what_is_in_use_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join("hydrant-job-1");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("event"), "{}").unwrap();
        fs::create_dir(parent.path().join("others")).unwrap();
        let used = EventFile::make(parent.path(), b"{}").unwrap();
        sweep(parent.path());
        assert!(!left.exists() && parent.path().join("others").exists());
        assert_eq!(fs::read(used.path()).unwrap(), b"{}");
        let folder = used.folder().to_owned();
        drop(used);
        assert!(!folder.exists());
    }
}
