//! Functions that somebody pins at a number of processes.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_server;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "scaled",
        &[
            ("a_function_is_pinned_at_a_number_and_let_go", at_a_number),
            ("it_is_pinned_over_a_save_and_not_over_a_restart", over_a_save),
            ("a_number_that_is_none_is_refused", refused),
        ],
    )
}

fn ok(project: &Project, arguments: &[&str]) -> String {
    let (code, data, talk) = verb(project, arguments);
    assert_eq!(code, 0, "{talk}");
    data + &talk
}

fn instances(runtime: &Runtime<'_>) -> Value {
    runtime.function("order")["instances"].clone()
}

fn at_a_number() {
    let project = Project::new("[function.order]\nidle = \"20ms\"\nmax = 2\n");
    project.function("order", noting_server("", "        note(str(os.getpid()), 'pids')"));
    let runtime = Runtime::start(&project);
    let talk = ok(&project, &["scale", "order", "3"]);
    assert!(talk.contains("order is pinned at 3 until `hydrant scale order auto`"), "{talk}");
    let is_warm = |runtime: &Runtime<'_>, number: u32| {
        let now = runtime.function("order");
        now["state"] == "warm" && now["instances"] == number
    };
    wait_until("three are warm, with no work", || is_warm(&runtime, 3));
    let now = runtime.function("order");
    assert_eq!(
        (&now["pinned"], &now["instances_max"], &now["revision"]),
        (&3.into(), &3.into(), &"r1".into()),
        "{now}"
    );
    assert!(ok(&project, &["ps"]).contains("3 pinned"));
    ok(&project, &["scale", "order", "1"]);
    wait_until("what is beyond it ends", || is_warm(&runtime, 1));
    for id in 0..20 {
        runtime.send(&id.to_string(), "order");
    }
    (0..20).for_each(|id| drop(runtime.verdicts(&id.to_string())));
    assert_eq!(project.counts("pids").len(), 1, "one of the three took them all");
    let talk = ok(&project, &["scale", "order", "auto"]);
    assert!(talk.contains("order has as many processes as its settings say"), "{talk}");
    runtime.wait_zero("order");
    assert_eq!(
        (&runtime.function("order")["pinned"], &runtime.function("order")["instances_max"]),
        (&Value::Null, &2.into())
    );
}

fn over_a_save() {
    let project = Project::new("[function.order]\nidle = \"20ms\"\n");
    project.function("order", noting_server("", ""));
    let runtime = Runtime::start(&project);
    ok(&project, &["scale", "order", "2"]);
    wait_until("two are there", || instances(&runtime) == 2);
    project.function("order", noting_server("", "        note('new', 'revisions')"));
    wait_until("two of the new one are there", || {
        let now = runtime.function("order");
        now["revision"] == "r2" && now["instances"] == 2 && now["state"] == "warm"
    });
    runtime.send("1", "order");
    runtime.verdicts("1");
    assert_eq!(project.counts("revisions")["new"], 1);
    assert!(runtime.stop().success());
    let runtime = Runtime::start(&project);
    assert_eq!((&runtime.function("order")["pinned"], instances(&runtime)), (&Value::Null, 0.into()));
}

fn refused() {
    let project = Project::new("");
    project.function("order", noting_server("", ""));
    let runtime = Runtime::start(&project);
    let (code, _, talk) = verb(&project, &["scale", "order", "0"]);
    assert_eq!(code, 2);
    assert!(talk.contains("hydrant pause TRIGGER"), "{talk}");
    let (code, _, talk) = verb(&project, &["scale", "ordr", "1"]);
    assert_eq!(code, 1);
    assert!(talk.contains("did you mean `order`?"), "{talk}");
    for number in ["0", "1001", "many", ""] {
        let answer = runtime.admin("POST", &format!("/api/v1/functions/order/scale?instances={number}"));
        assert_eq!(answer.status, 400, "{number}: {}", answer.body);
    }
    assert_eq!(runtime.function("order")["pinned"], Value::Null);
}
