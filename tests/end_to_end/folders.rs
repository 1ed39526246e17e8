//! Functions that are folders: what belongs to them, what does not, and every way in which one is put in place.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use libtest_mimic::Trial;

use crate::support::project::{noting_script, noting_server};
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "folders",
        &[
            ("a_changed_helper_takes_over_and_what_python_and_the_function_write_does_not", a_changed_helper),
            ("a_folder_says_what_it_runs_and_how", a_manifest),
            ("a_folder_swapped_by_a_link_or_a_rename_takes_over", a_swapped_folder),
            ("a_folder_made_unfit_or_removed_loses_nothing", a_folder_made_unfit),
            ("ten_thousand_changes_end_in_the_right_state", ten_thousand_changes),
            ("a_file_system_that_tells_nothing_is_looked_at", a_file_system_that_tells_nothing),
        ],
    )
}

/// Writes a file of a function complete, by a rename.
fn put(project: &Project, name: &str, content: &str, mode: u32) {
    let path = project.file(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let made = project.file(".made");
    fs::write(&made, content).unwrap();
    fs::set_permissions(&made, fs::Permissions::from_mode(mode)).unwrap();
    fs::rename(made, path).unwrap();
}

/// A version of a function that is a folder.
fn release(project: &Project, folder: &str, version: &str) {
    put(project, &format!("{folder}/version"), version, 0o644);
    let script = noting_script("", "cat \"$(dirname \"$0\")/version\" >> versions; echo >> versions");
    put(project, &format!("{folder}/run"), &script, 0o755);
}

fn handled_by(project: &Project, runtime: &Runtime<'_>, id: &str) -> String {
    runtime.send(id, "order");
    assert_eq!(runtime.verdicts(id)["order"]["outcome"], "delivered");
    project.lines("versions").last().unwrap().clone()
}

fn wait_revision(runtime: &Runtime<'_>, wanted: &str) {
    wait_until("the save is seen", || runtime.function("order")["revision"] == wanted);
}

/// Failure scenario 50: neither the cache that Python writes beside its files nor a log of the function's own is a
/// change of the function.
fn a_changed_helper() {
    let project = Project::new("");
    let more = "        import helper\n        here = os.path.dirname(__file__)\n        note(self.path, here + \"/order.log\")\n        answer = f\"{helper.mood} {os.getpid()}\".encode()";
    put(&project, "functions/order/run", &noting_server("", more), 0o755);
    put(&project, "functions/order/helper.py", "mood = 'calm'\n", 0o644);
    project.function("other", noting_script("", ""));
    let runtime = Runtime::start(&project);
    let first = runtime.get("/fn/order").body;
    assert!(first.starts_with("calm "), "{first}");
    for id in 0..20 {
        runtime.send(&id.to_string(), "order");
        assert_eq!(runtime.verdicts(&id.to_string())["order"]["outcome"], "delivered");
    }
    assert!(project.file("functions/order/__pycache__").is_dir(), "else nothing was shown");
    assert!(project.lines("functions/order/order.log").len() > 20, "else nothing was shown");
    // Whatever was noticed before is over when this is seen.
    project.function("other", noting_script("", "true"));
    wait_until("the other one is seen", || runtime.function("other")["revision"] == "r2");
    assert_eq!(runtime.get("/fn/order").body, first, "the same process");
    assert_eq!(runtime.function("order")["revision"], "r1");
    put(&project, "functions/order/helper.py", "mood = 'merry'\n", 0o644);
    wait_until("the helper takes over", || runtime.get("/fn/order").body.starts_with("merry "));
    assert_eq!(runtime.function("order")["revision"], "r2");
    assert!(runtime.log().contains("functions/order/helper.py changed -> r2 ("), "{}", runtime.log());
}

fn a_manifest() {
    let project = Project::new("");
    let more = "        answer = os.environ.get(\"MOOD\", \"-\").encode()";
    put(&project, "functions/order/src/server.py", &noting_server("", more), 0o755);
    let manifest = "exec = \"src/server.py\"\non = { type = \"x\" }\n";
    put(&project, "functions/order/function.toml", manifest, 0o644);
    let runtime = Runtime::start(&project);
    runtime.send("1", "x");
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
    put(
        &project,
        "functions/order/function.toml",
        &format!("{manifest}env = {{ MOOD = \"good\" }}\n"),
        0o644,
    );
    wait_until("its settings take over", || runtime.get("/fn/order").body == "good");
    assert!(runtime.log().contains("its settings changed -> r2"), "{}", runtime.log());
}

/// Failure scenario 20.
fn a_swapped_folder() {
    let project = Project::new("");
    for version in ["1", "2", "3"] {
        release(&project, &format!("releases/{version}"), version);
    }
    let lead = |version: &str| {
        symlink(format!("../releases/{version}"), project.file("next")).unwrap();
        fs::rename(project.file("next"), project.file("functions/order")).unwrap();
    };
    lead("1");
    let runtime = Runtime::start(&project);
    assert_eq!(handled_by(&project, &runtime, "1"), "1");
    lead("2");
    wait_revision(&runtime, "r2");
    assert_eq!(handled_by(&project, &runtime, "2"), "2");
    // A file behind the link.
    put(&project, "releases/2/version", "2b", 0o644);
    wait_revision(&runtime, "r3");
    assert_eq!(handled_by(&project, &runtime, "3"), "2b");
    // A folder in the link's place, and another in the folder's.
    fs::remove_file(project.file("functions/order")).unwrap();
    fs::rename(project.file("releases/3"), project.file("functions/order")).unwrap();
    wait_revision(&runtime, "r4");
    assert_eq!(handled_by(&project, &runtime, "4"), "3");
    fs::rename(project.file("functions/order"), project.file("releases/3")).unwrap();
    fs::rename(project.file("releases/1"), project.file("functions/order")).unwrap();
    wait_revision(&runtime, "r5");
    assert_eq!(handled_by(&project, &runtime, "5"), "1");
    put(&project, "functions/order/version", "1b", 0o644);
    wait_revision(&runtime, "r6");
    assert_eq!(handled_by(&project, &runtime, "6"), "1b", "the new folder is watched");
}

/// Failure scenarios 20 and 46.
fn a_folder_made_unfit() {
    let project = Project::new("[trigger.order]\nto = \"fn/order\"\n[function.order]\n");
    release(&project, "functions/order", "1");
    let runtime = Runtime::start(&project);
    assert_eq!(handled_by(&project, &runtime, "1"), "1");
    let waits = |reason: &str, id: &str| {
        wait_until("it is told", || {
            runtime.function("order")["reason"].as_str().is_some_and(|told| told.contains(reason))
        });
        runtime.send(id, "order");
        wait_until("the event waits", || runtime.function("order")["queued"] == 1);
    };
    let run = project.file("functions/order/run");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o644)).unwrap();
    waits("functions/order/run is not executable", "2");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(runtime.verdicts("2")["order"]["outcome"], "delivered");
    assert_eq!(runtime.function("order")["revision"], "r1", "what it holds did not change");
    fs::remove_file(&run).unwrap();
    waits("its file is missing", "3");
    fs::remove_dir_all(project.file("functions/order")).unwrap();
    release(&project, "functions/order", "2");
    assert_eq!(runtime.verdicts("3")["order"]["outcome"], "delivered");
    assert_eq!(project.lines("versions").last().unwrap(), "2");
    assert_eq!(project.counts("delivered").len(), 3);
}

