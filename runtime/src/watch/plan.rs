//! Which folders are watched, and which names in them matter.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::notice::Changed;
use crate::config::{is_left_over, is_no_part};

/// Links followed on the way to one file, as the kernel does.
const LINKS_MAX: usize = 40;

/// Folders watched inside one function.
const FUNCTION_FOLDERS_MAX: usize = 1_000;

/// What is to be watched; absolute paths, which need not exist.
#[derive(Clone, Debug, Default)]
pub(super) struct Targets {
    pub(super) folders: Vec<PathBuf>,
    pub(super) config: Option<PathBuf>,
    pub(super) programs: Vec<PathBuf>,
    /// Folders of sources that are no functions' own.
    pub(super) sources: Vec<PathBuf>,
    /// A folder of files that are no functions.
    pub(super) files: Option<PathBuf>,
}

/// Folders by their real paths, so that none is watched under two names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    dirs: HashMap<PathBuf, Dir>,
}

/// What matters in one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Dir {
    /// It holds functions, or files of a source: every name matters that no tool left there.
    functions: bool,
    /// It is a function, or inside one: every name matters that is a part of it.
    function: bool,
    /// What a way leads over: the file or folder itself, each link to it, or where the way ends by now.
    names: HashMap<OsString, Changed>,
}

/// What a name means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) changed: Changed,
    /// A way leads over it.
    pub(super) way: bool,
}

impl Plan {
    /// As things are now.
    pub(super) fn of(targets: &Targets) -> Self {
        let mut plan = Self::default();
        for folder in &targets.folders {
            plan.add_folder(folder);
        }
        for program in &targets.programs {
            plan.add_way(program, Changed::FUNCTIONS);
        }
        for sources in &targets.sources {
            if let Some(real) = plan.add_way(sources, Changed::FUNCTIONS) {
                plan.add_function(real);
            }
        }
        if let Some(real) = targets.files.as_ref().and_then(|files| plan.add_way(files, Changed::FUNCTIONS))
            && real.is_dir()
        {
            plan.dir(&real).functions = true;
        }
        if let Some(config) = &targets.config {
            plan.add_way(config, Changed::CONFIG);
        }
        plan
    }

    pub(super) fn dirs(&self) -> HashSet<PathBuf> {
        self.dirs.keys().cloned().collect()
    }

    /// What it means when something happens to a path in a watched folder.
    pub(super) fn meaning(&self, path: &Path) -> Meaning {
        let parent = path.parent().and_then(|parent| self.dirs.get(parent));
        let (Some(dir), Some(name)) = (parent, path.file_name()) else {
            return Meaning::default();
        };
        let way = dir.names.get(name).copied();
        let mut changed = way.unwrap_or_default();
        changed.functions |= dir.functions && !is_left_over(name) || dir.function && !is_no_part(name);
        Meaning { changed, way: way.is_some() }
    }

    /// What it means when something happens to a watched folder itself.
    pub(super) fn meaning_of_dir(&self, path: &Path) -> Option<Changed> {
        let dir = self.dirs.get(path)?;
        let mut changed = Changed { functions: dir.functions || dir.function, config: false };
        dir.names.values().for_each(|name| changed.add(*name));
        Some(changed)
    }

    fn add_folder(&mut self, folder: &Path) {
        let Some(real) = self.add_way(folder, Changed::FUNCTIONS) else {
            return;
        };
        let Ok(entries) = fs::read_dir(&real) else { return };
        self.dir(&real).functions = true;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Ok(kind) = entry.file_type() else { continue };
            if is_left_over(&name) || kind.is_file() {
                continue;
            }
            // A folder, or a link to something.
            let Some(real) = self.add_way(&entry.path(), Changed::FUNCTIONS) else {
                continue;
            };
            if real.is_dir() {
                self.add_function(real);
            }
        }
    }

    /// A folder that is a function, with the folders in it; links in it are followed to files only.
    fn add_function(&mut self, real: PathBuf) {
        let mut folders = vec![real];
        let mut left = FUNCTION_FOLDERS_MAX;
        while let Some(folder) = folders.pop().filter(|_| left > 0) {
            left -= 1;
            let entries = fs::read_dir(&folder);
            self.dir(&folder).function = true;
            for entry in entries.into_iter().flatten().flatten() {
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_file() || is_no_part(&entry.file_name()) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_symlink() {
                    self.add_way(&entry.path(), Changed::FUNCTIONS);
                }
            }
        }
    }

    /// Watches what would change where a path leads: its last step, each link on the way, or the first step that
    /// is missing. Gives where it leads, if it does.
    fn add_way(&mut self, path: &Path, changed: Changed) -> Option<PathBuf> {
        let mut ahead: VecDeque<OsString> = steps(path).collect();
        let mut at = PathBuf::from("/");
        let mut links = 0;
        while let Some(step) = ahead.pop_front() {
            if step == ".." {
                at.pop();
                continue;
            }
            let next = at.join(&step);
            let link = fs::read_link(&next).ok();
            if link.is_some() || ahead.is_empty() || !next.is_dir() {
                self.dir(&at).names.entry(step).or_default().add(changed);
            }
            match link {
                Some(_) if links == LINKS_MAX => return None,
                Some(target) => {
                    links += 1;
                    if target.is_absolute() {
                        at = "/".into();
                    }
                    steps(&target).rev().for_each(|step| ahead.push_front(step));
                }
                None if !next.exists() => return None,
                None => at = next,
            }
        }
        Some(at)
    }

    fn dir(&mut self, path: &Path) -> &mut Dir {
        self.dirs.entry(path.into()).or_default()
    }
}

fn steps(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().filter_map(|component| match component {
        Component::Normal(step) => Some(step.into()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}
