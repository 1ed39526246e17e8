//! Transcripts: what a page says somebody types is typed, in an empty folder, and what it shows must come.
//!
//! Every page of the repository is looked at. `page` says how a page marks what is not run.

mod codes;
mod compare;
mod page;
mod part;
mod play;
mod stage;
mod teeth;
mod vary;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use libtest_mimic::Trial;

use crate::support::group::one_needing;
use crate::support::kafka;
use play::{Count, play};

static COUNTS: Mutex<BTreeMap<String, Count>> = Mutex::new(BTreeMap::new());

/// One for each page, and those that show that a page cannot be wrong unseen.
pub(crate) fn trials() -> Vec<Trial> {
    let pages = pages(root()).into_iter().map(trial);
    teeth::trials().into_iter().chain(codes::trials()).chain(pages).collect()
}

fn trial(page: String) -> Trial {
    let text = fs::read_to_string(root().join(&page)).unwrap();
    let missing = if page::needs_kafka(&text) { kafka::missing() } else { None };
    one_needing("transcripts", missing, page.clone(), move || played(&page, &text))
}

fn played(page: &str, text: &str) {
    let count = play(page, text, root()).unwrap_or_else(|error| panic!("{error}"));
    COUNTS.lock().unwrap_or_else(PoisonError::into_inner).insert(page.to_owned(), count);
}

/// How many commands of each page were run.
pub(crate) fn report() {
    let counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    for (page, count) in counts.iter().filter(|(_, count)| **count != Count::default()) {
        println!("page {page}: {} commands run, {} marked as not run", count.run, count.left);
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Those for people: at the root, in docs, and beside the examples and functions.
fn pages(root: &Path) -> Vec<String> {
    let examples = fs::read_dir(root.join("examples")).unwrap().map(|entry| entry.unwrap().file_name());
    let examples = examples.map(|name| format!("examples/{}", name.to_string_lossy()));
    let folders = ["", "docs", "functions"].map(str::to_owned).into_iter().chain(examples);
    let mut pages: Vec<String> = folders.flat_map(|folder| pages_in(root, &folder)).collect();
    pages.sort();
    pages
}

fn pages_in(root: &Path, folder: &str) -> Vec<String> {
    let names =
        fs::read_dir(root.join(folder)).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.ends_with(".md"));
    names.map(|name| format!("{folder}/{name}").trim_start_matches('/').to_owned()).collect()
}
