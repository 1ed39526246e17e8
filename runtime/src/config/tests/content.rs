//! When a save is another content, and when it is none.

use std::fs;
use std::time::Duration;

use activator::scale::Idle;
use hashbrown::HashMap;

use super::super::resolved::Found;
use super::super::{Loader, Overrides, hash_all};
use super::Project;

/// A function that is a folder: a program and what it needs.
fn folder() -> Project {
    let project = Project::empty();
    project.script("functions/bill/run");
    project.write("functions/bill/lib/helper.py", "x = 1\n", 0o644);
    project
}

/// Whether the last save made another content, and which file it was.
fn changed(loader: &mut Loader, name: &str, save: impl FnOnce()) -> Option<String> {
    let before = loader.load().usable().program(name).content.clone();
    save();
    let after = loader.load().usable().program(name).content.clone();
    (before != after).then(|| after.because().unwrap().to_owned())
}

#[test]
fn a_file_saved_without_a_change_is_the_same_content() {
    let project = Project::empty();
    project.script("functions/a");
    let path = project.path().join("functions/a");
    let old = fs::metadata(&path).unwrap().modified().unwrap() - Duration::from_secs(60);
    let mut loader = project.loader();
    let touch = || fs::File::open(&path).unwrap().set_modified(old).unwrap();
    assert_eq!(changed(&mut loader, "a", touch), None);
    let replace = || {
        fs::copy(&path, project.path().join("new")).unwrap();
        fs::rename(project.path().join("new"), &path).unwrap();
    };
    assert_eq!(changed(&mut loader, "a", replace), None, "another inode");
    let edit = || project.write("functions/a", "#!/bin/sh\nfals\n", 0o755);
    assert_eq!(changed(&mut loader, "a", edit).as_deref(), Some("functions/a"), "of the same length");
}

#[test]
fn a_content_is_named_as_sha256sum_names_it() {
    let project = Project::empty();
    project.write("functions/a", "abc", 0o755);
    let hash = project.resolved().program("a").content.hash().unwrap();
    assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(hash.short(), "ba7816bf");
}

#[test]
fn a_large_content_has_no_name_before_it_was_read_and_is_the_same_after_a_touch() {
    let project = Project::empty();
    project.write("functions/a", vec![b'x'; 1 << 20], 0o755);
    let mut loader = project.loader();
    let content = loader.load().usable().program("a").content.clone();
    assert_eq!(content.hash(), None);
    hash_all(loader.take_unhashed());
    assert!(content.hash().is_some());
    let touch = || project.write("functions/a", vec![b'x'; 1 << 20], 0o755);
    assert_eq!(changed(&mut loader, "a", touch), None);
}

/// A hundred functions of one large interpreter: it took minutes of a processor.
#[test]
fn a_file_that_many_functions_run_is_read_once() {
    let project = Project::empty();
    project.write("big", vec![b'x'; 1 << 20], 0o755);
    project.write("runtime.toml", "[function.a]\nexec = \"big\"\n[function.b]\nexec = \"big\"\n", 0o644);
    let mut loader = project.loader();
    let resolved = loader.load().usable();
    let [a, b] = ["a", "b"].map(|name| resolved.program(name).content.clone());
    let mut unhashed = loader.take_unhashed();
    let mut known = HashMap::new();
    unhashed.remove(0).hash(&mut known);
    project.remove("big");
    unhashed.remove(0).hash(&mut known);
    assert_eq!(a.hash(), b.hash());
    assert!(b.hash().is_some());
}

#[test]
fn every_file_in_a_function_s_folder_is_its_content() {
    let project = folder();
    let mut loader = project.loader();
    let helper = || project.write("functions/bill/lib/helper.py", "x = 2\n", 0o644);
    assert_eq!(changed(&mut loader, "bill", helper).as_deref(), Some("functions/bill/lib/helper.py"));
    let another = || project.write("functions/bill/view.html", "", 0o644);
    assert_eq!(changed(&mut loader, "bill", another).as_deref(), Some("functions/bill/view.html"));
    let gone = || project.remove("functions/bill/view.html");
    assert_eq!(changed(&mut loader, "bill", gone).as_deref(), Some("functions/bill/view.html"));
    let mode = || project.mode("functions/bill/lib/helper.py", 0o755);
    assert!(changed(&mut loader, "bill", mode).is_some(), "the program may run it");
    let two = || {
        helper();
        project.write("functions/bill/run", "#!/bin/sh\nfalse\n", 0o755);
        project.write("functions/bill/lib/helper.py", "x = 3\n", 0o644);
    };
    assert_eq!(changed(&mut loader, "bill", two).as_deref(), Some("2 files of functions/bill"));
}

