//! `hydrant new`: what it writes works as it is, and nothing is overwritten.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::runtime::{output, verb};
use crate::support::{Project, Runtime, group, group_needing, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = group(
        "new",
        &[
            ("a_new_function_in_sh_is_delivered_an_event", || works("sh", "hello.sh")),
            ("nothing_is_overwritten_and_what_is_in_the_way_is_named", nothing_is_overwritten),
            ("what_cannot_be_written_is_refused_with_a_way_out", refuses),
            ("an_empty_folder_says_what_to_do_and_the_first_of_it_works", empty_folder),
            ("a_whole_folder_checks_and_runs", whole_folder),
            ("the_state_folder_is_ignored_in_a_git_work_tree", ignored_by_git),
            ("an_editor_is_told_how_to_attach_only_when_that_is_wanted", for_an_editor),
            ("languages_are_listed_with_what_is_installed", lists),
        ],
    );
    for language in &LANGUAGES {
        let lacks =
            output(language.tool, &[language.asked]).is_none().then(|| format!("no {}", language.tool));
        trials.extend(group_needing(language.group, lacks, &[(language.test, language.works)]));
    }
    trials
}

/// What is tried only where its tool is installed.
struct Language {
    group: &'static str,
    tool: &'static str,
    /// How the tool is asked whether it is there.
    asked: &'static str,
    test: &'static str,
    works: fn(),
}

const LANGUAGES: [Language; 5] = [
    Language {
        group: "new in python",
        tool: "python3",
        asked: "--version",
        test: "a_new_function_in_python_is_delivered_an_event_and_answers_calls",
        works: || works("python", "hello.py"),
    },
    Language {
        group: "new in node",
        tool: "node",
        asked: "--version",
        test: "a_new_function_in_node_is_delivered_an_event_and_answers_calls",
        works: || works("node", "hello.mjs"),
    },
    Language {
        group: "new in go",
        tool: "go",
        asked: "version",
        test: "a_new_function_in_go_is_delivered_an_event_and_answers_calls",
        works: || works("go", "hello/main.go"),
    },
    Language {
        group: "new in rust",
        tool: "cargo",
        asked: "--version",
        test: "a_new_function_in_rust_is_delivered_an_event_and_answers_calls",
        works: || works("rust", "hello/src/main.rs"),
    },
    Language {
        group: "new in c",
        tool: "cc",
        asked: "--version",
        test: "a_new_function_in_c_is_delivered_an_event_and_answers_calls",
        works: || works("c", "hello/main.c"),
    },
];

fn json(output: &str) -> Value {
    serde_json::from_str(output.trim()).unwrap_or_else(|e| panic!("{e}: {output}"))
}

/// Writes one for events and one for calls, and does what it said to do next.
fn works(language: &str, program: &str) {
    let project = Project::new("");
    let (code, out, talk) = verb(&project, &["new", "hello", "--lang", language]);
    assert_eq!(code, 0, "{talk}");
    let program = format!("functions/{program}");
    assert!(out.lines().any(|file| file == program), "{out}");
    assert!(out.lines().all(|file| project.file(file).is_file()), "{out}");
    assert!(talk.contains("hydrant send com.example.hello"), "{talk}");
    let is_script = !program.contains("hello/");
    let mode = fs::metadata(project.file(&program)).unwrap().permissions().mode();
    assert_eq!(mode & 0o111 != 0, is_script, "{mode:o}");
    let calls = language != "sh";
    if calls {
        let (code, _, talk) = verb(&project, &["new", "answer", "--lang", language, "--http"]);
        assert_eq!(code, 0, "{talk}");
        assert!(talk.contains("hydrant invoke answer"), "{talk}");
    }
    // Those that are built have a program only then.
    if is_script {
        let (code, out, talk) = verb(&project, &["check"]);
        assert_eq!((code, &*out), (0, ""), "{talk}");
    }

    let runtime = Runtime::start_as(&project, if is_script { &["dev"] } else { &["dev", "--build"] });
    let send = ["send", "com.example.hello", "{\"name\":\"Ada\"}", "--wait=60s", "-o", "json"];
    let (code, out, talk) = verb(&project, &send);
    assert_eq!(code, 0, "{out}{talk}");
    let verdicts = json(&out)["verdicts"].clone();
    let verdict = verdicts.as_array().unwrap().iter().find(|v| v["trigger"] == "hello").unwrap();
    assert_eq!(
        (&verdict["outcome"], &verdict["attempt_count"]),
        (&"delivered".into(), &1.into()),
        "{verdict}"
    );
    let reply = json(&verb(&project, &["explain", verdict["reply_id"].as_str().unwrap(), "-o", "json"]).1);
    assert_eq!(reply["type"], "com.example.hello.reply", "{reply}");
    wait_until("what it said is in the log", || runtime.log().contains("com.example.hello "));
    if calls {
        // An event waits until its function is built; a call is told that there is none.
        wait_until("it is built", || runtime.function("answer")["state"] != "broken");
        let (code, out, talk) = verb(&project, &["invoke", "answer", "Ada"]);
        assert_eq!((code, out.trim()), (0, "Hello, Ada"), "{talk}");
    }
}

