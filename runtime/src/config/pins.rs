//! The executables of a function's revisions, kept by hard links in the state folder: `revisions/FUNCTION/rN/FILE`.
//!
//! A link costs nothing and keeps what was replaced by a rename. What was written over in place changed under the link
//! too: so what the system said of the file is written down beside it, and is looked at before the file is used.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use hashbrown::HashMap;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use serde::{Deserialize, Serialize};

use super::content::{Content, Hash, Stat};
use super::edition::{Before, Edition, Editions, Made, Pin, Seen};

/// The file that says what is kept, a revision a line.
const INDEX: &str = "index";
/// What is read ahead at a time: there may be ten thousand new functions.
const PREFETCH_BYTES_MAX: u64 = 256 << 20;

/// Where revisions are kept, if anywhere.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    dir: Option<PathBuf>,
    /// What is to be written down: the book's own, as it was then.
    all: Mutex<Arc<Editions>>,
    /// What is to be removed.
    gone: Mutex<Vec<PathBuf>>,
}

/// Work on the disk that nothing has to wait for.
#[derive(Debug)]
pub(crate) struct Keeping {
    shelf: Arc<Shelf>,
    dir: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Line {
    function: String,
    revision: u32,
    file: String,
    content: Option<Hash>,
    seen: Seen,
    settings: Hash,
    pin: Pin,
}

impl Shelf {
    /// What a runtime before this one kept. Without an index nobody can say what the files are.
    pub(super) fn open(dir: PathBuf) -> (Arc<Self>, Editions) {
        let lines = fs::read_to_string(dir.join(INDEX)).ok();
        let lines = lines.and_then(|text| text.lines().map(|l| serde_json::from_str(l).ok()).collect());
        let mut gone = Vec::new();
        let lines: Vec<Line> = lines.unwrap_or_else(|| {
            gone.extend(fs::read_dir(&dir).into_iter().flatten().flatten().map(|entry| entry.path()));
            Vec::new()
        });
        let mut all: HashMap<Arc<str>, Vec<Arc<Edition>>> = HashMap::new();
        for line in lines {
            let (name, edition) = line.edition();
            all.entry(name).or_default().push(Arc::new(edition));
        }
        let all = all.into_iter().map(|(name, editions)| (name, editions.into())).collect();
        (Arc::new(Self { dir: Some(dir), all: Mutex::default(), gone: Mutex::new(gone) }), all)
    }

    /// Where a kept revision is, if it still is what it was.
    pub(super) fn verified(&self, name: &str, edition: &Edition, stat: Stat) -> Result<PathBuf, String> {
        let Some(dir) = &self.dir else { return Err(self.why_nothing().to_owned()) };
        let path = place(dir, name, edition);
        if stat.is_of(&path) {
            return Ok(path);
        }
        Err(if path.exists() {
            "its file was overwritten in place, and what was kept is the same file".to_owned()
        } else {
            format!("{} is not there any more", path.display())
        })
    }

    pub(super) const fn why_nothing(&self) -> &'static str {
        match self.dir {
            Some(_) => "it was replaced before it could be kept",
            None => "nothing is kept with state = \"memory\"",
        }
    }

    /// A revision, or all of a function, is not needed any more.
    pub(super) fn clear(&self, name: &str, number: Option<u32>) {
        if let Some(dir) = &self.dir {
            let dir = dir.join(name);
            lock(&self.gone)
                .push(number.map_or_else(|| dir.clone(), |number| dir.join(format!("r{number}"))));
        }
    }

    pub(super) fn keeping(shelf: &Arc<Self>, all: &Arc<Editions>) -> Option<Keeping> {
        let dir = shelf.dir.clone()?;
        *lock(&shelf.all) = Arc::clone(all);
        Some(Keeping { shelf: Arc::clone(shelf), dir })
    }
}

