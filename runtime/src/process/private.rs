//! A child's own folder for temporary files, which ends with it.

use std::fs::{DirBuilder, remove_dir_all};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The folder, for as long as this lives.
#[derive(Debug)]
pub(super) struct PrivateTmp(PathBuf);

impl PrivateTmp {
    /// A new one, which only our user may enter.
    ///
    /// # Errors
    /// It is there already: then it is somebody else's.
    pub(super) fn make(path: &Path) -> io::Result<Self> {
        DirBuilder::new().mode(0o700).create(path)?;
        Ok(Self(path.to_owned()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateTmp {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.0);
        let remove = move || {
            if let Err(error) = remove_dir_all(&path) {
                tracing::warn!("cannot remove {}: {error}", path.display());
            }
        };
        // The end of a child is seen by the loop, which waits for no disk.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}