fn nothing_is_overwritten() {
    for (there, language) in [
        ("functions/hello.sh", "sh"),
        ("functions/hello.toml", "sh"),
        ("functions/hello.py", "sh"),
        ("functions/hello", "go"),
        ("functions/hello.toml", "go"),
    ] {
        let project = Project::new("");
        project.write(there, "mine");
        let (code, out, talk) = verb(&project, &["new", "hello", "--lang", language]);
        assert_eq!((code, &*out), (1, ""), "{there}: {talk}");
        assert!(talk.contains(&format!("{there} is in the way")), "{talk}");
        assert_eq!(project.lines(there), ["mine"]);
        assert_eq!(
            fs::read_dir(project.file("functions")).unwrap().count(),
            1,
            "and nothing else is written"
        );
    }
}

fn refuses() {
    let project = Project::new("");
    for (arguments, help) in [
        (&["new"][..], "--lang"),
        (&["new", "Hello World", "--lang", "sh"], "`hello-world` would do"),
        (&["new", "a", "--lang", "sh", "--http"], "leave out --http"),
        (&["new", "a", "--lang", "sh", "-t", "it's"], "there it may be anything"),
        (&["new", "a", "--lang", "cobol"], "python"),
        (&["new", "a", "--lang", "c", "--editor", "vscode"], "gdb --args"),
    ] {
        let (code, out, talk) = verb(&project, arguments);
        assert_eq!((code, &*out), (2, ""), "{arguments:?}: {talk}");
        assert!(talk.contains(help), "{arguments:?}: {talk}");
    }
    assert_eq!(fs::read_dir(project.file("functions")).unwrap().count(), 0);
}

fn empty_folder() {
    let project = Project::new("");
    fs::remove_file(project.file("runtime.toml")).unwrap();
    fs::remove_dir(project.file("functions")).unwrap();
    let (code, _, talk) = verb(&project, &[]);
    assert_eq!(code, 2);
    let commands: Vec<&str> = talk.lines().filter_map(|line| line.trim().strip_prefix("hydrant ")).collect();
    assert_eq!(commands.len(), 3, "{talk}");
    let (command, _) = commands[0].split_once("  ").unwrap();
    assert_eq!(command, "new hello --lang sh");
    let (code, _, talk) = verb(&project, &command.split(' ').collect::<Vec<_>>());
    assert_eq!(code, 0, "{talk}");
    assert!(project.file("functions/hello.sh").is_file());
}

fn whole_folder() {
    let project = Project::new("");
    fs::remove_file(project.file("runtime.toml")).unwrap();
    let (code, out, talk) = verb(&project, &["new", "--project", "."]);
    assert_eq!(code, 0, "{talk}");
    let files: BTreeSet<&str> = out.lines().map(|file| file.trim_start_matches("./")).collect();
    let wanted =
        ["runtime.toml", "functions/pack.sh", "functions/ship.sh", "functions/note.sh", ".gitignore"];
    assert_eq!(files, BTreeSet::from(wanted));
    assert_eq!(project.lines(".gitignore")[0], ".hydrant/");
    assert!(talk.contains("hydrant -C . dev"), "what follows means the same project: {talk}");
    let (code, out, talk) = verb(&project, &["check"]);
    assert_eq!((code, &*out), (0, ""), "{talk}");
    assert_eq!(verb(&project, &["new", "--project", "."]).0, 1, "a second time, all is in the way");

    let _runtime = Runtime::start_as(&project, &["dev", "--port", "0", "--ui-port", "0"]);
    let (code, out, talk) = verb(&project, &["send", "order.created", "42 apples", "-s", "shop", "--wait"]);
    assert_eq!(code, 0, "{out}{talk}");
    wait_until("the reply was shipped", || project.lines("parcels.txt") == ["42 apples is on its way"]);
}

fn ignored_by_git() {
    let project = Project::new("");
    fs::create_dir(project.file(".git")).unwrap();
    assert_eq!(verb(&project, &["new", "a", "--lang", "sh"]).0, 0);
    let (_, out, _) = verb(&project, &["new", "b", "--lang", "sh"]);
    assert_eq!(project.lines(".gitignore"), [".hydrant/"], "once");
    assert!(!out.contains(".gitignore"), "it was not written again: {out}");
}

fn for_an_editor() {
    let project = Project::new("");
    assert_eq!(verb(&project, &["new", "plain", "--lang", "node"]).0, 0);
    assert!(!project.file(".vscode").exists());
    let (code, out, talk) = verb(&project, &["new", "hello", "--lang", "node", "--editor", "vscode"]);
    assert_eq!(code, 0, "{talk}");
    assert!(out.contains(".vscode/launch.json"), "{out}");
    let (code, _, talk) = verb(&project, &["new", "other", "--lang", "node", "--editor", "vscode"]);
    assert!(code == 1 && talk.contains(".vscode/launch.json is in the way"), "{talk}");
    assert!(!project.file("functions/other.mjs").exists(), "and nothing else is written");
}

fn lists() {
    let project = Project::new("");
    let (code, out, _) = verb(&project, &["new", "--list"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("LANGUAGE"), "{out}");
    let (_, out, _) = verb(&project, &["new", "--list", "-o", "json"]);
    let lines: Vec<Value> = out.lines().map(json).collect();
    let languages: Vec<&str> = lines.iter().map(|line| line["language"].as_str().unwrap()).collect();
    assert_eq!(languages, ["sh", "python", "node", "go", "rust", "c"]);
    assert!(lines[0]["path"].as_str().unwrap().ends_with("/sh"), "{}", lines[0]);
}
