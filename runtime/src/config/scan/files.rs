//! Which files belong to a function: its program, or all in the folder it is.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::codes::Code;
use crate::config::content::{Stat, Stats};
use crate::config::diagnostic::Diagnostic;
use crate::config::ledger::Ledger;

use super::Scan;
use super::entry::{Entry, MANIFEST, Seen};
use super::ignore::is_no_part;
use super::look::Look;
use super::trust::{Facing, Trust, Verdict};

/// In the order of their paths.
type Files = BTreeMap<Arc<Path>, Stat>;

/// Files of one function. Whoever keeps more in its folder keeps data there.
const FILES_MAX: usize = 10_000;

impl Scan<'_> {
    /// What the system says of a function's files.
    ///
    /// # Errors
    /// When one of them could be changed by others, for people.
    pub(in crate::config) fn stats(
        &self,
        entry: &Entry,
        seen: Option<&Seen>,
        ledger: &Ledger,
    ) -> Result<Stats, String> {
        match &entry.own {
            // It was looked at just now; or somebody is writing it, and it is what it was.
            None => {
                let stat = seen.map(|seen| seen.stat);
                let stat = stat.or_else(|| ledger.stat(&entry.name, &entry.path));
                Ok(stat.into_iter().map(|stat| (Arc::clone(&entry.path), stat)).collect())
            }
            Some(own) => self.stats_in(own, entry, ledger),
        }
    }

    fn stats_in(&self, own: &Path, entry: &Entry, ledger: &Ledger) -> Result<Stats, String> {
        let mut files = Files::new();
        self.walk(own, &mut files, &mut Trust::default())?;
        // Its program belongs to it, wherever it lies: cargo's is where tools leave things.
        files.extend(fs::metadata(&entry.path).ok().map(|m| (Arc::clone(&entry.path), Stat::of(&m))));
        if files.len() > FILES_MAX {
            self.problems.report(too_many(&self.shown(&entry.path)));
        }
        // What is being written is what it was; something new belongs to the function once it is whole.
        let now = |(path, stat): (Arc<Path>, Stat)| {
            let before = ledger.stat(&entry.name, &path);
            let is_unfinished =
                || before != Some(stat) && self.is_being_written(&Look::at(&path, self.writers));
            let stat = if is_unfinished() { before? } else { stat };
            Some((path, stat))
        };
        Ok(files.into_iter().filter_map(now).collect())
    }

    fn walk(&self, own: &Path, files: &mut Files, trust: &mut Trust) -> Result<(), String> {
        let mut folders = vec![own.to_owned()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for found in entries.flatten().filter(|found| belongs(found, folder == own)) {
                if files.len() > FILES_MAX {
                    return Ok(());
                }
                let path = found.path();
                match found.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    _ => self.look(path, files, trust)?,
                }
            }
        }
        Ok(())
    }

    fn look(&self, path: PathBuf, files: &mut Files, trust: &mut Trust) -> Result<(), String> {
        let Some(metadata) = metadata(&path) else { return Ok(()) };
        let file = Facing { path: &path, is_link: path.is_symlink(), metadata: &metadata };
        if let Verdict::Refused(finding) = trust.verdict(file, || self.shown(&path)) {
            let reason = finding.message.clone();
            self.problems.report(finding);
            return Err(reason);
        }
        files.insert(path.into(), Stat::of(&metadata));
        Ok(())
    }
}

/// Settings are compared by what they say.
fn belongs(found: &DirEntry, at_top: bool) -> bool {
    let name = found.file_name();
    !(is_no_part(&name) || at_top && name == MANIFEST)
}

/// Of a file, also behind a link; of a link itself when it leads to a folder or to nothing. Sockets and pipes have
/// no content.
fn metadata(path: &Path) -> Option<Metadata> {
    let behind = fs::metadata(path).ok();
    if behind.as_ref().is_some_and(Metadata::is_file) {
        return behind;
    }
    fs::symlink_metadata(path).ok().filter(Metadata::is_symlink)
}

fn too_many(shown: &str) -> Diagnostic {
    let what = format!("{shown} lies beside more than {FILES_MAX} files; changes of the others are not seen");
    Diagnostic::new(Code::TooManyFiles, what).about(shown).help("keep data outside of the function's folder")
}
