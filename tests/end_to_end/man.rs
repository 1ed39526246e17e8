//! `hydrant help --man`: every command has a page.

use std::collections::BTreeSet;
use std::fs;

use libtest_mimic::Trial;

use crate::support::runtime::{output, verb};
use crate::support::{Project, group, group_needing};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials =
        group("man", &[("every_command_has_a_page_with_its_sections", every_command_has_a_page)]);
    let no_man = output("man", &["--version"]).is_none().then(|| "no man".into());
    trials.extend(group_needing("man reads", no_man, &[("man_reads_a_page_without_a_warning", man_reads)]));
    trials
}

fn pages(project: &Project) -> BTreeSet<String> {
    let (code, _, talk) = verb(project, &["help", "--man", "pages/man1"]);
    assert_eq!(code, 0, "{talk}");
    let files = fs::read_dir(project.file("pages/man1")).unwrap();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// The commands that a help lists.
fn commands(project: &Project, arguments: &[&str]) -> Vec<String> {
    let (_, help, _) = verb(project, arguments);
    let (_, listed) = help.split_once("Commands:\n").unwrap_or_else(|| panic!("{help}"));
    let (listed, _) = listed.split_once("\n\n").unwrap();
    // A line that goes on is indented more.
    let named =
        listed.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    named.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

fn every_command_has_a_page() {
    let project = Project::new("");
    let pages = pages(&project);
    let mut wanted = BTreeSet::from(["hydrant.1".to_owned()]);
    wanted.extend(commands(&project, &["--help"]).iter().map(|verb| format!("hydrant-{verb}.1")));
    let below = commands(&project, &["dlq", "--help"]);
    wanted.extend(below.iter().filter(|verb| *verb != "help").map(|verb| format!("hydrant-dlq-{verb}.1")));
    assert!(wanted.len() > 20, "{wanted:?}");
    let missing: Vec<&String> = wanted.difference(&pages).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for page in &pages {
        let text = fs::read_to_string(project.file(&format!("pages/man1/{page}"))).unwrap();
        for section in [".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS"] {
            assert!(text.lines().any(|line| line == section), "{page}: no {section}");
        }
    }
}

fn man_reads() {
    let project = Project::new("");
    for page in pages(&project) {
        let file = project.file(&format!("pages/man1/{page}"));
        let text = output("man", &["--warnings", "-l", file.to_str().unwrap()]).unwrap();
        let name = page.trim_end_matches(".1");
        assert!(text.contains("NAME") && text.contains(name), "{page}: {text}");
    }
}
