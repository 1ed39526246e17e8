//! What the folder holds, and who may say what about it.

use std::time::Duration;

use activator::scale::Idle;

use super::super::resolved::{Found, Protocol};
use super::Project;

fn broken(project: &Project, name: &str, code: &str) -> String {
    let loaded = project.load();
    assert_eq!(loaded.codes(), [code], "{}", loaded.text());
    match loaded.usable().function(name).found.clone() {
        Found::Broken(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_file_wins_over_the_sidecar_over_the_header_over_the_defaults() {
    let project = Project::new(
        "[defaults]\nidle = \"1s\"\nmax = 1\nconcurrency = 1\nprotocol = \"oneshot\"\n[function.bill]\nidle = \"4s\"\n",
    );
    project.write("functions/bill.toml", "idle = \"3s\"\nmax = 3\n", 0o644);
    let script = "#!/bin/sh\n# hydrant: idle = \"2s\", max = 2, protocol = \"http\", concurrency = 2\n";
    project.write("functions/bill.sh", script, 0o755);
    let resolved = project.resolved();
    let bill = resolved.program("bill");
    assert_eq!(bill.terms.settings.scaling.idle, Idle::After(Duration::from_secs(4)));
    assert_eq!(bill.terms.settings.scaling.max, 3);
    assert_eq!(bill.terms.settings.concurrency, 2);
    assert_eq!(bill.terms.protocol, Protocol::Http);
}

#[test]
fn a_key_wins_whole() {
    let project = Project::new("[function.bill]\nenv = { A = \"1\" }\ntimeout = { start = \"1s\" }\n");
    project.write("functions/bill.toml", "env = { B = \"2\" }\ntimeout = \"9s\"\n", 0o644);
    project.script("functions/bill");
    let resolved = project.resolved();
    let bill = resolved.program("bill");
    assert_eq!(bill.terms.env.keys().collect::<Vec<_>>(), ["A"]);
    assert_eq!(bill.terms.settings.start_timeout, Duration::from_secs(1));
    assert_eq!(bill.terms.settings.call_timeout, Duration::from_secs(300));
    assert_eq!(bill.terms.settings.response_timeout, None);
}

#[test]
fn a_response_has_a_time_of_its_own_where_there_are_responses() {
    let project =
        Project::new("[defaults]\ntimeout = { response = \"9s\" }\n[function.c]\ntimeout = \"8s\"\n");
    project.script("functions/a");
    project.write("functions/b", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\n", 0o755);
    project.script("functions/c");
    let resolved = project.resolved();
    let response = |name: &str| resolved.program(name).terms.settings.response_timeout;
    assert_eq!(["a", "b", "c"].map(response), [Some(Duration::from_secs(9)), None, None]);
}

#[test]
fn a_script_says_itself_what_it_wants() {
    let project = Project::empty();
    let python = "#!/usr/bin/env python3\n# hydrant: on = { type = \"order.*\", source = \"/shop\" }, protocol = \"oneshot\"\n";
    project.write("functions/a.py", python, 0o755);
    let node = "#!/usr/bin/env node\n\n// hydrant: on = [{ type = \"x\" }, { subject = \"*.jpg\" }]\n";
    project.write("functions/b.js", node, 0o755);
    let resolved = project.resolved();
    assert_eq!(resolved.filter("trigger/a"), "type = \"order.*\" and source = \"/shop\"");
    assert_eq!(resolved.filter("trigger/b"), "(type = \"x\" or subject = \"*.jpg\")");
    let a = resolved.program("a");
    assert_eq!(
        (a.terms.protocol, a.terms.settings.single_use, a.terms.settings.concurrency),
        (Protocol::Oneshot, true, 1)
    );
}

#[test]
fn whoever_reads_line_by_line_takes_one_at_a_time_unless_it_says_so_itself() {
    let project =
        Project::new("[defaults]\nprotocol = \"stdio\"\nconcurrency = 50\n[function.b]\nconcurrency = 4\n");
    project.script("functions/a");
    project.script("functions/b");
    project.write("functions/c", "#!/bin/sh\n# hydrant: protocol = \"http\"\n", 0o755);
    let resolved = project.resolved();
    let concurrency = |name: &str| resolved.program(name).terms.settings.concurrency;
    assert_eq!(["a", "b", "c"].map(concurrency), [1, 4, 50]);
    assert_eq!(resolved.program("a").terms.protocol, Protocol::Stdio);
    assert!(!resolved.program("a").terms.settings.single_use);
}

#[test]
fn servers_may_be_called_as_knative_calls_their_ports() {
    let project = Project::new("[function.a]\nprotocol = \"http1\"\n[function.b]\nprotocol = \"h2c\"\n");
    project.script("functions/a");
    project.script("functions/b");
    let resolved = project.resolved();
    let of = |name: &str| {
        (resolved.program(name).terms.protocol, resolved.program(name).terms.settings.concurrency)
    };
    assert_eq!([of("a"), of("b")], [(Protocol::Http, 100), (Protocol::H2c, 100)]);
}

#[test]
fn a_process_takes_one_batch_at_a_time_unless_it_says_so_itself() {
    let project =
        Project::new("[defaults]\nconcurrency = 50\n[function.a]\nbatch = 20\n[function.b]\nbatch = 1\n");
    project.script("functions/a");
    project.script("functions/b");
    project.write("functions/c", "#!/bin/sh\n# hydrant: batch = 20, concurrency = 3\n", 0o755);
    let resolved = project.resolved();
    let of = |name: &str| {
        let program = resolved.program(name);
        (
            program.terms.batch.map(|batch| (batch.events_max, batch.requests_max)),
            program.terms.settings.concurrency,
        )
    };
    assert_eq!(["a", "b", "c"].map(of), [(Some((20, 1)), 20), (None, 50), (Some((20, 3)), 60)]);
}

#[test]
fn a_batch_may_wait_and_a_server_has_one_that_stands_by() {
    let project = Project::new("[function.a]\nbatch = { max = 20, wait = \"50ms\" }\nstandby = false\n");
    for name in ["a", "b"] {
        project.script(&format!("functions/{name}"));
    }
    project.write("functions/c", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\n", 0o755);
    let resolved = project.resolved();
    let batch = resolved.program("a").terms.batch.unwrap();
    assert_eq!((batch.events_max, batch.requests_max, batch.wait), (20, 1, Duration::from_millis(50)));
    let stands_by = |name: &str| resolved.program(name).terms.settings.scaling.standby;
    assert_eq!(["a", "b", "c"].map(stands_by), [false, true, false]);
}

#[test]
fn what_is_wrong_in_a_header_is_shown_in_the_script() {
    let project = Project::empty();
    project.write("functions/a.sh", "#!/bin/sh\n# Grüße\n# hydrant: idel = \"1s\"\n", 0o755);
    let loaded = project.load();
    let found = loaded.only();
    assert_eq!((found.code.id(), found.file()), ("H004", Some("functions/a.sh")));
    assert_eq!(found.place().map(|p| (p.line(), p.column())), Some((3, 12)));
    assert_eq!(found.help.as_deref(), Some("did you mean `idle`?"));
}

#[test]
fn a_header_is_one_of_the_first_ten_lines() {
    let project = Project::empty();
    let line = "# hydrant: max = 3\n";
    project.write("functions/a", format!("#!/bin/sh\n{}{line}", "\n".repeat(8)), 0o755);
    project.write("functions/b", format!("#!/bin/sh\n{}{line}", "\n".repeat(9)), 0o755);
    project.write("functions/c", format!("#!/bin/sh\n echo '{line}'\n"), 0o755);
    let resolved = project.resolved();
    let max = |name: &str| resolved.program(name).terms.settings.scaling.max;
    assert_eq!([max("a"), max("b"), max("c")], [3, 10, 10]);
    project.write("functions/a", format!("#!/bin/sh\n{line}{line}"), 0o755);
    assert_eq!(project.load().codes(), ["H011"]);
}

#[test]
fn a_header_that_is_no_toml_is_shown_where_it_breaks() {
    let project = Project::empty();
    for header in ["max =", "max = 1 }, x = {", "\"", "max"] {
        project.write("functions/a", format!("#!/bin/sh\n# hydrant: {header}\n"), 0o755);
        let loaded = project.load();
        assert!(loaded.resolved.is_none(), "{header}");
        let places = loaded.diagnostics.iter().map(|d| d.place().map(|place| place.line()));
        assert!(
            places.clone().all(|line| line.is_some_and(|line| (2..=3).contains(&line))),
            "{}",
            loaded.text()
        );
    }
}

#[test]
fn a_folder_is_a_function_when_it_holds_something_to_run() {
    let project = Project::empty();
    project.script("functions/a/main");
    project.script("functions/b/b");
    project.script("functions/c/run");
    project.script("functions/c/main");
    project.write("functions/lib/x.py", "", 0o644);
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H056"], "{}", loaded.text());
    let resolved = loaded.usable();
    let path = |name: &str| resolved.program(name).path.strip_prefix(project.path()).unwrap().to_owned();
    assert_eq!(path("a").to_str(), Some("functions/a/main"));
    assert_eq!(path("b").to_str(), Some("functions/b/b"));
    assert_eq!(path("c").to_str(), Some("functions/c/run"));
}

#[test]
fn what_is_meant_to_be_no_function_is_passed_over() {
    let project = Project::empty();
    for name in
        [".hidden", "README.md", "samples/a.json", "hello.sh~", ".hello.sh.swp", "__pycache__/x.pyc", "4913"]
    {
        project.script(&format!("functions/{name}"));
    }
    let loaded = project.load();
    assert_eq!(loaded.codes(), Vec::<&str>::new(), "{}", loaded.text());
    assert!(loaded.usable().functions.is_empty());
}

#[test]
fn what_cannot_run_is_reported_and_its_events_wait() {
    let project = Project::empty();
    project.write("functions/old", "x", 0o644);
    assert_eq!(broken(&project, "old", "H050"), "functions/old is not executable (chmod +x functions/old)");
    assert!(project.resolved().subscription("trigger/old").is_some());
}

#[test]
fn a_pipe_in_the_folder_holds_nobody_up() {
    let project = Project::empty();
    nix::unistd::mkfifo(&project.path().join("functions/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(broken(&project, "pipe", "H050"), "functions/pipe is not a file that can run");
}

#[test]
fn a_program_for_another_machine_is_not_started() {
    let project = Project::empty();
    let mut program = vec![0; 64];
    program[..6].copy_from_slice(b"\x7fELF\x02\x02");
    program[18..20].copy_from_slice(&[0, 0x16]);
    project.write("functions/bill", program, 0o755);
    let here = std::env::consts::ARCH;
    let expected = format!("functions/bill was built for s390x, this machine is {here}");
    assert_eq!(broken(&project, "bill", "H051"), expected);
}

#[test]
fn a_file_that_everyone_can_change_is_not_started() {
    let project = Project::empty();
    project.write("functions/a", "#!/bin/sh\n", 0o757);
    assert_eq!(
        broken(&project, "a", "H053"),
        "functions/a can be changed by every user, so it is not started"
    );
    project.mode("functions/a", 0o755);
    project.resolved().program("a");
}

#[test]
fn nor_is_one_in_a_folder_that_everyone_can_change_unless_it_is_sticky() {
    let project = Project::empty();
    project.script("functions/a");
    project.mode("functions", 0o777);
    assert!(broken(&project, "a", "H053").contains("every user can change the folder"));
    project.mode("functions", 0o1777);
    project.resolved().program("a");
    project.mode("functions", 0o755);
    project.mode(".", 0o777);
    assert!(
        broken(&project, "a", "H053").contains("every user can change the folder"),
        "folders above count too"
    );
}

#[test]
fn a_link_is_as_safe_as_where_it_leads() {
    let project = Project::empty();
    project.script("open/a");
    project.mode("open", 0o777);
    std::os::unix::fs::symlink("../open/a", project.path().join("functions/a")).unwrap();
    assert!(broken(&project, "a", "H053").contains("open"));
    project.mode("open", 0o755);
    project.resolved().program("a");
    project.remove("open/a");
    assert!(broken(&project, "a", "H050").contains("leads to nothing"));
}

#[test]
fn a_group_that_can_change_it_is_warned_of() {
    let project = Project::empty();
    project.write("functions/a", "#!/bin/sh\n", 0o775);
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H054"]);
    loaded.usable().program("a");
}

#[test]
fn two_functions_of_one_name_are_an_error_and_a_data_file_takes_no_name_away() {
    let project = Project::empty();
    project.script("functions/a.sh");
    project.write("functions/a.json", "{}", 0o644);
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H050"]);
    loaded.usable().program("a");
    project.script("functions/a.py");
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H011", "H050"]);
    assert_eq!(
        loaded.diagnostics[0].message,
        "two functions are called `a`: functions/a.py and functions/a.sh"
    );
}

#[test]
fn a_file_whose_name_is_none_is_refused_with_one_that_is() {
    let project = Project::empty();
    project.script("functions/Send Mail.sh");
    let loaded = project.load();
    let found = loaded.only();
    assert_eq!(found.code.id(), "H010");
    assert!(found.help.as_deref().unwrap().contains("`send-mail` would do"), "{}", loaded.text());
}

#[test]
fn a_sidecar_without_its_function_is_told() {
    let project = Project::empty();
    project.script("functions/bill");
    project.write("functions/bil.toml", "this is not read", 0o644);
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H052"]);
    assert_eq!(loaded.only().help.as_deref(), Some("did you mean bill.toml, for the function `bill`?"));
}

#[test]
fn exec_names_a_program_anywhere() {
    let project = Project::new("[function.bill]\nexec = \"target/release/bill\"\nargs = [\"-v\"]\n");
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H055"], "{}", loaded.text());
    assert_eq!(loaded.usable().function("bill").found, Found::Absent);
    project.script("target/release/bill");
    let resolved = project.resolved();
    assert_eq!(*resolved.program("bill").path, project.path().join("target/release/bill"));
    assert_eq!(resolved.program("bill").terms.args, ["-v"]);
}

#[test]
fn many_are_told_in_their_order_whoever_looked_at_them() {
    let project = Project::empty();
    let names: Vec<String> = (0..2400).map(|number| format!("f{number:04}")).collect();
    for (number, name) in names.iter().enumerate() {
        let header = format!("#!/bin/sh\n# hydrant: max = {}\n", number % 50 + 1);
        // Every seventh is not executable, and every third a folder.
        let file =
            if number % 3 == 0 { format!("functions/{name}/run") } else { format!("functions/{name}") };
        project.write(&file, header, if number % 7 == 0 { 0o644 } else { 0o755 });
    }
    let loaded = project.load();
    let told: Vec<String> = loaded.diagnostics.iter().map(|d| d.message.clone()).collect();
    assert_eq!(told.len(), names.len().div_ceil(7));
    assert!(told.is_sorted(), "{told:?}");
    let resolved = loaded.usable();
    for (number, name) in names.iter().enumerate().filter(|(number, _)| number % 7 != 0) {
        assert_eq!(resolved.program(name).terms.settings.scaling.max, number as u32 % 50 + 1, "{name}");
    }
}

#[test]
fn several_folders_are_one() {
    let project = Project::new("[runtime]\nfunctions = [\"functions\", \"more\"]\n");
    project.script("functions/a");
    project.script("more/b");
    let resolved = project.resolved();
    resolved.program("a");
    resolved.program("b");
}
