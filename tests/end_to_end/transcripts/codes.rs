//! Every code of a finding has a page, and an example that is run.

use std::fs;

use libtest_mimic::Trial;

use crate::support::runtime::verb;
use crate::support::{Project, group};

/// For each code an input that yields it, and all that is said of it.
const EXAMPLES: &str = "docs/errors.md";

pub(super) fn trials() -> Vec<Trial> {
    group("transcripts", &[("every_code_has_a_page_and_an_example", every_code_has_both)])
}

fn every_code_has_both() {
    let project = Project::bare();
    let (_, _, known) = verb(&project, &["help", "nothing"]);
    let (_, codes) = known.split_once("one of H").unwrap_or_else(|| panic!("{known}"));
    let codes: Vec<String> =
        codes.split_whitespace().map(|code| format!("H{}", code.trim_start_matches('H'))).collect();
    assert!(codes.len() > 30, "{codes:?}");
    let examples = fs::read_to_string(super::root().join(EXAMPLES)).unwrap();
    for code in &codes {
        let (exit, page, _) = verb(&project, &["help", code]);
        let (title, text) = page.split_once("\n\n").unwrap_or_else(|| panic!("{code}: {page}"));
        assert!(exit == 0 && title.starts_with(&format!("{code}: ")) && text.trim().ends_with('.'), "{page}");
        let (_, example) = examples
            .split_once(&format!("### {title}\n"))
            .unwrap_or_else(|| panic!("{EXAMPLES}: nothing about {title}"));
        let example = example.split("\n### ").next().unwrap();
        assert!(example.contains(&format!("[{code}]: ")), "{EXAMPLES}: {code} does not come of its example");
        assert!(!example.contains("<!-- not run"), "{EXAMPLES}: the example of {code} is not run");
    }
}
