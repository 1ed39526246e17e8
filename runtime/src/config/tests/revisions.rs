//! The revisions of a function: their numbers over reloads and restarts, and what is kept of them.

use std::path::PathBuf;

use super::{Found, Loader, Project, Resolved};

fn saved(number: u32) -> String {
    format!("#!/bin/sh\necho {number}\n")
}

/// Puts a file there as a build does, by a rename.
fn save(project: &Project, name: &str, text: &str) {
    project.write("made", text, 0o755);
    std::fs::rename(project.path().join("made"), project.path().join(name)).unwrap();
}

/// Loads, and does on the disk what a runtime does.
fn load(loader: &mut Loader) -> Resolved {
    let resolved = loader.load().usable();
    if let Some(keeping) = loader.take_keeping() {
        let fresh = keeping.fresh();
        keeping.pin();
        keeping.settle(fresh);
    }
    resolved
}

fn number(resolved: &Resolved) -> u32 {
    resolved.program("hello").revision.0
}

fn kept(project: &Project) -> Vec<String> {
    let folder = project.path().join(".hydrant/revisions/hello");
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = names.map(|e| e.file_name().into_string().unwrap()).collect();
    names.sort_by_key(|name| name[1..].parse::<u32>().unwrap());
    names
}

/// The file that a revision runs, as it is seen from the project.
fn runs(project: &Project, resolved: &Resolved, name: &str) -> PathBuf {
    let path = &resolved.program(name).path;
    path.strip_prefix(project.path()).unwrap_or(path).to_owned()
}

#[test]
fn an_old_revision_runs_what_was_kept_of_it_by_the_settings_of_today() {
    let project = Project::empty();
    save(&project, "functions/hello.mjs", &saved(1));
    let mut loader = project.loader();
    assert_eq!(number(&load(&mut loader)), 1);
    save(&project, "functions/hello.mjs", &saved(2));
    assert_eq!(number(&load(&mut loader)), 2);
    project.write(
        "runtime.toml",
        "[function.hello]\ntraffic = { r1 = 100 }\nenv = { A = \"1\" }\nmin = 2\n",
        0o644,
    );
    let resolved = load(&mut loader);
    assert_eq!(number(&resolved), 3, "the settings changed");
    let path = runs(&project, &resolved, "hello@r1");
    assert_eq!(path.to_str(), Some(".hydrant/revisions/hello/r1/hello.mjs"), "under its own name");
    assert_eq!(std::fs::read_to_string(project.path().join(path)).unwrap(), saved(1));
    let old = resolved.program("hello@r1");
    assert_eq!((old.revision.0, &*old.terms.env["A"], old.terms.settings.scaling.min), (1, "1", 2));
    assert_eq!(resolved.program("hello").terms.settings.scaling.min, 0, "nothing reaches it");
}

#[test]
fn a_large_file_is_told_from_the_one_that_was_kept_before_anybody_names_it() {
    let project = Project::empty();
    let save = |last: char| save(&project, "functions/hello", &format!("{}{last}", "x".repeat(1 << 20)));
    let mut loader = project.loader();
    let mut load = || {
        let resolved = load(&mut loader);
        (number(&resolved), resolved.program("hello").content.hash().is_some())
    };
    save('1');
    assert_eq!(load(), (1, false));
    save('2');
    assert_eq!(load(), (2, false), "they differ, and nobody waits for its name");
    save('2');
    assert_eq!(load(), (2, true), "they do not differ, so one name is that of both");
    // In place, under the link.
    project.write(".hydrant/revisions/hello/r2/hello", "#!/bin/sh\n", 0o755);
    save('3');
    assert_eq!(load(), (3, true), "what was kept says nothing any more");
}

#[test]
fn numbers_go_on_over_a_restart() {
    let project = Project::empty();
    save(&project, "functions/hello", &saved(1));
    load(&mut project.loader());
    let mut again = project.loader();
    assert_eq!(number(&load(&mut again)), 1, "the same file and settings");
    save(&project, "functions/hello", &saved(2));
    assert_eq!(number(&load(&mut again)), 2);
    let settings = "[function.hello]\nmax = 3\n";
    project.write("runtime.toml", settings, 0o644);
    assert_eq!(number(&load(&mut project.loader())), 3, "other settings");
    save(&project, "functions/hello", &saved(2));
    assert_eq!(number(&load(&mut project.loader())), 3, "the same content in another file");
    assert_eq!(kept(&project), ["r1", "r2", "r3"]);
    project.write("runtime.toml", format!("{settings}traffic = {{ r1 = 50, latest = 50 }}\n"), 0o644);
    let resolved = load(&mut project.loader());
    let path = project.path().join(runs(&project, &resolved, "hello@r1"));
    assert_eq!(std::fs::read_to_string(path).unwrap(), saved(1), "what was kept before the restart");
}

