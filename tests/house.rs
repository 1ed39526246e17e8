//! The house rules: what must be absent, and where things may be. Each is tried on the whole repository, and on a
//! planted break, so that it cannot pass by looking away.

use std::collections::{BTreeMap, BTreeSet};

#[path = "house/proofs.rs"]
mod proofs;
#[path = "house/source.rs"]
mod source;

use source::{File, has_word, roots_used};

/// Where the compiler's checks may be set aside, each time with a reason written down: system calls, and the Kafka
/// door, where rdkafka cannot say what a record has.
const UNSAFE_HOMES: [&str; 2] = ["runtime/src/process/", "runtime/src/channel/kafka/headers.rs"];
/// One door to the Kafka library.
const KAFKA_HOME: &str = "runtime/src/channel/kafka";
/// A file that needs more has a second noun in it.
const LINES_MAX: usize = 400;
/// Whoever is below the mind could give it a clock, a thread, a file or a socket.
const IO_CRATES: [&str; 9] =
    ["async-io", "futures", "hyper", "libc", "mio", "nix", "rdkafka", "rustix", "tokio"];

const MIND: &str = "activator/src/";
/// Below tests/ all drive the built program; but this one feeds the mind's pure functions, which only a caller can
/// reach with every input.
const FEEDS_THE_MIND: &str = "tests/fuzz/";

#[test]
fn the_mind_is_without_std_and_without_unsafe() {
    check_rule(no_escape_from_no_std, &File::new("activator/src/x.rs", "extern crate std;"));
    let lib = read("activator/src/lib.rs");
    for attribute in ["#![no_std]", "#![forbid(unsafe_code)]"] {
        assert!(lib.code.lines().any(|line| line == attribute), "activator/src/lib.rs: no {attribute}");
    }
}

#[test]
fn nothing_below_the_mind_does_io() {
    let found =
        |tree: &str| IO_CRATES.iter().any(|io| tree.lines().any(|line| line.split(' ').next() == Some(*io)));
    let tree = dependencies("activator");
    assert!(tree.starts_with("activator "), "{tree}");
    assert!(!found(&tree), "{tree}");
    assert!(found(&dependencies("hydrant")), "the body does IO, and this test must see it");
}

#[test]
fn unsafe_is_only_where_system_calls_are_and_at_the_kafka_door() {
    check_rule(no_unsafe_elsewhere, &File::new("runtime/src/driver.rs", "fn f() { unsafe { g() } }"));
    let beside_the_door = File::new("runtime/src/channel/kafka/record.rs", "fn f() { unsafe { g() } }");
    assert!(!no_unsafe_elsewhere(&beside_the_door).is_empty(), "only one file is the door");
}

#[test]
fn the_kafka_library_has_one_door() {
    check_rule(no_rdkafka_elsewhere, &File::new("runtime/src/source.rs", "use rdkafka::Message;"));
}

#[test]
fn every_file_says_what_lives_in_it() {
    check_rule(begins_with_module_doc, &File::new("runtime/src/x.rs", "// a remark\nfn f() {}"));
}

#[test]
fn no_file_is_longer_than_one_reads() {
    check_rule(is_short, &File::new("runtime/src/x.rs", &"\n".repeat(LINES_MAX + 1)));
}

#[test]
fn no_lint_is_silenced_without_a_reason() {
    check_rule(no_allow, &File::new("runtime/src/x.rs", "#[allow(dead_code)]\nfn f() {}"));
}

#[test]
fn tests_and_examples_know_nothing_of_our_insides() {
    check_rule(no_insides, &File::new("tests/x.rs", "use activator::Input;"));
    check_rule(no_insides, &File::new("tests/x.rs", "#[path = \"../runtime/src/id.rs\"]\nmod id;"));
    check_rule(no_insides, &File::new("tests/fuzz/x.rs", "use hydrant::Driver;"));
    check_rule(no_insides, &File::new("tests/fuzz/x.rs", "#[path = \"../../runtime/src/id.rs\"]\nmod id;"));
    assert_eq!(no_insides(&File::new("tests/fuzz/x.rs", "use activator::Input;")), [""; 0]);
    let broken: Vec<String> =
        source::files("Cargo.toml").iter().filter(|f| f.is_below("examples/")).flat_map(no_path).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(!no_path(&File::new("examples/x/Cargo.toml", "activator = { path = \"../..\" }")).is_empty());
}

