//! Functions that are spoken to in lines (`protocol = "stdio"`): an event in, an answer out, in order.

use std::path::Path;

use libtest_mimic::Trial;

use crate::support::project::python;
use crate::support::{Project, Runtime, group, group_needing, http, runtime, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = group(
        "stdio",
        &[
            ("one_process_takes_a_line_an_event_and_goes_back_to_zero", one_process_takes_them_all),
            ("a_function_in_lines_replies_and_rejects", a_function_replies_and_rejects),
            ("a_pool_of_processes_takes_lines_side_by_side", a_pool_of_processes),
            ("a_process_that_dies_of_an_event_loses_none", a_process_that_dies_of_an_event),
            ("one_that_ends_before_it_reads_waits_until_mended", one_that_ends_before_it_reads),
            ("one_that_talks_out_of_turn_is_told_and_replaced", one_that_talks_out_of_turn),
            ("one_that_hangs_is_replaced_after_its_time", one_that_hangs_is_replaced),
            ("a_new_version_takes_over_between_two_lines", a_new_version_takes_over),
            ("a_call_to_a_function_in_lines_gets_its_answer", a_call_gets_its_answer),
        ],
    );
    let node = runtime::output("node", &["--version"]).is_none().then(|| "no node".to_owned());
    let examples = [("the_example_of_lines_works", the_example_works as fn())];
    trials.extend(group_needing("stdio with node", node, &examples));
    trials
}

/// A function in Python that notes each event's id in `delivered` and its own number, then does `more` with `event`,
/// which may set `answer`.
fn noting_lines(header: &str, more: &str) -> String {
    let python = python();
    format!(
        r#"#!{python}
# hydrant: protocol = "stdio"{header}
import json, os, sys, time
for line in sys.stdin:
    event = json.loads(line)
    with open("delivered", "a") as delivered: delivered.write(event["id"] + "\n")
    with open("pids", "a") as pids: pids.write(str(os.getpid()) + "\n")
    answer = {{}}
{more}
    print(json.dumps(answer), flush=True)
"#
    )
}

fn one_process_takes_them_all() {
    let project = Project::new("");
    project.function("order", noting_lines(r#", max = 1, idle = "100ms""#, ""));
    let runtime = Runtime::start(&project);
    let ids: Vec<String> = (0..50).map(|id| id.to_string()).collect();
    for id in &ids {
        runtime.send(id, "order");
    }
    for id in &ids {
        let verdict = &runtime.verdicts(id)["order"];
        assert_eq!(
            (&verdict["outcome"], &verdict["attempts"][0]["status"]),
            (&"delivered".into(), &"ok".into())
        );
    }
    assert_eq!(project.lines("delivered"), ids, "one line at a time, in order");
    runtime.wait_zero("order");
    assert!(!runtime.log().contains("did not start"), "{}", runtime.log());
}

fn a_function_replies_and_rejects() {
    let project = Project::new("");
    let more = "    if event['data'] == 'data': answer = dict(event, id='r', type='answer')
    else: answer = {'error': 'cannot read it', 'retry': False}";
    project.function("ask", noting_lines("", more));
    project.function("answer", noting_lines("", ""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "ask");
    assert_eq!(runtime.verdicts("1")["ask"]["reply_id"], "r");
    assert_eq!(runtime.verdicts("r")["answer"]["outcome"], "delivered");
    runtime.post("/", "2", "ask", "else");
    let verdict = &runtime.verdicts("2")["ask"];
    assert_eq!(verdict["outcome"], "dead_letter", "{verdict}");
    assert_eq!(verdict["attempt_count"], 1, "there is no use in another attempt: {verdict}");
    assert_eq!(verdict["attempts"][0]["error"], "cannot read it");
}

fn a_pool_of_processes() {
    let project = Project::new("");
    // Each answers only when another one is at work, too.
    let more = "    open('at-' + event['id'], 'w').close()
    while not all(os.path.exists('at-' + id) for id in '123'): time.sleep(0.005)";
    project.function("order", noting_lines(", max = 3", more));
    let runtime = Runtime::start(&project);
    for id in ["1", "2", "3"] {
        runtime.send(id, "order");
    }
    for id in ["1", "2", "3"] {
        assert_eq!(runtime.verdicts(id)["order"]["outcome"], "delivered");
    }
    assert_eq!(project.counts("pids").len(), 3);
}

fn a_process_that_dies_of_an_event() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 2, delay = \"5ms\" }\n");
    project.function("order", noting_lines("", "    if event['id'] == 'bad': os._exit(1)"));
    let runtime = Runtime::start(&project);
    for id in ["1", "bad", "2", "3"] {
        runtime.send(id, "order");
    }
    for id in ["1", "2", "3"] {
        let verdict = &runtime.verdicts(id)["order"];
        let told = (&verdict["outcome"], &verdict["attempt_count"]);
        assert_eq!(told, (&"delivered".into(), &1.into()), "{verdict}");
    }
    let verdict = &runtime.verdicts("bad")["order"];
    assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"dead_letter".into(), &3.into()));
    assert_eq!(verdict["attempts"][0]["error"], "the process ended before it answered: exit 1");
    assert_eq!(project.counts("delivered")["bad"], 3);
}

