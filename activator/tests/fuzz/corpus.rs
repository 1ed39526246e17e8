//! What the fuzzer begins with and what once failed: tests/fuzz/corpus, a folder for each body.

use std::fs;
use std::path::Path;

use crate::bodies::Body;
use crate::cases;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fuzz/corpus");

/// Feeds every file of a folder to its body.
pub(crate) fn replay(target: &str, body: Body) {
    let folder = Path::new(FOLDER).join(target);
    let entries = fs::read_dir(&folder).expect("every body has a folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("ours can be read").path()).collect();
    assert!(!files.is_empty(), "{} is empty: nothing is replayed", folder.display());
    files.sort();
    for file in &files {
        let input = fs::read(file).expect("ours can be read");
        let held = cases::held(|| body(&input, &mut |_| {}));
        assert!(held, "{} no longer holds", file.display());
    }
    cases::say(&format!("{target}: {} files of the corpus", files.len()));
}
