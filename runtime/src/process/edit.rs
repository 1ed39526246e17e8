//! An editor in a person's terminal, waited for.
#![expect(
    clippy::disallowed_methods,
    reason = "no function starts here: a person works in this one's terminal"
)]

use std::env;
use std::io;
use std::path::Path;
use std::process::Command;

/// What is run where nothing else is named.
const DEFAULT: &str = "vi";

/// Nothing was edited.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    #[error("cannot run /bin/sh: {0}")]
    Shell(#[source] io::Error),
    #[error("the editor `{0}` failed ({1})")]
    Failed(String, std::process::ExitStatus),
}

/// Lets a person edit the file in `$VISUAL`, `$EDITOR` or vi; these hold a shell's words, as git has it.
pub(crate) fn edit(path: &Path) -> Result<(), EditError> {
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(|name| env::var(name).ok());
    let editor = named.into_iter().find(|editor| !editor.trim().is_empty()).unwrap_or_else(|| DEFAULT.into());
    let status = Command::new("/bin/sh")
        .args(["-c", &format!("exec {editor} \"$@\""), "sh"])
        .arg(path)
        .status()
        .map_err(EditError::Shell)?;
    if status.success() { Ok(()) } else { Err(EditError::Failed(editor, status)) }
}
