//! Which content each function has, over every reload: a file that was saved without a change is no other content.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hashbrown::HashMap;

use super::content::{self, Content, Hash, Stat, Stats};

/// What is read at once of files that were written, to see whether they changed: some milliseconds.
const CHANGED_BYTES_MAX: u64 = 16 << 20;
/// What is read at once of a function that nobody knew, or that surely changed: there may be ten thousand of them.
const NEW_BYTES_MAX: u64 = 64 << 10;

/// The contents of all functions, by their names.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    known: HashMap<Arc<str>, Known>,
    /// Those that nobody knew when functions were let go of last.
    new: usize,
    /// The number given last.
    last: u64,
    owed: Vec<Unhashed>,
}

#[derive(Debug)]
struct Known {
    files: Files,
    content: Content,
}

/// In the order of the paths.
type Files = Vec<(Arc<Path>, Seen)>;

fn find<'f>(files: &'f Files, path: &Path) -> Option<&'f Seen> {
    let at = files.binary_search_by(|(known, _)| (**known).cmp(path)).ok()?;
    Some(&files[at].1)
}

/// A file, and its hash once somebody computed it.
#[derive(Clone, Debug)]
struct Seen {
    stat: Stat,
    hash: content::Known,
}

/// A content whose files are large: it can do without its name until somebody has read them.
#[derive(Debug)]
pub(crate) struct Unhashed {
    root: Arc<Path>,
    files: Files,
    content: Content,
}

impl Ledger {
    /// What these files of a function hold, all of which are `root` or below it; the hash of `root` may be known already.
    /// `kept` gives the one file of a content, where it was kept; `shown` tells a path to people.
    pub(super) fn content(
        &mut self,
        name: &Arc<str>,
        (root, hash): (&Arc<Path>, Option<Hash>),
        stats: &Stats,
        kept: impl FnOnce(&Content) -> Option<(PathBuf, Stat)>,
        shown: impl Fn(&Path) -> String,
    ) -> Content {
        let known = self.known.get(name);
        if let Some(known) = known.filter(|known| known.is_unwritten(stats)) {
            return known.content.clone();
        }
        let files = known.map_or_else(|| unseen(stats), |known| known.carry_over(stats));
        if let (Some(hash), [(path, seen)]) = (hash, &files[..])
            && *path == *root
        {
            // Carried over, it is the same.
            seen.hash.set(hash).ok();
        }
        // Another length is another content, and nobody waits for the name of a large one.
        match known.filter(|known| known.may_be_same(&files)) {
            Some(known) => known.compare(&files, kept),
            None => hash_if_below(&files, NEW_BYTES_MAX),
        }
        let content = match known.filter(|known| known.is_unchanged(&files)) {
            Some(known) => known.content.clone(),
            None => {
                self.last += 1;
                let because = known.and_then(|known| known.difference(&files, root, shown));
                Content::new(self.last, cell_for(root, &files), because)
            }
        };
        match hash_of(root, &files) {
            Some(hash) => content.name(hash),
            None => {
                let (root, files, content) = (Arc::clone(root), files.clone(), content.clone());
                self.owed.push(Unhashed { root, files, content });
            }
        }
        let before = self.known.insert(Arc::clone(name), Known { files, content: content.clone() });
        self.new += usize::from(before.is_none());
        content
    }

    /// Lets go of functions that nobody knows any more.
    pub(super) fn retain(&mut self, is_there: impl Fn(&Arc<str>) -> bool) {
        // At the first load there are only those that it found.
        if std::mem::take(&mut self.new) < self.known.len() {
            self.known.retain(|name, _| is_there(name));
        }
    }

    /// The stat of a file when it was last looked at.
    pub(super) fn stat(&self, name: &str, path: &Path) -> Option<Stat> {
        find(&self.known.get(name)?.files, path).map(|seen| seen.stat)
    }

    /// What is still to be hashed; the caller does it where nothing waits.
    pub(super) fn take_owed(&mut self) -> Vec<Unhashed> {
        std::mem::take(&mut self.owed)
    }
}

impl Known {
    fn is_unwritten(&self, stats: &Stats) -> bool {
        self.files.len() == stats.len()
            && self.files.iter().zip(stats).all(|((a, seen), (b, stat))| a == b && seen.stat == *stat)
    }

    /// The same files as they are now; those that were not written keep their hashes.
    fn carry_over(&self, stats: &Stats) -> Files {
        let mut files = unseen(stats);
        for (path, seen) in &mut files {
            if let Some(before) = find(&self.files, path).filter(|before| before.stat == seen.stat) {
                seen.hash = Arc::clone(&before.hash);
            }
        }
        files
    }

    /// Whether only their hashes can tell.
    fn may_be_same(&self, files: &Files) -> bool {
        let both = self.files.iter().zip(files);
        self.files.len() == files.len()
            && both.into_iter().all(|((a, before), (b, now))| {
                a == b && (before.stat.bytes, before.stat.executable) == (now.stat.bytes, now.stat.executable)
            })
    }

