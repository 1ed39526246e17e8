//! One load after another: what stays the same, and what waits.

use std::fs::File;
use std::time::{Duration, SystemTime};

use super::super::Overrides;
use super::super::resolved::Found;
use super::Project;

#[test]
fn everything_keeps_its_id_over_reloads() {
    let project = Project::new("[channel.c]\n[trigger.t]\nto = \"http://127.0.0.1:1/\"\n");
    project.script("functions/a");
    let mut loader = project.loader();
    let first = loader.load().usable();
    project.script("functions/0");
    project.write("runtime.toml", "[broker.aaa]\n[channel.c]\n[trigger.s]\nto = \"http://127.0.0.1:2/\"\n[trigger.t]\nto = \"http://127.0.0.1:1/\"\n", 0o644);
    let second = loader.load().usable();
    for (id, channel) in &first.channels {
        assert_eq!(second.channels.get(id), Some(channel));
    }
    for (id, function) in &first.functions {
        assert_eq!(second.functions.get(id).map(|f| &f.name), Some(&function.name));
    }
    for (id, sink) in &first.sinks {
        assert_eq!(second.sinks.get(id), Some(sink));
    }
    for subscription in &first.topology.subscriptions {
        assert_eq!(second.subscription(&subscription.name), Some(&**subscription));
    }
    assert!(second.functions.len() > first.functions.len() && second.channels.len() > first.channels.len());
}

#[test]
fn a_changed_class_is_the_same_channel_made_of_something_else() {
    let project = Project::new("");
    let mut loader = project.loader();
    let first = loader.load().usable();
    project.write("runtime.toml", "[broker.default]\nclass = \"memory\"\n", 0o644);
    let second = loader.load().usable();
    let broker = |resolved: &super::Resolved| {
        let found = resolved.channels.iter().find(|(_, channel)| channel.name == "default");
        found.map(|(id, channel)| (*id, channel.spec.clone())).unwrap()
    };
    let (first, second) = (broker(&first), broker(&second));
    assert_eq!(first.0, second.0);
    assert_ne!(first.1, second.1);
}

#[test]
fn an_unchanged_file_is_the_same_program_and_a_saved_one_is_another() {
    let project = Project::empty();
    project.script("functions/a");
    let mut loader = project.loader();
    let first = loader.load().usable().program("a").clone();
    assert_eq!(loader.load().usable().program("a"), &first);
    project.write("functions/a", "#!/bin/sh\necho another\n", 0o755);
    assert_ne!(loader.load().usable().program("a"), &first);
}

#[test]
fn changed_settings_are_another_program() {
    let project = Project::new("[function.a]\nenv = { A = \"1\" }\n[function.b]\n");
    project.script("functions/a");
    project.script("functions/b");
    let mut loader = project.loader();
    let first = loader.load().usable();
    project.write("runtime.toml", "[function.a]\nenv = { A = \"2\" }\n[function.b]\n", 0o644);
    let second = loader.load().usable();
    assert_ne!(first.program("a"), second.program("a"));
    assert_eq!(first.program("b"), second.program("b"), "an edit restarts only this function");
}

#[test]
fn a_function_that_is_gone_keeps_its_trigger_until_it_comes_back() {
    let project = Project::empty();
    project.write("functions/a", "#!/bin/sh\n# hydrant: on = { type = \"x\" }\n", 0o755);
    let mut loader = project.loader();
    let first = loader.load().usable();
    project.remove("functions/a");
    let loaded = loader.load();
    assert_eq!(loaded.codes(), ["H055"]);
    let second = loaded.usable();
    assert_eq!(second.function("a").found, Found::Absent);
    assert_eq!(second.subscription("trigger/a"), first.subscription("trigger/a"));
    project.script("functions/a");
    let third = loader.load().usable();
    third.program("a");
    assert_eq!(project.resolved().functions.len(), 1, "and a fresh start knows no ghosts");
}

#[test]
fn a_function_that_cannot_run_for_a_while_wants_the_same_events() {
    let project = Project::empty();
    project.write("lib/a", "#!/bin/sh\n# hydrant: on = { type = \"x\" }\n", 0o755);
    std::os::unix::fs::symlink("../lib/a", project.path().join("functions/a")).unwrap();
    let mut loader = project.loader();
    let first = loader.load().usable();
    let check = |resolved: super::Resolved| {
        assert!(matches!(resolved.function("a").found, Found::Broken(_)));
        assert_eq!(resolved.subscription("trigger/a"), first.subscription("trigger/a"));
    };
    project.mode("lib/a", 0o644);
    check(loader.load().usable());
    project.remove("lib/a");
    check(loader.load().usable());
}

#[test]
fn a_written_trigger_may_take_the_name_of_a_function_that_is_gone() {
    let project = Project::empty();
    project.script("functions/a");
    let mut loader = project.loader();
    loader.load().usable();
    project.remove("functions/a");
    project.write("runtime.toml", "[trigger.a]\nto = \"http://127.0.0.1:1/\"\n", 0o644);
    assert_eq!(loader.load().usable().filter("trigger/a"), "every event");
}

#[test]
fn a_file_that_is_being_written_stays_what_it_was() {
    let project = Project::empty();
    project.script("functions/a");
    let busy = |path: &std::path::Path, _: &std::fs::File| {
        Ok(std::fs::read_to_string(path).is_ok_and(|text| text.contains("half")))
    };
    let mut loader = project.loader_with(Overrides::default(), busy);
    let first = loader.load().usable().program("a").clone();
    project.write("functions/a", "#!/bin/sh\nhalf", 0o755);
    project.write("functions/new", "#!/bin/sh\nhalf", 0o755);
    let loaded = loader.load();
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.text());
    assert!(loaded.is_unfinished, "it is worth another look");
    let second = loaded.usable();
    assert_eq!(second.program("a"), &first);
    assert_eq!(second.function("new").found, Found::Absent, "something new waits until it is whole");
    project.write("functions/a", "#!/bin/sh\nwhole", 0o755);
    project.remove("functions/new");
    let loaded = loader.load();
    assert!(!loaded.is_unfinished);
    assert_ne!(loaded.usable().program("a"), &first);
}

#[test]
fn at_a_start_who_has_a_file_open_and_wrote_it_long_ago_is_not_waited_for() {
    let project = Project::empty();
    project.script("functions/a");
    project.script("functions/b");
    let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
    let age = |name: &str| File::open(project.path().join(name)).unwrap().set_modified(an_hour_ago).unwrap();
    age("functions/a");
    let mut loader = project.loader_with(Overrides::default(), |_, _| Ok(true));
    let loaded = loader.load();
    assert!(loaded.is_unfinished);
    let resolved = loaded.usable();
    assert!(matches!(resolved.function("a").found, Found::Program(_)), "its start says `text busy`");
    assert_eq!(resolved.function("b").found, Found::Absent, "it may not be whole");
    let first = resolved.program("a").clone();
    project.write("functions/a", "#!/bin/sh\nhalf", 0o755);
    age("functions/a");
    assert_eq!(loader.load().usable().program("a"), &first, "it could go on in its place");
}

#[test]
fn a_broken_file_gives_nothing_and_disturbs_nothing() {
    let project = Project::new("");
    project.script("functions/a");
    let mut loader = project.loader();
    let first = loader.load().usable();
    project.write("runtime.toml", "[runtime\n", 0o644);
    let loaded = loader.load();
    assert!(loaded.resolved.is_none());
    assert_eq!(loaded.diagnostics[0].code.id(), "H002");
    project.write("runtime.toml", "", 0o644);
    assert_eq!(loader.load().usable().functions, first.functions);
}