#[test]
fn no_arrow_in_the_mind_points_up_or_in_a_circle() {
    let floors = Floors::of(&read("activator/src/lib.rs"));
    let files: Vec<File> = source::files(".rs").into_iter().filter(|file| file.is_below(MIND)).collect();
    let broken = floors.broken(&files);
    assert!(broken.is_empty(), "{}", broken.join("\n"));

    let planted = |path: &str, text: &str| vec![File::new(path, text)];
    assert!(!floors.broken(&planted("activator/src/id.rs", "use crate::mind::Limits;")).is_empty());
    assert!(
        !floors.broken(&planted("activator/src/id.rs", "use crate::{id, State};")).is_empty(),
        "re-exported"
    );
    assert!(!floors.broken(&planted("activator/src/event/x.rs", "use super::super::topology;")).is_empty());
    let mut circle = planted("activator/src/scale/mod.rs", "use crate::filter::Filter;");
    circle.extend(planted("activator/src/filter/mod.rs", "use crate::scale::wanted;"));
    assert!(!floors.broken(&circle).is_empty(), "a circle on one floor");
}

#[test]
fn comments_and_texts_are_no_code() {
    let blanked = source::code("a /* x /* y */ z */ b // c\n\"d\\\"e\" r#\"f\"g\"# 'h' '\\'' &'i b\"j\" k");
    let left: Vec<&str> = blanked.split_whitespace().collect();
    assert_eq!(left, ["a", "b", "&'i", "b", "k"], "the prefix of a text may stay");
}

#[test]
fn every_row_about_knative_names_a_test_that_is_there() {
    proofs::check("docs/knative.md", 40);

    let unit = File::new("runtime/src/x.rs", "#[test]\nfn it_holds() {}\nfn it_helps() {}");
    let trials = "&[(\"it_is_tried\", tried), (\n    \"it_is_long\",\n    long)]";
    let tests = proofs::tests(&[unit, File::new("tests/end_to_end/x.rs", trials)]);
    assert_eq!(tests.iter().collect::<Vec<_>>(), ["it_holds", "it_is_long", "it_is_tried"]);
    let wrong = |row: &str| proofs::unproven(&format!("| a | tried by |\n|---|---|\n{row}"), &tests).0.len();
    assert_eq!(wrong("| x | `it_holds`, `it_is_tried` |"), 0);
    assert_eq!(wrong("| x | `it_holds`, `it_helps` |"), 1, "what is no test proves nothing");
    assert_eq!(wrong("| `it_holds` | as the text |"), 1, "only the last column counts");
}

/// Holds a rule against every file of ours, and against a break that it must find.
fn check_rule(rule: fn(&File) -> Vec<String>, planted: &File) {
    let broken: Vec<String> = source::files(".rs").iter().flat_map(rule).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
    assert!(!rule(planted).is_empty(), "the rule does not see a break of it: {}", planted.text);
}

fn no_escape_from_no_std(file: &File) -> Vec<String> {
    let is_ours = file.is_below(MIND) && !is_test(&file.path);
    let escapes = |line: &str| has_word(line, "extern") && has_word(line, "std");
    if is_ours { file.lines("the mind has no std", escapes) } else { Vec::new() }
}

fn no_unsafe_elsewhere(file: &File) -> Vec<String> {
    // The examples are other people's programs.
    if file.is_below("examples/") || UNSAFE_HOMES.iter().any(|home| file.is_below(home)) {
        return Vec::new();
    }
    file.lines("unsafe lives elsewhere", |line| has_word(line, "unsafe"))
}

fn no_rdkafka_elsewhere(file: &File) -> Vec<String> {
    // Tests are clients of the same cluster, of their own right.
    if file.is_below(KAFKA_HOME) || file.is_below("tests/") {
        return Vec::new();
    }
    file.lines("only runtime/src/channel/kafka knows rdkafka", |line| {
        has_word(line, "rdkafka") || has_word(line, "rdkafka_sys")
    })
}

fn begins_with_module_doc(file: &File) -> Vec<String> {
    if file.text.starts_with("//!") || is_test(&file.path) {
        return Vec::new();
    }
    vec![format!("{}: begins with no `//!` that says what lives here", file.path)]
}

fn is_short(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    if lines <= LINES_MAX {
        return Vec::new();
    }
    vec![format!("{}: {lines} lines, at most {LINES_MAX}", file.path)]
}

fn no_allow(file: &File) -> Vec<String> {
    let silences = |line: &str| line.contains("#[allow(") || line.contains("#![allow(");
    file.lines("write #[expect(.., reason = \"..\")]", silences)
}