    /// Sees to it that the hashes tell. The hash of a large file takes longer than to find where it differs from the one that
    /// was kept; and if that is nowhere, it has the hash of that one.
    fn compare(&self, files: &Files, kept: impl FnOnce(&Content) -> Option<(PathBuf, Stat)>) {
        let unhashed = || files.iter().filter(|(_, seen)| seen.hash.get().is_none());
        if let ([(path, seen)], [(_, before)]) = (&files[..], &self.files[..])
            && unhashed().any(|(_, seen)| seen.stat.bytes > NEW_BYTES_MAX)
            && let Some((kept, stat)) = kept(&self.content)
            && stat == before.stat
            && let Ok(Some(is_same)) = content::hold_the_same((path, &seen.stat), (&kept, &stat))
        {
            if is_same {
                before.compute(&kept);
                if let Some(hash) = before.hash.get() {
                    seen.hash.set(*hash).ok();
                }
            }
            return;
        }
        hash_if_below(files, CHANGED_BYTES_MAX);
    }

    fn is_unchanged(&self, files: &Files) -> bool {
        let both = self.files.iter().zip(files);
        self.files.len() == files.len()
            && both.into_iter().all(|((a, before), (b, now))| a == b && before.is(now))
    }

    /// Which files changed, came or went.
    fn difference(&self, files: &Files, root: &Path, shown: impl Fn(&Path) -> String) -> Option<String> {
        let same = |path: &Path| {
            let both = find(&self.files, path).zip(find(files, path));
            both.is_some_and(|(before, now)| before.is(now))
        };
        let known = self.files.iter().map(|(path, _)| &**path);
        let new = files.iter().map(|(path, _)| &**path).filter(|path| find(&self.files, path).is_none());
        let all = known.chain(new);
        let mut changed = all.filter(|path| !same(path));
        let first = changed.next()?;
        Some(match changed.count() {
            0 => shown(first),
            more => format!("{} files of {}", more + 1, shown(root)),
        })
    }
}

/// Reads the files, each once however many functions have it, and names the contents.
pub(crate) fn hash_all(unhashed: Vec<Unhashed>) {
    let mut known = HashMap::new();
    unhashed.into_iter().for_each(|one| one.hash(&mut known));
}

impl Unhashed {
    pub(super) fn hash(self, known: &mut HashMap<Stat, Hash>) {
        for (path, seen) in &self.files {
            if let Some(hash) = known.get(&seen.stat) {
                seen.hash.set(*hash).ok();
            }
            seen.compute(path);
            known.extend(seen.hash.get().map(|hash| (seen.stat, *hash)));
        }
        hash_of(&self.root, &self.files).into_iter().for_each(|hash| self.content.name(hash));
    }
}

/// The hash of them all, if each is hashed. One file alone gives its own.
fn hash_of(root: &Path, files: &Files) -> Option<Hash> {
    if let [(path, seen)] = &files[..]
        && **path == *root
    {
        return seen.hash.get().copied();
    }
    let hashed: Option<Vec<(&Path, &Stat, Hash)>> =
        files.iter().map(|(path, seen)| Some((&**path, &seen.stat, *seen.hash.get()?))).collect();
    Some(Hash::of_all(root, hashed?.into_iter()))
}

/// Where the name of a content will be: one file alone has its own.
fn cell_for(root: &Path, files: &Files) -> content::Known {
    match &files[..] {
        [(path, seen)] if **path == *root => Arc::clone(&seen.hash),
        _ => content::Known::default(),
    }
}

impl Seen {
    /// Whether the other holds the same: it was not written, or with what was there.
    fn is(&self, other: &Self) -> bool {
        let hashes = self.hash.get().zip(other.hash.get());
        self.stat == other.stat
            || self.stat.executable == other.stat.executable && hashes.is_some_and(|(a, b)| a == b)
    }

    /// What cannot be read has no hash, and is told from others by what the system says of it.
    fn compute(&self, path: &Path) {
        if self.hash.get().is_none()
            && let Ok(Some(hash)) = Hash::of_file(path, &self.stat)
        {
            self.hash.set(hash).ok();
        }
    }
}

fn unseen(stats: &Stats) -> Files {
    stats.iter().map(|(path, stat)| (Arc::clone(path), Seen { stat: *stat, hash: Arc::default() })).collect()
}

fn hash_if_below(files: &Files, bytes_max: u64) {
    let unhashed = || files.iter().filter(|(_, seen)| seen.hash.get().is_none());
    if unhashed().map(|(_, seen)| seen.stat.bytes).sum::<u64>() <= bytes_max {
        unhashed().for_each(|(path, seen)| seen.compute(path));
    }
}