fn one_that_ends_before_it_reads() {
    let project = Project::new("");
    project.function("order", "#!/bin/sh\n# hydrant: protocol = \"stdio\"\necho no database >&2\nexit 9\n");
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let reason = "exit 9 before it read an event | no database";
    wait_until("the reason is told", || {
        runtime.function("order")["reason"].as_str().unwrap_or_default().contains(reason)
    });
    project.function("order", noting_lines("", ""));
    let verdict = &runtime.verdicts("1")["order"];
    let told = (&verdict["outcome"], &verdict["attempt_count"]);
    assert_eq!(told, (&"delivered".into(), &1.into()), "no attempt was counted: {verdict}");
}

fn one_that_talks_out_of_turn() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 1, delay = \"5ms\" }\n");
    project
        .function("order", noting_lines("", "    if event['id'] == '1': print('working on it', flush=True)"));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = &runtime.verdicts("1")["order"];
    assert_eq!(verdict["outcome"], "dead_letter", "{verdict}");
    assert_eq!(verdict["attempts"][0]["status"], "malformed reply");
    let error = verdict["attempts"][0]["error"].as_str().unwrap();
    assert!(error.contains("`working on it`") && error.contains("stderr is for the log"), "{error}");
    runtime.send("2", "order");
    assert_eq!(runtime.verdicts("2")["order"]["outcome"], "delivered");
    assert_eq!(project.counts("pids").len(), 3, "each time it was replaced");
}

fn one_that_hangs_is_replaced() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 0, timeout = \"300ms\" }\n");
    project.function("order", noting_lines("", "    if event['id'] == '1': time.sleep(3600)"));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.send("2", "order");
    let verdict = &runtime.verdicts("1")["order"];
    assert_eq!(
        (&verdict["outcome"], &verdict["attempts"][0]["status"]),
        (&"dead_letter".into(), &"timeout".into())
    );
    let verdict = &runtime.verdicts("2")["order"];
    assert_eq!(
        (&verdict["outcome"], &verdict["attempt_count"]),
        (&"delivered".into(), &1.into()),
        "{verdict}"
    );
}

fn a_new_version_takes_over() {
    let project = Project::new("");
    let wait = "    while not os.path.exists('go'): time.sleep(0.005)\n    open('old-done', 'w').close()";
    project.function("order", noting_lines("", wait));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("the old one works", || project.lines("delivered").len() == 1);
    project.function("order", noting_lines("", "    open('new-done', 'w').close()"));
    wait_until("the new one is known", || {
        let id = format!("probe-{}", project.lines("delivered").len());
        runtime.send(&id, "order");
        project.file("new-done").exists()
    });
    assert!(!project.file("old-done").exists(), "the old one still works on its own");
    project.write("go", "");
    let verdict = &runtime.verdicts("1")["order"];
    assert_eq!(
        (&verdict["outcome"], &verdict["attempt_count"]),
        (&"delivered".into(), &1.into()),
        "{verdict}"
    );
}

fn a_call_gets_its_answer() {
    let project = Project::new("");
    let more = "    if event['type'] != 'order': answer = {'error': 'not ' + event['type']}";
    project.function("order", noting_lines("", more));
    let runtime = Runtime::start(&project);
    let plain = http::request(runtime.listen, "POST", "/fn/order", &[], b"x").unwrap();
    assert_eq!((plain.status, plain.body.as_str()), (500, "not hydrant.call"));
    let attributes =
        [("ce-specversion", "1.0"), ("ce-id", "7"), ("ce-source", "/test"), ("ce-type", "order")];
    let event = http::request(runtime.listen, "POST", "/fn/order", &attributes, b"x").unwrap();
    assert_eq!((event.status, event.body.as_str()), (204, ""));
    assert_eq!(project.lines("delivered"), ["call", "7"]);
}

fn the_example_works() {
    let project = Project::new("");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/line-by-line/functions");
    for name in ["count.sh", "shout.py", "echo.js"] {
        project.function(name, std::fs::read(examples.join(name)).unwrap());
    }
    let runtime = Runtime::start(&project);
    assert_eq!(runtime.post("/", "1", "demo.said", "hello there").status, 202);
    assert_eq!(runtime.verdicts("1")["shout"]["reply_id"], "shout-1");
    for function in ["echo", "count"] {
        assert_eq!(runtime.verdicts("shout-1")[function]["outcome"], "delivered");
    }
    wait_until("its log is ours", || runtime.log().contains("from afar: HELLO THERE"));
    assert!(runtime.log().contains("event number 2 has "), "{}", runtime.log());
}
