//! The CloudEvents project's conformance vectors: scenarios of the HTTP and the Kafka binding, and sample events.
//!
//! They are not part of this repository. They are looked for where `HYDRANT_CONFORMANCE` says, or in
//! `shared/conformance` beside the repository; without them this says so and passes, unless `CI` is set.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "this is a test, and says what it did")]

mod features;
mod gherkin;
mod samples;
mod yaml;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the cases of one file, and gives their number.
type Run = fn(&str) -> usize;

fn main() -> ExitCode {
    let Some(folder) = folder() else {
        let is_ci = env::var_os("CI").is_some();
        let outcome = if is_ci { "FAILED" } else { "SKIPPED" };
        println!("{outcome}: no conformance vectors; set HYDRANT_CONFORMANCE to their folder");
        return if is_ci { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    };
    run_all(&folder.join("cloudevents_features"), "feature", features::run);
    run_all(&folder.join("cloudevents_events"), "yaml", samples::run);
    ExitCode::SUCCESS
}

fn folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance");
    let folder = env::var_os("HYDRANT_CONFORMANCE").map_or_else(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// A file that has no cases is as bad as one that fails: nothing would be tested.
fn run_all(folder: &Path, extension: &str, run: Run) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    assert!(!files.is_empty(), "{}: no .{extension} files", folder.display());
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy();
        let cases = run(&std::fs::read_to_string(&file).unwrap());
        assert!(cases > 0, "{name}: no cases");
        println!("{name}: {cases} cases");
    }
}
