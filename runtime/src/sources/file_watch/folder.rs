//! What lies in a folder: its files, and what one of them holds when nobody writes it any more.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::source::FileWatch;
use super::stamp::Stamp;
use crate::config::is_left_over;
use crate::process;

/// Where the system does not say whether somebody writes a file, nobody does who did not for so long.
pub(super) const QUIET: Duration = Duration::from_secs(2);

/// The clock of a file system has steps of up to so long: what is written twice within one looks as if it were written once.
pub(super) const STEP: Duration = Duration::from_millis(10);

/// One file.
pub(super) enum File {
    /// With what it holds, where that is wanted and not too much.
    Complete(Stamp, Option<Bytes>),
    /// Its writer will close it.
    BeingWritten,
    /// It may still be written.
    Unsettled,
    /// It is gone, or something else lies there by now.
    Gone,
}

/// The files in it that are meant, by their names.
pub(super) fn list(source: &FileWatch) -> io::Result<BTreeMap<String, Stamp>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&source.folder)? {
        let entry = entry?;
        if is_left_over(&entry.file_name()) {
            continue;
        }
        // A subject is text.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !source.is_meant(&name) {
            continue;
        }
        // It may be gone by now. Links are none: they lead to what nobody put here.
        let data = entry.metadata().ok().filter(fs::Metadata::is_file);
        files.extend(data.map(|data| (name, Stamp::of(&data))));
    }
    Ok(files)
}

/// Looks into one; with data of so many bytes at most. Waits for the disk.
pub(super) fn read(source: &FileWatch, name: &str, data_bytes_max: Option<usize>) -> io::Result<File> {
    let path = source.folder.join(name);
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let mut file = match OpenOptions::new().read(true).custom_flags(flags).open(&path) {
        Ok(file) => file,
        Err(error) => return without(error),
    };
    if !file.metadata()?.is_file() {
        return Ok(File::Gone);
    }
    // From here on, the system holds back who wants to write it, where it can.
    let is_written = process::is_written_to(&path, &file);
    let stamp = Stamp::of(&file.metadata()?);
    let age = stamp.age(SystemTime::now());
    match is_written {
        Ok(true) => return Ok(File::BeingWritten),
        Err(_) if age < QUIET => return Ok(File::Unsettled),
        // So that whatever is written after this has another time.
        _ => sleep(STEP.saturating_sub(age)),
    }
    let size = usize::try_from(stamp.size).unwrap_or(usize::MAX);
    let Some(_) = data_bytes_max.filter(|max| size <= *max) else { return Ok(File::Complete(stamp, None)) };
    let mut data = Vec::with_capacity(size);
    file.by_ref().take(stamp.size).read_to_end(&mut data)?;
    // Whom the system does not hold back may have written meanwhile.
    let is_same = Stamp::of(&file.metadata()?).is_as(&stamp) && data.len() == size;
    Ok(if is_same { File::Complete(stamp, Some(data.into())) } else { File::Unsettled })
}

/// What it means that one cannot be opened.
fn without(error: io::Error) -> io::Result<File> {
    match (error.kind(), error.raw_os_error()) {
        // A link, or a socket: none by now.
        (ErrorKind::NotFound, _) | (_, Some(libc::ELOOP | libc::ENXIO)) => Ok(File::Gone),
        // Somebody has it for himself, and may write it.
        (ErrorKind::WouldBlock, _) => Ok(File::BeingWritten),
        _ => Err(error),
    }
}
