//! One runtime per state folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

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
        if file.try_lock().is_err() {
            let mut holder = String::new();
            file.read_to_string(&mut holder).ok();
            bail!(
                "the state folder {} is in use by process {}; stop it, or set another [runtime] state",
                dir.display(),
                holder.trim()
            );
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .context("cannot write the lock")?;
        Ok(Self { dir: dir.to_owned(), _file: file })
    }

    /// Where the processes that run are noted.
    pub(super) fn journal(&self) -> PathBuf {
        self.dir.join("instances")
    }
}
