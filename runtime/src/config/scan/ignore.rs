//! What lies in a functions folder and is meant to be no function.

use std::path::Path;

/// Folders of tools, which programs leave beside themselves.
const FOLDERS: &[&str] = &["samples", "node_modules", "__pycache__", "target"];

/// Whether a path is passed over without a word.
pub(super) fn is_ignored(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hidden = name.starts_with('.');
    let document = name.ends_with(".md");
    // `4913` is vim's probe whether it may write here.
    let editors = name.ends_with('~') || name.ends_with(".swp") || name.starts_with('#') || name == "4913";
    hidden || document || editors || FOLDERS.contains(&&*name)
}