impl Keeping {
    /// Keeps what is new: a few system calls for each.
    pub(crate) fn pin(&self) {
        let all = lock(&self.shelf.all);
        for (name, edition) in each(&all).filter(|(_, edition)| edition.pin.get().is_none()) {
            let pin = match link(&self.dir, name, edition) {
                Ok(()) => Pin::Kept,
                Err(error) => Pin::Not(error.to_string().into()),
            };
            // Whoever was faster did the same.
            edition.pin.set(pin).ok();
        }
    }

    /// Reads ahead what is new, removes what is not needed, and writes down what there is.
    pub(crate) fn settle(&self, fresh: Vec<PathBuf>) {
        let mut left = PREFETCH_BYTES_MAX;
        for path in fresh {
            let Ok(bytes) = fs::metadata(&path).map(|m| m.len()) else { continue };
            let Some(rest) = left.checked_sub(bytes) else { break };
            left = rest;
            prefetch(&path);
        }
        // Held until it is written: the last to write has the last word.
        let all = lock(&self.shelf.all);
        for path in std::mem::take(&mut *lock(&self.shelf.gone)) {
            if let Err(error) = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!("{} cannot be removed: {error}", path.display());
            }
        }
        if let Err(error) = write(&self.dir, &all) {
            tracing::warn!("which revisions are kept in {} cannot be written: {error}", self.dir.display());
        }
    }

    /// The executables that are not kept yet, and so are new.
    pub(crate) fn fresh(&self) -> Vec<PathBuf> {
        let all = lock(&self.shelf.all);
        let fresh = each(&all).filter(|(_, edition)| edition.pin.get().is_none());
        let path = |(_, edition): (_, &Edition)| match &edition.made {
            Made::Now(program) => Some(program.path.to_path_buf()),
            Made::Before(_) => None,
        };
        fresh.filter_map(path).collect()
    }
}

fn each(all: &Editions) -> impl Iterator<Item = (&str, &Edition)> {
    all.iter().flat_map(|(name, editions)| editions.iter().map(move |e| (&**name, &**e)))
}

fn place(dir: &Path, name: &str, edition: &Edition) -> PathBuf {
    // Under its own name: what a program is called can matter to it, and to who interprets it.
    dir.join(name).join(format!("r{}", edition.number)).join(&*edition.file())
}

fn link(dir: &Path, name: &str, edition: &Edition) -> io::Result<()> {
    let other = |text: &str| Err(io::Error::other(text));
    let Some(stat) = edition.alone() else { return other("of a folder only its program could be") };
    let Made::Now(program) = &edition.made else { return other("it is gone") };
    let path = place(dir, name, edition);
    if stat.is_of(&path) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // A link to a link would lead to whatever that leads to.
    fs::hard_link(program.path.canonicalize()?, &path)?;
    if stat.is_of(&path) {
        return Ok(());
    }
    fs::remove_file(&path)?;
    other("another came in its place meanwhile")
}

/// Asks the system to have the file in memory by the time somebody runs it.
fn prefetch(path: &Path) {
    if let Ok(file) = File::open(path) {
        // It is advice: a system that does not take it is only slower.
        posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_WILLNEED).ok();
    }
}

/// The whole index, put into the old one's place.
fn write(dir: &Path, all: &Editions) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let new = dir.join(".index.new");
    let mut out = BufWriter::new(File::create(&new)?);
    for (name, edition) in each(all) {
        let line = Line {
            function: name.to_owned(),
            revision: edition.number,
            file: edition.file().into_owned(),
            content: edition.content().hash(),
            seen: edition.seen,
            settings: edition.settings(),
            pin: edition.pin.get().cloned().unwrap_or_else(|| Pin::Not("nobody got to it".into())),
        };
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    out.into_inner()?;
    fs::rename(new, dir.join(INDEX))
}

impl Line {
    fn edition(self) -> (Arc<str>, Edition) {
        let content = Content::default();
        self.content.into_iter().for_each(|hash| content.name(hash));
        let before = Before { file: self.file, content, settings: self.settings };
        let edition = Edition {
            number: self.revision,
            seen: self.seen,
            made: Made::Before(Box::new(before)),
            pin: OnceLock::from(self.pin),
        };
        (self.function.into(), edition)
    }
}

/// Nothing in here is left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
