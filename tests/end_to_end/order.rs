//! In which order a trigger gets its events, and with which it begins.

use std::collections::BTreeMap;

use libtest_mimic::Trial;

use crate::support::project::{noting_script, noting_server};
use crate::support::{Project, Runtime, group, http, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let tests: &[(&str, fn())] = &[
        ("one_key_is_handled_one_after_the_other", one_after_the_other),
        ("a_poison_key_holds_up_only_itself", poison_key),
        ("a_new_trigger_gets_what_was_stored_before_it_once", begins_with_the_oldest),
    ];
    group("order", tests)
}

const BY_KEY: &str = "[trigger.bill]\nto = \"fn/bill\"\nordering = \"key\"\n\
    delivery = { retry = 2, backoff = \"linear\", delay = \"300ms\" }\n";

fn send(runtime: &Runtime<'_>, id: &str, key: &str) {
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", id),
        ("ce-source", "/test"),
        ("ce-type", "order"),
        ("ce-partitionkey", key),
    ];
    let answer = http::request(runtime.listen, "POST", "/", &headers, b"").unwrap();
    assert_eq!(answer.status, 202, "{}", answer.body);
}

fn one_after_the_other() {
    let project = Project::new(BY_KEY);
    project.function(
        "bill",
        noting_server("", "        time.sleep(0.01)\n        note(self.headers[\"ce-id\"], \"done\")"),
    );
    let runtime = Runtime::start(&project);
    for number in 0..20 {
        send(&runtime, &format!("a{number}"), "a");
        send(&runtime, &format!("b{number}"), "b");
    }
    wait_until("all are done", || project.lines("done").len() == 40);
    let of = |key: char| {
        let lines = project.lines("done").into_iter().filter(move |id| id.starts_with(key));
        lines.collect::<Vec<_>>()
    };
    for key in ['a', 'b'] {
        assert_eq!(of(key), (0..20).map(|n| format!("{key}{n}")).collect::<Vec<_>>());
    }
}

fn poison_key() {
    let project = Project::new(BY_KEY);
    let fails = "        status = 500 if self.headers[\"ce-id\"] == \"a0\" else 200";
    project.function("bill", noting_server("", fails));
    let runtime = Runtime::start(&project);
    for id in ["a0", "a1", "b0", "b1"] {
        send(&runtime, id, &id[..1]);
    }
    wait_until("the poisoned one is given up, and the next one follows", || {
        project.lines("delivered").contains(&"a1".to_owned())
    });
    let delivered = project.lines("delivered");
    let at = |id: &str| delivered.iter().rposition(|line| line == id).unwrap();
    assert_eq!(project.counts("delivered")["a0"], 3, "{delivered:?}");
    assert!(at("b1") < at("a0") && at("a0") < at("a1"), "{delivered:?}");
}

fn begins_with_the_oldest() {
    let project = Project::new("");
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    for id in ["1", "2", "3"] {
        runtime.send(id, "order");
        runtime.verdicts(id);
    }
    // Before its function is there: else that might be seen first, with a trigger of its own, which begins at the end.
    project.configure("[trigger.late]\nto = \"fn/late\"\nstart = \"earliest\"\n");
    project.function("late", noting_script("", "echo \"$CE_ID\" >> late"));
    wait_until("it has all", || project.lines("late").len() == 3);
    assert!(runtime.stop().success());
    let again = Runtime::start(&project);
    again.send("4", "order");
    wait_until("it has the next", || project.lines("late").len() >= 4);
    let once: BTreeMap<String, usize> = ["1", "2", "3", "4"].map(|id| (id.to_owned(), 1)).into();
    assert_eq!(project.counts("late"), once, "it begins only once");
}