#[test]
fn what_was_written_over_in_place_is_told_and_is_nothing_to_run() {
    let project = Project::new("[function.hello]\ntraffic = { r1 = 100 }\n");
    save(&project, "functions/hello", &saved(1));
    let mut loader = project.loader();
    load(&mut loader);
    let resolved = load(&mut loader);
    assert!(matches!(resolved.function("hello@r1").found, Found::Program(_)));
    project.write("functions/hello", saved(2), 0o755);
    let loaded = loader.load();
    assert_eq!(loaded.codes(), ["H061"], "{}", loaded.text());
    assert!(loaded.text().contains("its file was overwritten in place"), "{}", loaded.text());
    assert!(loaded.text().contains("its share goes to the latest"), "{}", loaded.text());
    let resolved = loaded.usable();
    assert!(
        matches!(&resolved.function("hello@r1").found, Found::Broken(reason) if reason.contains("r1 cannot"))
    );
    assert_eq!(number(&resolved), 2);
}

#[test]
fn a_save_without_a_change_is_kept_anew_under_its_number() {
    let project = Project::new("[function.hello]\ntraffic = { r1 = 100 }\n");
    save(&project, "functions/hello", &saved(1));
    let mut loader = project.loader();
    load(&mut loader);
    project.write("functions/hello", saved(1), 0o755);
    assert_eq!(number(&load(&mut loader)), 1);
    save(&project, "functions/hello", &saved(2));
    let loaded = loader.load();
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.text());
}

#[test]
fn only_so_many_are_kept_and_those_that_are_named() {
    let project =
        Project::new("[runtime]\nrevisions = 1\n[function.hello]\ntraffic = { r1 = 1, latest = 99 }\n");
    let mut loader = project.loader();
    for version in 1..=4 {
        save(&project, "functions/hello", &saved(version));
        assert_eq!(number(&load(&mut loader)), version);
    }
    assert_eq!(kept(&project), ["r1", "r3", "r4"]);
    project.write("runtime.toml", "[runtime]\nrevisions = 0\n", 0o644);
    load(&mut loader);
    // What changed is on the disk with the next one.
    save(&project, "functions/hello", &saved(5));
    load(&mut loader);
    assert_eq!(kept(&project), ["r5"]);
}

#[test]
fn a_function_that_is_gone_for_good_leaves_nothing_behind() {
    let project = Project::empty();
    save(&project, "functions/hello", &saved(1));
    save(&project, "functions/other", &saved(1));
    let mut loader = project.loader();
    load(&mut loader);
    project.remove("functions/hello");
    load(&mut loader);
    assert_eq!(kept(&project), ["r1"], "it may come back");
    load(&mut project.loader());
    assert!(!project.path().join(".hydrant/revisions/hello").exists());
    assert!(project.path().join(".hydrant/revisions/other/r1/other").exists());
}

#[test]
fn without_a_state_folder_a_revision_is_there_until_its_file_is_replaced() {
    let project = Project::new("[runtime]\nstate = \"memory\"\n[function.hello]\ntraffic = { r1 = 100 }\n");
    save(&project, "functions/hello", &saved(1));
    let mut loader = project.loader();
    let resolved = load(&mut loader);
    assert_eq!(runs(&project, &resolved, "hello@r1").to_str(), Some("functions/hello"));
    save(&project, "functions/hello", &saved(2));
    let loaded = loader.load();
    assert_eq!(loaded.codes(), ["H061"]);
    assert!(loaded.text().contains("nothing is kept with state = \"memory\""), "{}", loaded.text());
}

#[test]
fn a_script_speaks_as_its_own_header_says() {
    let project = Project::new("[function.hello]\ntraffic = { r1 = 100 }\n");
    save(&project, "functions/hello", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\n");
    let mut loader = project.loader();
    load(&mut loader);
    save(&project, "functions/hello", "#!/bin/sh\n# hydrant: protocol = \"stdio\"\n");
    let resolved = load(&mut loader);
    let protocols = ["hello@r1", "hello"].map(|name| format!("{:?}", resolved.program(name).terms.protocol));
    assert_eq!(protocols, ["Oneshot", "Stdio"]);
}

#[test]
fn a_load_that_fails_uses_up_no_number() {
    let project = Project::empty();
    save(&project, "functions/hello", &saved(1));
    let mut loader = project.loader();
    load(&mut loader);
    save(&project, "functions/hello", &saved(2));
    project.write("runtime.toml", "nonsense = 1\n", 0o644);
    assert!(loader.load().resolved.is_none());
    save(&project, "functions/hello", &saved(3));
    project.write("runtime.toml", "", 0o644);
    assert_eq!(number(&load(&mut loader)), 2);
}
