//! The files that were told of, kept over a restart: a file of the state folder for each source.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::source::FileWatch;
use super::stamp::Stamp;
use crate::rewrite;

/// Files that are not written down yet, at most: so many events a kill makes once more, of the same ids.
const UNWRITTEN_MAX: usize = 100;

pub(super) struct Book {
    /// Nothing when no state is kept.
    file: Option<PathBuf>,
    unwritten: usize,
    page: Option<Page>,
    place: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Page {
    /// Where they lie.
    place: String,
    files: BTreeMap<String, Stamp>,
}

impl Book {
    /// That of earlier lives. Waits for the disk.
    pub(super) fn open(state: Option<&Path>, source: &FileWatch) -> Self {
        let file = state.map(|state| state.join("file-watch").join(&*source.name));
        let (page, place) = (file.as_deref().and_then(read), source.place());
        Self { file, unwritten: 0, page: page.filter(|page| page.place == place), place }
    }

    /// Whether nothing is known of the folder.
    pub(super) const fn is_new(&self) -> bool {
        self.page.is_none()
    }

    pub(super) fn files(&self) -> Option<&BTreeMap<String, Stamp>> {
        self.page.as_ref().map(|page| &page.files)
    }

    /// Begins with nothing in the folder.
    pub(super) fn begin(&mut self) {
        self.page = Some(Page { place: self.place.clone(), files: BTreeMap::new() });
        self.unwritten += 1;
    }

    /// This file was told of; nothing = it is gone, and that was told.
    pub(super) fn know(&mut self, name: &str, stamp: Option<Stamp>) {
        let Some(page) = &mut self.page else { return };
        match stamp {
            Some(stamp) => page.files.insert(name.to_owned(), stamp),
            None => page.files.remove(name),
        };
        self.unwritten += 1;
    }

    pub(super) const fn is_long_unwritten(&self) -> bool {
        self.unwritten >= UNWRITTEN_MAX
    }

    /// Writes down what is not. Waits for the disk.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let (Some(file), Some(page)) = (&self.file, &self.page) else { return Ok(()) };
        if self.unwritten == 0 {
            return Ok(());
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        rewrite::whole(file, &serde_json::to_string(page)?)?;
        self.unwritten = 0;
        Ok(())
    }
}

fn read(file: &Path) -> Option<Page> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        text => text,
    };
    let page = text.map_err(|error| error.to_string());
    let page = page.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
    page.map_err(|error| {
        tracing::error!("it is not known what files changed: cannot read {}: {error}", file.display());
    })
    .ok()
}
