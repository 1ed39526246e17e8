//! What is said of sources that are programs: what they run, and where they send.

use super::Project;
use super::bad::check;
use crate::config::resolved::{ChannelKind, Found, Resolved};

const CLOCK: &str = "[source.clock]\ntype = \"container\"\nexec = \"sources/clock.sh\"\n";

fn resolved(more: &str) -> Resolved {
    let project = Project::new(&format!("{CLOCK}{more}"));
    project.script("functions/bill.sh");
    project.script("sources/clock.sh");
    project.resolved()
}

#[test]
fn it_runs_as_functions_do_and_is_none() {
    let resolved = resolved(
        "to = \"broker/default\"\nargs = [\"-v\"]\nenv = { A = \"b\" }\n[defaults]\nenv = { C = \"d\" }\n",
    );
    let clock = &resolved.containers["clock"];
    let Found::Program(program) = &clock.found else { panic!("{:?}", clock.found) };
    assert!(program.path.ends_with("sources/clock.sh") && clock.files[..] == [program.path.to_path_buf()]);
    assert_eq!(program.terms.args, ["-v"]);
    assert_eq!(program.terms.env.keys().collect::<Vec<_>>(), ["A"], "defaults are those of functions");
    assert_eq!(clock.outlet.channel, (ChannelKind::Broker, "default".into()));
    let names: Vec<&str> = resolved.functions.values().map(|function| &*function.name).collect();
    assert_eq!(names, ["bill"]);
}

#[test]
fn before_a_function_it_has_a_channel_of_its_own() {
    let resolved = resolved("to = \"fn/bill\"\n");
    assert_eq!(resolved.containers["clock"].outlet.channel, (ChannelKind::Source, "clock".into()));
    assert!(resolved.subscription("source/clock").is_some());
}

#[test]
fn another_content_is_another_program() {
    let project = Project::new(&format!("{CLOCK}to = \"broker/default\"\n"));
    project.script("sources/clock.sh");
    let mut loader = project.loader();
    let mut load = || loader.load().resolved.unwrap().containers["clock"].clone();
    let first = load();
    assert_eq!(first, load());
    project.write("sources/clock.sh", "#!/bin/sh\necho another\n", 0o755);
    assert_ne!(first, load());
}

#[test]
fn what_is_wrong_is_told() {
    check(
        "[source.clock]\ntype = \"container\"\nto = \"broker/default\"\n",
        "H006",
        (1, 1),
        "[source.clock] has no `exec`",
        "name the program, such as exec = \"sources/clock.py\"",
    );
    check(
        &format!("{CLOCK}to = \"broker/default\"\n"),
        "H055",
        (3, 8),
        "the program of source `clock` is not there, so it sends nothing",
        "build it; it is started as soon as it is there",
    );
}

#[test]
fn a_key_of_another_type_is_told_whose_it_is() {
    let project = Project::new(&format!("{CLOCK}to = \"broker/default\"\nschedule = \"@daily\"\n"));
    project.script("sources/clock.sh");
    let loaded = project.load();
    let help = loaded.only().help.as_deref().unwrap();
    assert!(help.starts_with("it is a key of type = \"ping\"; known here: type, exec, args"), "{help}");
}
