//! `dev --build`: what is saved as a source serves as a program.

use std::fs;

use libtest_mimic::Trial;

use crate::support::runtime::output;
use crate::support::{Project, Runtime, group_needing, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let lacks = |tool: &str| output(tool, &["--version"]).is_none().then(|| format!("no {tool}"));
    let mut trials = group_needing(
        "build",
        lacks("gcc"),
        &[
            ("an_edited_source_is_built_and_the_next_event_runs_it", edited),
            ("while_it_is_built_the_old_program_serves", old_one_serves),
            ("a_build_that_fails_keeps_the_old_program_and_says_the_compilers_line", fails),
            ("a_build_that_writes_into_its_own_folder_runs_once", writes_into_its_folder),
            ("an_edit_while_it_is_built_is_built_once_more", edited_meanwhile),
            ("without_build_the_command_is_not_run_and_that_is_said_once", not_asked_for),
        ],
    );
    let cargo = [("what_cargo_makes_of_a_package_is_its_program", package as fn())];
    trials.extend(group_needing("build with cargo", lacks("cargo"), &cargo));
    trials
}

/// A server that notes what it is, in the project.
fn source(version: &str) -> String {
    format!(
        r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>
int main(void) {{
    int on = 1, door = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {{ .sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT"))) }};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, 16)) return 1;
    for (;;) {{
        char request[65536];
        int caller = accept(door, 0, 0);
        if (read(caller, request, sizeof request) > 0) {{
            FILE *seen = fopen("seen", "a"); fputs("{version}\n", seen); fclose(seen);
            const char *answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            write(caller, answer, strlen(answer));
        }}
        close(caller);
    }}
}}
"#
    )
}

const COMPILE: &str = "gcc -w -o serve main.c";

/// A function of sources; each build notes itself outside of its folder, and does `more` before it compiles.
fn project(more: &str) -> Project {
    let project = Project::new("");
    fs::create_dir(project.file("functions/serve")).unwrap();
    let build = format!("echo built >> ../../builds; {more}{COMPILE}");
    project.write("functions/serve/function.toml", &format!("build = {build:?}\n"));
    save(&project, "v1");
    project
}

/// Complete, by a rename: whoever looks while a file is written in place builds the half of it, and then once more.
fn save(project: &Project, version: &str) {
    project.write("main.new", &source(version));
    fs::rename(project.file("main.new"), project.file("functions/serve/main.c")).unwrap();
}

fn builds(project: &Project) -> usize {
    project.lines("builds").len()
}

/// Waits until so many builds came to their end.
fn wait_built(runtime: &Runtime<'_>, many: usize) {
    wait_until("it is built", || {
        let log = runtime.log();
        log.matches("built in").count() + log.matches("build failed").count() >= many
    });
}

/// Which program took the event.
fn taken_by(project: &Project, runtime: &Runtime<'_>, id: &str) -> String {
    runtime.send(id, "serve");
    let verdict = &runtime.verdicts(id)["serve"];
    assert_eq!(
        (&verdict["outcome"], &verdict["attempt_count"]),
        (&"delivered".into(), &1.into()),
        "{verdict}"
    );
    project.lines("seen").pop().unwrap()
}

fn edited() {
    let project = project("");
    let runtime = Runtime::start_as(&project, &["dev", "--build"]);
    assert_eq!(taken_by(&project, &runtime, "1"), "v1", "there was no program before, and the event waited");
    save(&project, "v2");
    wait_built(&runtime, 2);
    wait_until("it is live", || runtime.function("serve")["revision"] == "r2");
    assert_eq!(taken_by(&project, &runtime, "2"), "v2");
    assert_eq!(builds(&project), 2);
}

fn old_one_serves() {
    let project = project("while [ -e ../../wait ]; do sleep 0.01; done; ");
    let runtime = Runtime::start_as(&project, &["dev", "--build"]);
    assert_eq!(taken_by(&project, &runtime, "1"), "v1");
    project.write("wait", "");
    save(&project, "v2");
    wait_until("it is built again", || builds(&project) == 2);
    runtime.admin("POST", "/api/v1/functions/serve/reap?wait=30s");
    assert_eq!(taken_by(&project, &runtime, "2"), "v1", "started anew, and the old one");
    assert_eq!(runtime.function("serve")["revision"], "r1");
    fs::remove_file(project.file("wait")).unwrap();
    wait_until("it is live", || runtime.function("serve")["revision"] == "r2");
    assert_eq!(taken_by(&project, &runtime, "3"), "v2");
}

fn fails() {
    let project = project("");
    let runtime = Runtime::start_as(&project, &["dev", "--build"]);
    assert_eq!(taken_by(&project, &runtime, "1"), "v1");
    project.write("functions/serve/main.c", "int main(void) { return no_such_thing; }\n");
    wait_built(&runtime, 2);
    let log = runtime.log();
    let failed = &log[log.find("build failed").expect("it says so")..];
    assert!(failed.contains("main.c:1:") && failed.contains("no_such_thing"), "{failed}");
    runtime.admin("POST", "/api/v1/functions/serve/reap?wait=30s");
    assert_eq!(taken_by(&project, &runtime, "2"), "v1");
    assert_eq!(runtime.function("serve")["revision"], "r1");
    save(&project, "v2");
    wait_until("it is live", || runtime.function("serve")["revision"] == "r2");
    assert_eq!(taken_by(&project, &runtime, "3"), "v2");
    assert_eq!(builds(&project), 3);
}

fn writes_into_its_folder() {
    // What it writes differs each time, in a file that is ignored, in one that is not, and in a folder.
    let project = project("mkdir -p out; for file in made.o stamp out/stamp; do date +%N >> $file; done; ");
    project.write("functions/serve/.gitignore", "*.o\n");
    let runtime = Runtime::start_as(&project, &["dev", "--build"]);
    assert_eq!(taken_by(&project, &runtime, "1"), "v1");
    for (version, revision, many) in [("v2", "r2", 2), ("v3", "r3", 3)] {
        save(&project, version);
        wait_until("it is live", || runtime.function("serve")["revision"] == revision);
        assert_eq!(taken_by(&project, &runtime, version), version);
        assert_eq!(builds(&project), many, "{}", runtime.log());
    }
}

fn edited_meanwhile() {
    let project = project("while [ -e ../../wait ]; do sleep 0.01; done; ");
    let runtime = Runtime::start_as(&project, &["dev", "--build"]);
    assert_eq!(taken_by(&project, &runtime, "1"), "v1");
    project.write("wait", "");
    save(&project, "v2");
    wait_until("it is built again", || builds(&project) == 2);
    save(&project, "v3");
    save(&project, "v4");
    fs::remove_file(project.file("wait")).unwrap();
    wait_built(&runtime, 3);
    wait_until("it is live", || runtime.function("serve")["revision"] != "r1");
    assert_eq!(taken_by(&project, &runtime, "2"), "v4");
    assert_eq!(builds(&project), 3, "{}", runtime.log());
}

fn not_asked_for() {
    let project = project("");
    output("sh", &["-c", &format!("cd {} && {COMPILE}", project.file("functions/serve").display())]).unwrap();
    let runtime = Runtime::start(&project);
    assert_eq!(taken_by(&project, &runtime, "1"), "v1");
    save(&project, "v2");
    wait_until("the folder was read again", || runtime.function("serve")["revision"] == "r2");
    assert_eq!(runtime.log().matches("`build` is not used").count(), 1, "{}", runtime.log());
    assert_eq!((builds(&project), &*taken_by(&project, &runtime, "2")), (0, "v1"));
}

fn package() {
    let project = Project::new("");
    fs::create_dir_all(project.file("functions/serve/src")).unwrap();
    project.write(
        "functions/serve/Cargo.toml",
        "[package]\nname = \"serve\"\nedition = \"2024\"\n[workspace]\n",
    );
    project.write(
        "functions/serve/function.toml",
        "build = \"cargo build --offline\"\nprotocol = \"oneshot\"\n",
    );
    let save = |version: &str| {
        let note = format!("std::fs::write(\"seen\", \"{version}\")");
        project.write("functions/serve/src/main.rs", &format!("fn main() {{ {note}.unwrap(); }}\n"));
    };
    save("v1");
    let runtime = Runtime::start_as(&project, &["dev", "--build"]);
    assert_eq!(taken_by(&project, &runtime, "1"), "v1");
    save("v2");
    wait_until("it is live", || runtime.function("serve")["revision"] == "r2");
    assert_eq!(taken_by(&project, &runtime, "2"), "v2");
    assert_eq!(runtime.log().matches("build: cargo").count(), 2, "{}", runtime.log());
}
