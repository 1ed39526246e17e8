//! Who else could change a function: what everyone may write is not started, and neither is what belongs to
//! someone else. Otherwise every local user could run programs as us.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::config::codes::Code;
use crate::config::diagnostic::Diagnostic;

const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
/// In a sticky folder, such as /tmp, only owners rename and remove.
const STICKY: u32 = 0o1000;

pub(super) enum Verdict {
    Trusted,
    Doubtful(Diagnostic),
    Refused(Diagnostic),
}

/// Remembers the folders it looked at: many files are in one.
#[derive(Default)]
pub(in crate::config) struct Trust {
    /// The nearest folder above, or the folder itself, that everyone may change.
    open_folders: HashMap<PathBuf, Option<PathBuf>>,
    /// Where folders are when no link leads there.
    real_folders: HashMap<PathBuf, PathBuf>,
}

impl Trust {
    /// Whether the file may be started.
    pub(super) fn verdict(&mut self, path: &Path, shown: &str, metadata: &Metadata) -> Verdict {
        if metadata.mode() & OTHERS_WRITE != 0 {
            return Verdict::Refused(open_file(shown));
        }
        if !is_ours(metadata.uid()) {
            return Verdict::Refused(foreign_file(shown, metadata.uid()));
        }
        // A link is as safe as the folder it is in and the one it leads to.
        if let Some(open) = path.parent().and_then(|parent| self.open_folder(parent)) {
            return Verdict::Refused(open_folder(shown, &open));
        }
        if let Some(open) = self.target_folder(path).and_then(|folder| self.open_folder(&folder)) {
            return Verdict::Refused(open_folder(shown, &open));
        }
        if metadata.mode() & GROUP_WRITES != 0 {
            return Verdict::Doubtful(group_file(shown));
        }
        Verdict::Trusted
    }

    /// The folder that the file is in when all links were followed.
    fn target_folder(&mut self, path: &Path) -> Option<PathBuf> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if path.is_symlink() {
            return real(path).parent().map(Path::to_owned);
        }
        let parent = path.parent()?;
        if let Some(known) = self.real_folders.get(parent) {
            return Some(known.clone());
        }
        let found = real(parent);
        self.real_folders.insert(parent.to_owned(), found.clone());
        Some(found)
    }

    fn open_folder(&mut self, folder: &Path) -> Option<PathBuf> {
        if let Some(known) = self.open_folders.get(folder) {
            return known.clone();
        }
        let open = if is_open(folder) {
            Some(folder.to_owned())
        } else {
            folder.parent().and_then(|parent| self.open_folder(parent))
        };
        self.open_folders.insert(folder.to_owned(), open.clone());
        open
    }
}

fn is_open(folder: &Path) -> bool {
    folder.metadata().is_ok_and(|m| m.mode() & OTHERS_WRITE != 0 && m.mode() & STICKY == 0)
}

fn is_ours(owner: u32) -> bool {
    owner == 0 || owner == nix::unistd::geteuid().as_raw()
}

fn open_file(shown: &str) -> Diagnostic {
    Diagnostic::new(
        Code::OthersMayWrite,
        format!("{shown} can be changed by every user, so it is not started"),
    )
    .about(shown)
    .help(format!("chmod o-w {shown}"))
}

fn open_folder(shown: &str, folder: &Path) -> Diagnostic {
    let folder = folder.display();
    Diagnostic::new(
        Code::OthersMayWrite,
        format!("{shown} is not started: every user can change the folder {folder}"),
    )
    .about(shown)
    .help(format!("chmod o-w {folder}"))
}

fn foreign_file(shown: &str, owner: u32) -> Diagnostic {
    Diagnostic::new(Code::OthersMayWrite, format!("{shown} belongs to user {owner}, so it is not started"))
        .about(shown)
        .help(format!("chown it to yourself or root: sudo chown $USER {shown}"))
}

fn group_file(shown: &str) -> Diagnostic {
    Diagnostic::new(Code::GroupMayWrite, format!("{shown} can be changed by its group"))
        .about(shown)
        .help(format!("chmod g-w {shown} if not everyone in the group may run programs as you"))
}
