//! The next segment of a channel that syncs, zeroed while the one before it is filled. To sync what is written over
//! zeros that the disk has is one write; where a file grows, the file system's journal has to follow.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;

/// Written at a time: who syncs meanwhile waits for no more.
const STEP: usize = 1 << 20;

/// A file of zeros in a partition's folder, or the work on it.
pub(super) struct Ahead {
    path: PathBuf,
    work: JoinHandle<()>,
}

impl Ahead {
    /// Begins to make one of that many bytes.
    pub(super) fn begin(dir: &Path, bytes: u64) -> Self {
        let path = path(dir);
        let file = path.clone();
        let work = tokio::task::spawn_blocking(move || {
            // It is only slower without one.
            if let Err(error) = zero(&file, bytes) {
                tracing::debug!("cannot write zeros to {} ahead of time: {error}", file.display());
                let _ = fs::remove_file(&file);
            }
        });
        Self { path, work }
    }

    pub(super) fn is_done(&self) -> bool {
        self.work.is_finished()
    }

    /// Makes it the file at `path`, if there is one.
    pub(super) fn become_file(self, path: &Path) -> Option<File> {
        let file = OpenOptions::new().write(true).open(&self.path).ok()?;
        fs::rename(&self.path, path).ok()?;
        Some(file)
    }
}

/// Removes what an end in between has left.
pub(super) fn clear(dir: &Path) {
    let _ = fs::remove_file(path(dir));
}

fn path(dir: &Path) -> PathBuf {
    dir.join("next")
}

fn zero(path: &Path, bytes: u64) -> io::Result<()> {
    let file = File::create(path)?;
    let zeros = vec![0; STEP];
    for at in (0..bytes).step_by(STEP) {
        let step = usize::try_from(bytes - at).map_or(STEP, |left| left.min(STEP));
        file.write_all_at(&zeros[..step], at)?;
        file.sync_data()?;
    }
    Ok(())
}
