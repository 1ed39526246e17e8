//! Small files that are replaced whole or not at all, whenever the power goes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes `text` in place of what `file` holds. Waits for the disk.
///
/// # Errors
/// It is not written; what was there is there still, or else the new text.
pub(crate) fn whole(file: &Path, text: &str) -> io::Result<()> {
    let new = file.with_extension("new");
    let mut written = File::create(&new)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    fs::rename(&new, file)?;
    let folder = file.parent().map_or_else(|| Err(io::ErrorKind::NotFound.into()), File::open)?;
    folder.sync_all()
}
