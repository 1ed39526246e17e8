//! `.gitignore`: the state folder is nothing to commit.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub(super) const FILE: &str = ".gitignore";
/// The state folder, where nobody says otherwise.
pub(super) const STATE: &str = ".hydrant/";

/// A line for the end of the file.
pub(super) struct Change {
    path: PathBuf,
    line: String,
}

/// What is missing, where there is such a file, or git would look for one.
pub(super) fn change(project: &Path) -> Option<Change> {
    let path = project.join(FILE);
    let line = match std::fs::read_to_string(&path) {
        Ok(text) if text.lines().any(|line| line.trim().trim_matches('/') == STATE.trim_matches('/')) => {
            return None;
        }
        // A last line may have no end.
        Ok(text) if !text.is_empty() && !text.ends_with('\n') => format!("\n{STATE}\n"),
        Ok(_) => format!("{STATE}\n"),
        Err(error) if error.kind() == io::ErrorKind::NotFound && in_work_tree(project) => {
            format!("{STATE}\n")
        }
        Err(_) => return None,
    };
    Some(Change { path, line })
}

/// A work tree's `.git` is a folder, or a file in one that git made beside another.
fn in_work_tree(project: &Path) -> bool {
    project.ancestors().any(|folder| folder.join(".git").exists())
}

impl Change {
    pub(super) fn apply(&self) -> io::Result<()> {
        OpenOptions::new().append(true).create(true).open(&self.path)?.write_all(self.line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn after(before: Option<&str>, git: bool) -> Option<String> {
        let project = tempfile::tempdir().unwrap();
        if git {
            fs::create_dir(project.path().join(".git")).unwrap();
        }
        let inside = project.path().join("shop");
        fs::create_dir(&inside).unwrap();
        if let Some(text) = before {
            fs::write(inside.join(FILE), text).unwrap();
        }
        if let Some(change) = change(&inside) {
            change.apply().unwrap();
        }
        fs::read_to_string(inside.join(FILE)).ok()
    }

    #[test]
    fn the_state_is_ignored_once_where_git_looks() {
        let check = |before, git, expected: Option<&str>| assert_eq!(after(before, git).as_deref(), expected);
        check(None, false, None);
        check(None, true, Some(".hydrant/\n"));
        check(Some(""), false, Some(".hydrant/\n"));
        check(Some("target"), true, Some("target\n.hydrant/\n"));
        check(Some("target\n"), false, Some("target\n.hydrant/\n"));
        for there in [".hydrant\n", "/.hydrant/\n", "a\n.hydrant/"] {
            check(Some(there), true, Some(there));
        }
    }
}
