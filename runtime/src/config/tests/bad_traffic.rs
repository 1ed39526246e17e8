//! `traffic` and `tags` that cannot be meant.

use super::{Loaded, Project};

fn project(settings: &str) -> Project {
    let project = Project::new(&format!("[function.hello]\n{settings}\n"));
    project.script("functions/hello");
    project
}

fn check(settings: &str, code: &str, words: &[&str]) {
    let loaded = project(settings).load();
    assert!(loaded.resolved.is_none(), "{settings} is taken");
    check_said(&loaded, settings, code, words);
}

fn check_said(loaded: &Loaded, settings: &str, code: &str, words: &[&str]) {
    let finding = loaded.only();
    assert_eq!(finding.code.id(), code, "{}", loaded.text());
    let place = finding.place().unwrap_or_else(|| panic!("no place: {}", loaded.text()));
    assert_eq!(place.source.name, "runtime.toml");
    for word in words {
        assert!(loaded.text().contains(word), "{settings}: `{word}` is not in\n{}", loaded.text());
    }
}

#[test]
fn shares_come_to_a_hundred() {
    check("traffic = { r1 = 10, latest = 80 }", "H005", &["add up to 100", "this is 90 in all"]);
    check("traffic = { r1 = 60, latest = 60 }", "H005", &["120 in all"]);
    check("traffic = {}", "H005", &["0 in all"]);
    check("traffic = { r1 = 0, latest = 100 }", "H005", &["from 1 to 100"]);
    check("traffic = \"r1\"", "H005", &["must be a table"]);
}

#[test]
fn a_share_is_a_revisions() {
    check("traffic = { 3 = 100 }", "H005", &["`latest` or a revision, such as `r3`"]);
    check("traffic = { r03 = 100 }", "H005", &["`r03` must be"]);
    check("traffic = { lastest = 100 }", "H005", &["`lastest` must be"]);
    check("tags = { stable = \"v3\" }", "H005", &["`stable` in [function.hello] tags must be"]);
    check("tags = { Stable = \"latest\" }", "H005", &["`stable` would do"]);
}

#[test]
fn a_revision_that_never_was_is_told_with_those_that_were() {
    let words = ["function `hello` has no revision r7", "known: r1; r1 is the latest"];
    check("traffic = { r7 = 100 }", "H012", &words);
    check("tags = { stable = \"r7\" }", "H012", &words);
}

#[test]
fn of_a_folder_there_is_only_the_latest() {
    let project = Project::new("[function.hello]\ntraffic = { r1 = 100 }\n");
    project.script("functions/hello/run");
    let loaded = project.load();
    assert!(loaded.resolved.is_none());
    let words = ["is the folder functions/hello", "r1 cannot be run beside the latest", "a single file"];
    check_said(&loaded, "traffic", "H005", &words);
    project.write("runtime.toml", "[function.hello]\ntraffic = { latest = 100 }\n", 0o644);
    assert!(project.resolved().function("hello").named.is_empty(), "as without the key");
}

#[test]
fn a_tag_is_nobody_elses_name() {
    let project = project("tags = { stable = \"r1\" }");
    project.script("functions/stable-hello");
    let loaded = project.load();
    let words =
        ["tag `stable` of function `hello` is called at `stable-hello`, as the function `stable-hello` is"];
    check_said(&loaded, "tags", "H011", &words);
    let two = "[function.b-c]\ntags = { a = \"r1\" }\n[function.c]\ntags = { a-b = \"latest\" }\n";
    let project = Project::new(two);
    project.script("functions/b-c");
    project.script("functions/c");
    check_said(&project.load(), two, "H011", &["at `a-b-c`, as tag `a` of function `b-c` is"]);
}

#[test]
fn it_is_each_functions_own() {
    let loaded = Project::new("[defaults]\ntraffic = { latest = 100 }\n").load();
    assert_eq!(loaded.only().code.id(), "H004", "{}", loaded.text());
}