#[test]
fn what_tools_and_the_function_leave_in_its_folder_is_not() {
    let project = folder();
    let mut loader = project.loader();
    let left = || {
        for name in [
            ".git/HEAD",
            "node_modules/x/index.js",
            "__pycache__/helper.pyc",
            "lib/__pycache__/x.pyc",
            ".venv/x",
            "target/debug/x",
            ".run.swp",
            "run~",
            "bill.log",
            "logs/today",
            "tmp/x",
        ] {
            project.write(&format!("functions/bill/{name}"), "x", 0o644);
        }
    };
    assert_eq!(changed(&mut loader, "bill", left), None);
}

#[test]
fn a_swapped_link_is_another_content_when_it_leads_to_one() {
    let project = Project::empty();
    for (release, text) in [("r1", "x = 1\n"), ("r2", "x = 2\n"), ("r3", "x = 2\n")] {
        project.script(&format!("releases/{release}/run"));
        project.write(&format!("releases/{release}/helper.py"), text, 0o644);
    }
    let lead = |release: &str| {
        let next = project.path().join("functions/.next");
        std::os::unix::fs::symlink(format!("../releases/{release}"), &next).unwrap();
        fs::rename(next, project.path().join("functions/bill")).unwrap();
    };
    lead("r1");
    let mut loader = project.loader();
    assert_eq!(changed(&mut loader, "bill", || lead("r2")).as_deref(), Some("functions/bill/helper.py"));
    assert_eq!(changed(&mut loader, "bill", || lead("r3")), None, "the same files elsewhere");
}

#[test]
fn a_helper_that_is_being_written_stays_what_it_was() {
    let project = folder();
    let busy = |path: &std::path::Path, _: &fs::File| {
        Ok(fs::read_to_string(path).is_ok_and(|text| text.contains("half")))
    };
    let mut loader = project.loader_with(Overrides::default(), busy);
    let half = || {
        project.write("functions/bill/lib/helper.py", "half", 0o644);
        project.write("functions/bill/new.py", "half", 0o644);
    };
    assert_eq!(changed(&mut loader, "bill", half), None);
    let whole = || project.write("functions/bill/lib/helper.py", "whole", 0o644);
    assert_eq!(changed(&mut loader, "bill", whole).as_deref(), Some("functions/bill/lib/helper.py"));
}

#[test]
fn a_helper_that_everyone_can_change_keeps_the_function_from_running() {
    let project = folder();
    project.mode("functions/bill/lib/helper.py", 0o666);
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H053"]);
    let expected = "functions/bill/lib/helper.py can be changed by every user, so it is not started";
    assert_eq!(loaded.usable().function("bill").found, Found::Broken(expected.into()));
}

#[test]
fn a_folder_says_in_its_manifest_what_it_runs_and_how() {
    let project = Project::new("[function.bill]\nidle = \"4s\"\n");
    project.write("functions/bill/src/server.sh", "#!/bin/sh\n# hydrant: max = 2, concurrency = 2\n", 0o755);
    let manifest = "exec = \"src/server.sh\"\nidle = \"2s\"\nmax = 3\non = { type = \"x\" }\n";
    project.write("functions/bill/function.toml", manifest, 0o644);
    let mut loader = project.loader();
    let resolved = loader.load().usable();
    let bill = resolved.program("bill");
    assert_eq!(*bill.path, project.path().join("functions/bill/src/server.sh"));
    let settings = &bill.terms.settings;
    let scaling = &settings.scaling;
    assert_eq!((scaling.idle, scaling.max), (Idle::After(Duration::from_secs(4)), 3));
    assert_eq!(settings.concurrency, 2, "the script's header is below");
    assert_eq!(resolved.filter("trigger/bill"), "type = \"x\"");
    let on = manifest.replace("\"x\"", "\"y\"");
    project.write("functions/bill/function.toml", &on, 0o644);
    let after = loader.load().usable();
    assert_eq!(after.program("bill"), bill, "other events, and the same program");
    assert_eq!(after.filter("trigger/bill"), "type = \"y\"");
}

#[test]
fn a_manifest_that_names_no_program_or_one_that_is_not_there_says_so() {
    let project = Project::empty();
    project.write("functions/bill/function.toml", "idle = \"2s\"\n", 0o644);
    assert_eq!(project.load().codes(), ["H056"]);
    project.write("functions/bill/function.toml", "exec = \"serve\"\n", 0o644);
    let loaded = project.load();
    let found = loaded.only();
    assert_eq!((found.code.id(), found.file()), ("H055", Some("functions/bill/function.toml")));
    assert_eq!(found.place().map(|p| (p.line(), p.column())), Some((1, 8)));
    assert_eq!(loaded.usable().function("bill").found, Found::Absent, "it waits for its program");
    project.write("functions/bill/function.toml", "exec = \"run\"\nidel = \"1s\"\n", 0o644);
    project.script("functions/bill/run");
    assert_eq!(project.load().codes(), ["H004"]);
}