fn no_insides(file: &File) -> Vec<String> {
    if !file.is_below("tests/") && !file.is_below("examples/") {
        return Vec::new();
    }
    let knows_the_mind = file.is_below(FEEDS_THE_MIND);
    let mut broken = file.lines("only the built program is driven from here", |line| {
        has_word(line, "activator") && !knows_the_mind
            || line.contains("hydrant::")
            || line.contains("use hydrant")
    });
    let borrows = |line: &&str| line.contains("#[path") || line.contains("include!(");
    let reaches_in =
        |line: &&str| line.contains("runtime/src") || line.contains("activator/") && !knows_the_mind;
    let borrowed =
        file.text.lines().filter(|line| !line.contains("File::new")).filter(borrows).filter(reaches_in);
    broken.extend(borrowed.map(|line| format!("{}: {line}", file.path)));
    broken
}

fn no_path(manifest: &File) -> Vec<String> {
    let lines = manifest.text.lines().filter(|line| line.contains("path =") && line.contains(".."));
    lines.map(|line| format!("{}: {line}", manifest.path)).collect()
}

fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.split('/').any(|part| part == "tests")
}

/// The floors of the mind, as its `lib.rs` tells them.
struct Floors {
    /// Module to floor, the ground being 0.
    of: BTreeMap<String, usize>,
    /// What the crate's root gives on: name to module.
    given_on: BTreeMap<String, String>,
}

impl Floors {
    fn of(lib: &File) -> Self {
        let doc: String = lib.text.lines().filter_map(|line| line.strip_prefix("//!")).collect();
        let (_, told) = doc.split_once("Floors").expect("lib.rs tells the floors");
        let (told, _) = told.split_once('.').expect("the sentence ends");
        let floors = told.split(" - ").enumerate().flat_map(|(floor, names)| {
            names.split('`').skip(1).step_by(2).map(move |name| (name.to_owned(), floor))
        });
        let of: BTreeMap<String, usize> = floors.collect();
        for module in lib.code.lines().filter_map(module) {
            assert!(of.contains_key(module), "activator/src/lib.rs: `{module}` is on no floor");
        }
        Self { of, given_on: lib.code.lines().filter_map(given_on).flatten().collect() }
    }

    /// Every arrow that points up, and every circle on one floor.
    fn broken(&self, files: &[File]) -> Vec<String> {
        let mut broken = Vec::new();
        let mut level: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for file in files {
            let Some((module, &floor)) = self.of.get_key_value(top_module(&file.path)) else {
                continue;
            };
            for used in roots_used(file, MIND) {
                let used = self.given_on.get(&used).unwrap_or(&used);
                match self.of.get(used) {
                    Some(&other) if other > floor => {
                        broken.push(format!("{}: uses `{used}` above it", file.path))
                    }
                    Some(&other) if other == floor && used != module => {
                        level.entry(module).or_default().insert(used.clone());
                    }
                    _ => {}
                }
            }
        }
        broken
            .extend(level.keys().filter(|m| reaches(&level, m, m)).map(|m| format!("`{m}` is in a circle")));
        broken
    }
}

/// Whether a way of one step or more leads from `from` to `to`.
fn reaches(arrows: &BTreeMap<&str, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for next in arrows.get(module).into_iter().flatten() {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

/// `cursor` of `pub mod cursor;`.
fn module(line: &str) -> Option<&str> {
    line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';')
}

/// What `pub use input::Input;` or `pub use mind::{Limits, State};` gives on, with the module it is from.
fn given_on(line: &str) -> Option<Vec<(String, String)>> {
    let (module, names) = line.strip_prefix("pub use ")?.strip_suffix(';')?.split_once("::")?;
    let names = names.trim_matches(['{', '}']).split(',');
    Some(names.map(|name| (name.trim().to_owned(), module.to_owned())).collect())
}

/// The module below the root that a file of the mind belongs to.
fn top_module(path: &str) -> &str {
    let path = path.strip_prefix(MIND).unwrap_or(path);
    path.split(['/', '.']).next().unwrap_or_default()
}

fn read(path: &str) -> File {
    let text = std::fs::read_to_string(source::root().join(path)).expect("the file is there");
    File::new(path, &text)
}

/// Everything that goes into a package's build, one crate with its version a line.
#[expect(clippy::disallowed_methods, reason = "the rule is for the runtime's children; this asks cargo")]
fn dependencies(package: &str) -> String {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--package", package])
        .current_dir(source::root())
        .output()
        .expect("cargo runs, for it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("crates have ASCII names")
}
