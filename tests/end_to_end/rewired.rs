//! Triggers that go and come by a reload while events are on their way: each verdict ends, and none is lost.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_server;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "rewired",
        &[
            ("what_is_in_flight_of_a_removed_trigger_is_delivered", in_flight_of_a_removed_trigger),
            (
                "what_waits_for_a_removed_trigger_is_told_and_kept_for_its_return",
                queued_for_a_removed_trigger,
            ),
            (
                "what_waits_for_its_next_attempt_is_told_when_its_trigger_goes",
                in_backoff_of_a_removed_trigger,
            ),
            ("an_event_of_a_renamed_trigger_has_a_verdict_under_either_name", renamed),
        ],
    )
}

/// With this, `order` is pointed to: the trigger that bears its name goes.
const EXPLICIT: &str =
    "[trigger.urgent]\nto = \"fn/order\"\nfilter = { exact = { type = \"order.urgent\" } }\n";
/// One event at a time, which takes until there is a `go`.
const ONE: &str = "[function.order]\nconcurrency = 1\nmax = 1\n";
const WAITS: &str = "        while not os.path.exists('go'): time.sleep(0.005)";

/// Puts a configuration in force, and waits until `trigger` is, or is not, among those that look at events.
fn configure(project: &Project, runtime: &Runtime<'_>, config: &str, trigger: &str, is_wired: bool) {
    project.configure(config);
    let mut probe = 0;
    wait_until("the reload is in force", || {
        probe += 1;
        let id = format!("{trigger}-{is_wired}-{probe}");
        runtime.send(&id, "nobody.wants.this");
        runtime.verdicts(&id).contains_key(trigger) == is_wired
    });
}

fn outcome(verdict: &Value) -> &str {
    verdict["outcome"].as_str().unwrap()
}

fn in_flight_of_a_removed_trigger() {
    let project = Project::new(ONE);
    project.function("order", noting_server("", WAITS));
    let runtime = Runtime::start(&project);
    std::thread::scope(|scope| {
        let sent = scope.spawn(|| verb(&project, &["send", "order", "--wait=60s", "--id", "1"]));
        wait_until("it is in flight", || project.lines("delivered") == ["1"]);
        configure(&project, &runtime, &format!("{ONE}{EXPLICIT}"), "order", false);
        project.write("go", "");
        let verdict = &runtime.verdicts("1")["order"];
        assert_eq!((outcome(verdict), &verdict["attempts"][0]["status"]), ("delivered", &"200".into()));
        let (code, said, _) = sent.join().unwrap();
        assert_eq!(code, 0, "{said}");
    });
    configure(&project, &runtime, ONE, "order", true);
    runtime.send("2", "order");
    assert_eq!(outcome(&runtime.verdicts("2")["order"]), "delivered");
    assert_eq!(project.lines("delivered"), ["1", "2"], "what was delivered does not come again");
}

fn queued_for_a_removed_trigger() {
    let project = Project::new(ONE);
    project.function("order", noting_server("", WAITS));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("it is in flight", || project.lines("delivered") == ["1"]);
    let (code, said) = std::thread::scope(|scope| {
        let sent = scope.spawn(|| verb(&project, &["send", "order", "--wait=60s", "--id", "2"]));
        wait_until("the other one waits", || runtime.function("order")["queued"] == 1);
        configure(&project, &runtime, &format!("{ONE}{EXPLICIT}"), "order", false);
        let verdict = &runtime.verdicts("2")["order"];
        assert_eq!((outcome(verdict), &verdict["attempt_count"]), ("removed", &0.into()), "{verdict}");
        let (code, said, _) = sent.join().unwrap();
        (code, said)
    });
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("its trigger was removed"), "{said}");
    let (_, told, _) = verb(&project, &["explain", "2"]);
    assert!(told.contains("its trigger was removed"), "{told}");
    configure(&project, &runtime, ONE, "order", true);
    project.write("go", "");
    wait_until("it is delivered after all", || outcome(&runtime.verdicts("2")["order"]) == "delivered");
    assert_eq!(project.counts("delivered")["2"], 1);
}

fn in_backoff_of_a_removed_trigger() {
    let delivery = "[broker.default]\ndelivery = { retry = 3, delay = \"1h\", max_delay = \"1h\" }\n";
    let project = Project::new(delivery);
    project.function("order", noting_server("", "        status = 200 if os.path.exists('go') else 503"));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("it waits for its next attempt", || {
        let event = runtime.admin("GET", "/api/v1/events/1").json();
        event["verdicts"][0]["attempt_count"] == 1
    });
    configure(&project, &runtime, &format!("{delivery}{EXPLICIT}"), "order", false);
    let verdict = &runtime.verdicts("1")["order"];
    assert_eq!((outcome(verdict), &verdict["status"]), ("removed", &"503".into()), "{verdict}");
    project.write("go", "");
    configure(&project, &runtime, delivery, "order", true);
    wait_until("it is delivered after all", || outcome(&runtime.verdicts("1")["order"]) == "delivered");
    assert_eq!(project.lines("delivered"), ["1", "1"]);
}

fn renamed() {
    let written = "[trigger.NAME]\nto = \"fn/order\"\nfilter = { exact = { type = \"order\" } }\n";
    let (before, after) = (written.replace("NAME", "before"), written.replace("NAME", "after"));
    let project = Project::new(&before);
    project.function("order", noting_server("", WAITS));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("it is in flight", || project.lines("delivered") == ["1"]);
    configure(&project, &runtime, &after, "before", false);
    project.write("go", "");
    let verdicts = runtime.verdicts("1");
    let of = |trigger: &str| verdicts.get(trigger).map(outcome);
    assert_eq!((of("before"), of("after")), (Some("removed"), Some("delivered")), "{verdicts:?}");
}
