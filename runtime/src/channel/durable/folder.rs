//! The folder of a channel: whose it is, which format it has, and which partitions are in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::channel::OpenError;

/// Counts up when a file changes its meaning.
const FORMAT: u32 = 3;
/// Files of this one and later ones mean the same to us.
const FORMAT_LEAST: u32 = 1;

/// A channel's folder, ours for as long as this lives.
pub(super) struct Folder {
    path: PathBuf,
    /// Locked.
    _format: File,
}

impl Folder {
    /// Makes the folder where there is none, and refuses one that another writer has or that is newer than we.
    pub(super) fn claim(path: &Path) -> Result<Self, OpenError> {
        create(path).map_err(at(path))?;
        let format_path = path.join("format");
        let mut format = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&format_path)
            .map_err(at(&format_path))?;
        match format.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError(format!("{}: another writer has it open", path.display())));
            }
            Err(TryLockError::Error(error)) => return Err(at(&format_path)(error)),
        }
        let mut text = String::new();
        format.read_to_string(&mut text).map_err(at(&format_path))?;
        if text.is_empty() {
            write_format(&mut format, path).map_err(at(&format_path))?;
        } else if check_format(&text, &format_path)? < FORMAT {
            // From the first record on that we write, an older hydrant must not read it any more.
            format.set_len(0).and_then(|()| format.rewind()).map_err(at(&format_path))?;
            write_format(&mut format, path).map_err(at(&format_path))?;
        }
        Ok(Self { path: path.to_owned(), _format: format })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many partitions there are: those asked for, and no fewer than have a folder already. Lowering the
    /// number must not hide what is stored.
    pub(super) fn partitions(&self, wanted: u32) -> io::Result<u32> {
        let mut count = wanted.max(1);
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            if let Some(partition) = name.to_str().and_then(|name| name.parse::<u32>().ok()) {
                count = count.max(partition.saturating_add(1));
            }
        }
        Ok(count)
    }

    /// The folder of a partition.
    pub(super) fn partition(&self, partition: u32) -> io::Result<PathBuf> {
        let dir = self.path.join(partition.to_string());
        create(&dir)?;
        Ok(dir)
    }
}

/// Makes creations, renames and removals in a folder outlive a power loss.
pub(super) fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// What failed at a path.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> OpenError + '_ {
    move |error| OpenError(format!("{}: {error}", path.display()))
}

fn create(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir)?;
    dir.parent().map_or(Ok(()), sync)
}

fn write_format(file: &mut File, dir: &Path) -> io::Result<()> {
    file.write_all(format!("hydrant channel, format {FORMAT}\n").as_bytes())?;
    file.sync_all()?;
    sync(dir)
}

fn check_format(text: &str, path: &Path) -> Result<u32, OpenError> {
    let path = path.display();
    let number = text.trim_end().rsplit(' ').next().and_then(|word| word.parse::<u32>().ok());
    match number {
        Some(known @ FORMAT_LEAST..=FORMAT) => Ok(known),
        Some(newer) if newer > FORMAT => Err(OpenError(format!(
            "{path} says format {newer}, and this hydrant knows formats up to {FORMAT}: use the newer hydrant that wrote it"
        ))),
        _ => Err(OpenError(format!("{path} is no format of a channel: `{}`", text.trim_end()))),
    }
}