/// Failure scenario 22.
fn ten_thousand_changes() {
    const FILES: usize = 100;
    let project = Project::new("");
    release(&project, "functions/order", "0");
    project.function("other", noting_script("", ""));
    let runtime = Runtime::start(&project);
    for round in 1..=100 {
        for number in 0..FILES {
            let name = format!("functions/order/part{number}");
            project.write(&name, &format!("{round}"));
        }
    }
    release(&project, "functions/order", "last");
    let mut asked = 0;
    wait_until("the last one is there", || {
        asked += 1;
        handled_by(&project, &runtime, &asked.to_string()) == "last"
    });
    // Whatever was noticed before is over when this is seen.
    project.function("other", noting_script("", "true"));
    wait_until("the other one is seen", || runtime.function("other")["revision"] == "r2");
    let settled = runtime.function("order");
    project.function("other", noting_script("", "false"));
    wait_until("the other one is seen", || runtime.function("other")["revision"] == "r3");
    assert_eq!(runtime.function("order")["revision"], settled["revision"], "it goes on by itself");
    drop(runtime);
    let again = Runtime::start(&project);
    let fresh = || again.function("order")["content"].clone();
    wait_until("it is named", || !fresh().is_null());
    assert_eq!(fresh(), settled["content"], "what a look from the beginning finds");
}

fn a_file_system_that_tells_nothing() {
    let project = Project::new("");
    release(&project, "functions/order", "1");
    let runtime = Runtime::start_as(&project, &["dev", "--poll=20ms"]);
    assert_eq!(handled_by(&project, &runtime, "1"), "1");
    put(&project, "functions/order/version", "2", 0o644);
    wait_revision(&runtime, "r2");
    assert_eq!(handled_by(&project, &runtime, "2"), "2");
    project.configure("[function.order]\nenv = { MOOD = \"good\" }\n");
    wait_revision(&runtime, "r3");
    let watches = fs::read_dir(format!("/proc/{}/fdinfo", runtime.pid())).unwrap();
    let watches = watches.filter_map(|info| fs::read_to_string(info.ok()?.path()).ok());
    assert_eq!(watches.filter(|info| info.contains("inotify wd:")).count(), 0, "nothing is watched");
}
