//! The file in which a job finds its event (Knative's JobSink).

use std::fs::{DirBuilder, File, remove_dir_all};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use activator::event::{Event, json};

/// Memory, and not hidden from those that have a `/tmp` of their own.
const SHARED_MEMORY: &str = "/dev/shm";

/// A folder that only our user may enter, with the event in it; it goes with this.
#[derive(Debug)]
pub(super) struct EventFile {
    folder: PathBuf,
    file: PathBuf,
}

impl EventFile {
    /// Writes the event as JSON.
    pub(super) async fn write(event: &Event) -> io::Result<Self> {
        let json = json::encode(event);
        tokio::task::spawn_blocking(move || Self::make(&json))
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    fn make(json: &[u8]) -> io::Result<Self> {
        let shared = Path::new(SHARED_MEMORY);
        let parent = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
        // A name that nobody can have taken before.
        let folder = parent.join(format!("hydrant-job-{:016x}", RandomState::new().build_hasher().finish()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let made = Self { file: folder.join("event"), folder };
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
        if let Err(error) = remove_dir_all(&self.folder) {
            tracing::warn!("cannot remove {}: {error}", self.folder.display());
        }
    }
}
