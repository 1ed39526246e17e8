//! What a build is made of: the files of its folder, by what they hold, without what a build or a tool leaves there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::config::is_no_part;
use crate::config::resolved::Build;

/// Whoever has more files keeps data there.
const FILES_MAX: usize = 10_000;
/// Of a larger file its size and time must do.
const READ_MAX: u64 = 1 << 20;
/// Settings of functions are no sources.
const SETTINGS: [&str; 2] = ["function.toml", "runtime.toml"];

/// Each file, and what it holds in one number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sources(BTreeMap<PathBuf, u64>);

impl Sources {
    /// As they are now. Left out is what belongs to no function, what `.gitignore` names here and above, and the
    /// program itself.
    pub(super) fn of(build: &Build) -> Self {
        let mut walk = WalkBuilder::new(&build.dir);
        // A folder is ignored by what is said in it, whether or not it is a repository already.
        walk.require_git(false).ignore(false).git_global(false).git_exclude(false);
        walk.filter_entry(|entry| entry.depth() == 0 || !is_no_part(entry.file_name()));
        let files =
            walk.build().flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
        let paths = files.map(ignore::DirEntry::into_path).filter(|path| {
            let at_top = path.parent() == Some(&build.dir);
            let is_settings =
                at_top && path.file_name().is_some_and(|name| SETTINGS.iter().any(|s| name == *s));
            *path != build.program && !is_settings
        });
        Self(
            paths
                .take(FILES_MAX)
                .filter_map(|path| Some((stamp(&path).ok()?, path)))
                .map(|(s, p)| (p, s))
                .collect(),
        )
    }

    /// Those that were not there then.
    pub(super) fn new_since<'s>(&'s self, then: &'s Self) -> impl Iterator<Item = &'s PathBuf> {
        self.0.keys().filter(|path| !then.0.contains_key(*path))
    }

    /// A file that was there then, and is another one now or gone; but for those that builds `made`.
    pub(super) fn edited_since<'s>(&self, then: &'s Self, made: &BTreeSet<PathBuf>) -> Option<&'s Path> {
        let differs =
            |(path, stamp): &(&PathBuf, &u64)| self.0.get(*path) != Some(*stamp) && !made.contains(*path);
        then.0.iter().find(differs).map(|(path, _)| path.as_path())
    }
}

fn stamp(path: &Path) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    let metadata = fs::metadata(path)?;
    if metadata.len() > READ_MAX {
        (metadata.len(), metadata.mtime(), metadata.mtime_nsec()).hash(&mut hasher);
        return Ok(hasher.finish());
    }
    let mut content = Vec::new();
    File::open(path)?.take(READ_MAX + 1).read_to_end(&mut content)?;
    content.hash(&mut hasher);
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir, Build);

    impl Folder {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let build = Build {
                command: "make".into(),
                dir: dir.path().to_owned(),
                program: dir.path().join("serve"),
            };
            Self(dir, build)
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn names(&self) -> Vec<String> {
            let paths = Sources::of(&self.1).0.into_keys();
            paths.map(|path| path.strip_prefix(self.0.path()).unwrap().display().to_string()).collect()
        }
    }

    #[test]
    fn what_is_built_left_behind_or_ignored_is_no_source() {
        let folder = Folder::new();
        for name in [
            "main.c",
            "src/part.c",
            "serve",
            "function.toml",
            "target/x.rs",
            ".git/config",
            "node_modules/a.js",
        ] {
            folder.write(name, "x");
        }
        assert_eq!(folder.names(), ["main.c", "src/part.c"]);
        for name in ["made.o", "src/gen/parser.c", "src/gen/kept.c"] {
            folder.write(name, "x");
        }
        folder.write(".gitignore", "*.o\n/src/gen/*\n!kept.c\n");
        assert_eq!(folder.names(), ["main.c", "src/gen/kept.c", "src/part.c"]);
    }

    #[test]
    fn written_anew_with_the_same_it_is_the_same_and_what_comes_is_no_edit() {
        let folder = Folder::new();
        folder.write("main.c", "one");
        let then = Sources::of(&folder.1);
        folder.write("main.c", "one");
        assert_eq!(Sources::of(&folder.1), then);
        folder.write("made.c", "x");
        let now = Sources::of(&folder.1);
        let made: BTreeSet<PathBuf> = now.new_since(&then).cloned().collect();
        assert_eq!(made, BTreeSet::from([folder.0.path().join("made.c")]));
        assert_eq!((now.edited_since(&then, &BTreeSet::new()), now == then), (None, false));
        folder.write("made.c", "y");
        let later = Sources::of(&folder.1);
        assert_eq!((later.edited_since(&now, &made), later == now), (None, false));
        folder.write("main.c", "two");
        let edited = Sources::of(&folder.1).edited_since(&now, &made).map(Path::to_owned);
        assert_eq!(edited, Some(folder.0.path().join("main.c")));
    }
}
