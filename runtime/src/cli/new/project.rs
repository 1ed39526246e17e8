//! A whole folder: a broker and three functions, which are those of examples/broker-and-triggers.

use std::path::{Path, PathBuf};

use super::super::exit::Failure;
use super::draft::Draft;
use super::gitignore;

const RUNTIME: &str = include_str!("templates/project/runtime.toml");
const PACK: &str = include_str!("../../../../examples/broker-and-triggers/functions/pack.sh");
const SHIP: &str = include_str!("../../../../examples/broker-and-triggers/functions/ship.sh");
const NOTE: &str = include_str!("../../../../examples/broker-and-triggers/functions/note.sh");

/// What the functions write.
const NOTES: &str = "parcels.txt\nseen.txt\n";

/// Writes it, and tells the paths.
pub(super) fn write(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut draft = Draft::new(folder.to_owned());
    draft.file("runtime.toml", RUNTIME);
    draft.program("functions/pack.sh", PACK);
    draft.program("functions/ship.sh", SHIP);
    draft.program("functions/note.sh", NOTE);
    draft.file(gitignore::FILE, format!("{}\n{NOTES}", gitignore::STATE));
    let inside = draft.write()?;
    Ok(inside.into_iter().map(|path| folder.join(path)).collect())
}
