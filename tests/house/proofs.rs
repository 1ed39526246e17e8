//! Pages that name the test of what they say: every row of their tables, and every test is there.

use std::collections::BTreeSet;

use super::source::{self, File};

/// What the heading of such a column says.
const COLUMN: &str = " tried by |";

/// The names of all tests: functions that are one, and what is tried end to end, which has its name in a text.
pub(crate) fn tests(files: &[File]) -> BTreeSet<String> {
    files
        .iter()
        .flat_map(|file| if file.is_below("tests/end_to_end/") { trials(file) } else { functions(file) })
        .collect()
}

fn functions(file: &File) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in file.text.lines().map(str::trim) {
        if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
            names.extend(rest.split(['(', '<']).next().map(str::to_owned));
            is_test = false;
        }
        is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
    }
    names
}

fn trials(file: &File) -> Vec<String> {
    // In a list, behind a bracket, which the formatter may put on the line before.
    let openings = file.text.match_indices("(\"").map(|(at, _)| at + 2);
    let broken = file.text.match_indices("(\n").filter_map(|(at, _)| {
        let rest = &file.text[at + 2..];
        let blanks = rest.len() - rest.trim_start().len();
        rest.trim_start().starts_with('"').then_some(at + 2 + blanks + 1)
    });
    let names = openings.chain(broken).filter_map(|at| file.text[at..].split_once("\","));
    names.filter(|(name, _)| is_name(name)).map(|(name, _)| name.to_owned()).collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// What is wrong with a page: a row that names no test, or one that is not there; and how many rows it has.
pub(crate) fn unproven(page: &str, tests: &BTreeSet<String>) -> (Vec<String>, usize) {
    let (mut wrong, mut rows, mut is_in_table) = (Vec::new(), 0, false);
    for line in page.lines() {
        is_in_table = line.ends_with(COLUMN) || is_in_table && line.starts_with('|');
        if !is_in_table || line.ends_with(COLUMN) || line.starts_with("|---") {
            continue;
        }
        rows += 1;
        let last = line.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        let named: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            wrong.push(format!("no test: {line}"));
        }
        let missing = named.iter().filter(|name| !tests.contains(**name));
        wrong.extend(missing.map(|name| format!("there is no test {name}: {line}")));
    }
    (wrong, rows)
}

pub(crate) fn check(page: &str, rows_at_least: usize) {
    let text = std::fs::read_to_string(source::root().join(page)).expect("the page is there");
    let (wrong, rows) = unproven(&text, &tests(&source::files(".rs")));
    assert!(wrong.is_empty(), "{page}:\n{}", wrong.join("\n"));
    assert!(rows >= rows_at_least, "{page}: {rows} rows are looked at");
}
