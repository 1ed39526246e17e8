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

/// A file as it was met.
#[derive(Clone, Copy)]
pub(super) struct Facing<'a> {
    pub(super) path: &'a Path,
    /// Whether the path is that of a link.
    pub(super) is_link: bool,
    /// Of what it leads to.
    pub(super) metadata: &'a Metadata,
}

/// Remembers the folders it looked at: many files are in one.
pub(in crate::config) struct Trust {
    /// Who we are.
    user: u32,
    /// The nearest folder above, or the folder itself, that everyone may change.
    open_folders: HashMap<PathBuf, Option<PathBuf>>,
    /// The same of the folder looked at last, and of where it is when no link leads there.
    last: Option<(PathBuf, Option<PathBuf>)>,
}

impl Default for Trust {
    fn default() -> Self {
        Self { user: nix::unistd::geteuid().as_raw(), open_folders: HashMap::new(), last: None }
    }
}

impl Trust {
    /// Whether the file may be started; `shown` tells its path to people.
    pub(super) fn verdict(&mut self, file: Facing<'_>, shown: impl Fn() -> String) -> Verdict {
        let Facing { path, is_link, metadata } = file;
        if metadata.mode() & OTHERS_WRITE != 0 {
            return Verdict::Refused(open_file(&shown()));
        }
        if metadata.uid() != 0 && metadata.uid() != self.user {
            return Verdict::Refused(foreign_file(&shown(), metadata.uid()));
        }
        // A link is as safe as the folder it is in and the one it leads to.
        let open = path.parent().and_then(|parent| self.open_way(parent));
        let open = open.or_else(|| is_link.then(|| self.open_folder(real(path).parent()?)).flatten());
        if let Some(open) = open {
            return Verdict::Refused(open_folder(&shown(), &open));
        }
        if metadata.mode() & GROUP_WRITES != 0 {
            return Verdict::Doubtful(group_file(&shown()));
        }
        Verdict::Trusted
    }

    /// What everyone may change of a folder, or of where it is when all links were followed.
    fn open_way(&mut self, folder: &Path) -> Option<PathBuf> {
        if let Some((_, open)) = self.last.as_ref().filter(|(last, _)| last == folder) {
            return open.clone();
        }
        let open = self.open_folder(folder).or_else(|| self.open_folder(&real(folder)));
        self.last = Some((folder.to_owned(), open.clone()));
        open
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

/// Where it is when all links were followed.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
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
