//! The files that were told of, kept over a restart: a file of the state folder for each source.
//!
//! Its first line says where they lie, each line after that what became of one. So what an event adds to it is one line, however
//! many files there are. A line that a power loss takes is told again, with the same id: so nothing waits for the disk but
//! what is written whole.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::source::FileWatch;
use super::stamp::Stamp;
use crate::rewrite;

/// Lines that may be over, besides as many as there are files.
const LINES_OVER_MAX: usize = 1_000;

pub(super) struct Book {
    /// Nothing when no state is kept.
    file: Option<PathBuf>,
    /// Where they lie.
    place: String,
    files: Option<BTreeMap<String, Stamp>>,
    /// Nothing until all that is known is in the file.
    journal: Option<Journal>,
}

/// The file, as it is added to.
struct Journal {
    file: File,
    lines: usize,
}

/// Nothing = it is gone.
#[derive(Serialize, Deserialize)]
struct Line(String, Option<Stamp>);

impl Book {
    /// That of earlier lives. Waits for the disk.
    pub(super) fn open(state: Option<&Path>, source: &FileWatch) -> Self {
        let file = state.map(|state| state.join("file-watch").join(&*source.name));
        let place = source.place();
        let files = file.as_deref().and_then(|file| read(file, &place));
        Self { file, place, files, journal: None }
    }

    /// Whether nothing is known of the folder.
    pub(super) const fn is_new(&self) -> bool {
        self.files.is_none()
    }

    pub(super) const fn files(&self) -> Option<&BTreeMap<String, Stamp>> {
        self.files.as_ref()
    }

    /// Begins with these in the folder.
    pub(super) fn begin(&mut self, files: BTreeMap<String, Stamp>) {
        (self.files, self.journal) = (Some(files), None);
    }

    /// This file was told of; nothing = it is gone, and that was told. Until all is written down, it is not either.
    pub(super) fn know(&mut self, name: &str, stamp: Option<Stamp>) {
        let Some(files) = &mut self.files else { return };
        match stamp {
            Some(stamp) => files.insert(name.to_owned(), stamp),
            None => files.remove(name),
        };
        let line = Line(name.to_owned(), stamp);
        // What cannot be added goes with all the rest.
        self.journal = self.journal.take().and_then(|journal| journal.with(&line).ok());
    }

    /// Writes down what is not, and leaves out what is over. Waits for the disk.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let (Some(file), Some(files)) = (&self.file, &self.files) else { return Ok(()) };
        let lines_max = 2 * files.len() + LINES_OVER_MAX;
        if self.journal.as_ref().is_some_and(|journal| journal.lines <= lines_max) {
            return Ok(());
        }
        self.journal = None;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        rewrite::whole(file, &text(&self.place, files)?)?;
        let file = OpenOptions::new().append(true).open(file)?;
        self.journal = Some(Journal { file, lines: files.len() });
        Ok(())
    }
}

impl Journal {
    fn with(mut self, line: &Line) -> io::Result<Self> {
        self.file.write_all((serde_json::to_string(line)? + "\n").as_bytes())?;
        self.lines += 1;
        Ok(self)
    }
}

fn text(place: &str, files: &BTreeMap<String, Stamp>) -> io::Result<String> {
    let mut text = serde_json::to_string(place)? + "\n";
    for (name, stamp) in files {
        text += &(serde_json::to_string(&(name, Some(stamp)))? + "\n");
    }
    Ok(text)
}

/// Nothing where it is of another place.
fn read(file: &Path, place: &str) -> Option<BTreeMap<String, Stamp>> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::error!("it is not known what files changed: cannot read {}: {error}", file.display());
            return None;
        }
    };
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let first: Option<String> = serde_json::from_slice(lines.next()?).ok();
    first.filter(|first| first == place)?;
    let mut files = BTreeMap::new();
    for line in lines {
        // A kill or a power loss may leave no line, and nothing to be believed behind it: that is told again.
        let Some(Line(name, stamp)) = serde_json::from_slice(line).ok().filter(|_| line.ends_with(b"\n"))
        else {
            break;
        };
        match stamp {
            Some(stamp) => files.insert(name, stamp),
            None => files.remove(&name),
        };
    }
    Some(files)
}
