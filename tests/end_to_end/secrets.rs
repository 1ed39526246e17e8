//! What a function is told and nobody else, and what functions print.

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;

use crate::support::project::{noting_script, noting_server, python};
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "secrets and output",
        &[
            ("a_secret_is_told_to_the_function_and_to_nobody_else", a_secret_is_told_to_nobody_else),
            ("a_changed_secret_restarts_its_function_alone", a_changed_secret),
            ("a_missing_secret_is_told_and_its_events_wait", a_missing_secret),
            ("a_line_bears_its_instance_and_its_event", a_line_bears_its_event),
            ("a_traceback_is_kept_whole_with_what_failed", a_traceback_is_kept_whole),
        ],
    )
}

const DB: &str = "s3cret-of-the-db";
const TOKEN: &str = "t0ken-of-the-file";

const CONFIG: &str = "[function.order]\nenv_file = \".env\"\n\
    secrets = { DB = { file = \"secrets/db\" }, FROM_HOME = { env = \"HOME\" } }\n\
    [broker.default]\ndelivery = { retry = 0 }\n";

fn secretive() -> Project {
    let project = Project::new(CONFIG);
    fs::create_dir(project.file("secrets")).unwrap();
    project.write("secrets/db", &format!("{DB}\n"));
    project.write(".env", &format!("# for the function\nexport TOKEN=\"{TOKEN}\"\nPORT=3000\n"));
    project
}

/// Files below a folder that hold the text.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|w| w == text.as_bytes())) {
            found.push(path.display().to_string());
        }
    }
    found
}

fn a_secret_is_told_to_nobody_else() {
    let project = secretive();
    // One that fails, and prints all it knows.
    let script =
        "echo \"$DB $TOKEN\" >&2\ntest \"$DB$TOKEN$FROM_HOME\" = \"$(cat expected)\" || exit 9\nexit 65";
    project.write("expected", &format!("{DB}{TOKEN}{}", std::env::var("HOME").unwrap_or_default()));
    project.function("order", noting_script("", script));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = runtime.verdicts("1")["order"].clone();
    assert_eq!(verdict["attempts"][0]["status"], "exit 65", "it was told: {verdict}");
    assert!(runtime.log().contains("*** ***"), "what it prints is told without: {}", runtime.log());
    assert!(runtime.log().contains("PORT in .env is left out"), "{}", runtime.log());
    let mut said = String::new();
    for arguments in [&["ps", "-o", "json"][..], &["explain", "1", "-o", "json"], &["check", "-o", "json"]] {
        let (_, out, err) = verb(&project, arguments);
        said.push_str(&out);
        said.push_str(&err);
    }
    assert!(said.contains("order"), "{said}");
    said.push_str(&runtime.log());
    for value in [DB, TOKEN] {
        assert!(!said.contains(value), "{value}: {said}");
        assert_eq!(holding(&project.file(".hydrant"), value), [""; 0]);
    }
}

fn a_changed_secret() {
    let project = secretive();
    let server = |name: &str| {
        let more = "        answer = (os.environ.get(\"DB\", \"-\") + \" \" + str(os.getpid())).encode()";
        noting_server(&format!("on = {{ type = \"{name}\" }}"), more)
    };
    project.function("order", server("order"));
    project.function("other", server("other"));
    let runtime = Runtime::start(&project);
    let other = runtime.get("/fn/other").body;
    assert!(runtime.get("/fn/order").body.starts_with(DB));
    project.write("secrets/next", "another-one");
    fs::rename(project.file("secrets/next"), project.file("secrets/db")).unwrap();
    wait_until("it takes over", || runtime.get("/fn/order").body.starts_with("another-one "));
    project.write(".env", "TOKEN=x\n");
    wait_until("so does the file", || runtime.function("order")["revision"] == "r3");
    assert_eq!(runtime.get("/fn/other").body, other, "the other one is the same process");
}

fn a_missing_secret() {
    let project = secretive();
    fs::remove_file(project.file("secrets/db")).unwrap();
    project.function("order", noting_script("", "true"));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("it is told", || {
        let order = runtime.function("order");
        order["reason"].as_str().is_some_and(|reason| reason.contains("stands in secrets/db: No such file"))
    });
    assert!(runtime.log().contains("H059"), "{}", runtime.log());
    assert_eq!(project.lines("delivered"), [""; 0]);
    project.write("secrets/db", DB);
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
}

fn a_line_bears_its_event() {
    let project = Project::new("");
    project.function("order", noting_server("", "        print(\"working\", flush=True)"));
    project.function("once", noting_script("", "echo once >&2"));
    let runtime = Runtime::start(&project);
    for (id, function) in [("o-1", "order"), ("o-2", "once")] {
        runtime.send(id, function);
        assert_eq!(runtime.verdicts(id)[function]["outcome"], "delivered");
        let told = |line: &str| {
            let parts = [&format!("function={function}"), "instance=0", &format!("event=\"{id}\"")];
            parts.iter().all(|part| line.contains(*part))
        };
        wait_until("the line is told", || runtime.log().lines().any(told));
    }
}

fn a_traceback_is_kept_whole() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 0 }\n");
    let python = python();
    let script = format!(
        "#!{python}\n# hydrant: protocol = \"oneshot\"\nimport sys\nprint(\"hello\", file=sys.stderr, flush=True)\n\
         def bill(): raise ValueError(\"no total\")\nbill()\n"
    );
    project.function("order", script);
    let server = format!("#!{python}\ndef serve(): raise ValueError(\"no socket\")\nserve()\n");
    project.function("server", server);
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = runtime.verdicts("1")["order"].clone();
    assert_eq!(verdict["outcome"], "dead_letter", "{verdict}");
    let kept = verdict["answer"].as_str().unwrap();
    assert!(
        kept.contains("Traceback") && kept.contains("in bill") && kept.contains("ValueError: no total"),
        "{kept}"
    );
    runtime.send("2", "server");
    wait_until("the start's failure is told", || {
        let reason = runtime.function("server")["reason"].to_string();
        reason.contains("Traceback")
            && reason.contains("in serve")
            && reason.contains("ValueError: no socket")
    });
}
