//! What a trigger's `delivery` makes of an event that its function does not take.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_server;
use crate::support::{Project, Runtime, group, wait_for, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "delivery",
        &[
            ("a_function_is_left_alone_for_as_long_as_its_retry_after_says", it_waits_as_long_as_it_is_asked),
            ("a_function_may_give_up_on_an_event_at_once", it_gives_up_at_once),
            ("dead_letters_go_to_the_function_that_is_named_and_wait_for_it", dead_letters_go_to_a_function),
            ("a_trigger_that_drops_leaves_no_dead_letter", dropped_is_no_dead_letter),
            ("a_poison_event_of_a_trigger_that_blocks_holds_its_key_and_no_other", it_blocks_its_key_only),
            ("a_trigger_may_have_its_events_as_json", events_as_json),
        ],
    )
}

/// What one trigger made of an event.
fn verdict(runtime: &Runtime<'_>, id: &str, trigger: &str) -> Value {
    runtime.verdicts(id)[trigger].clone()
}

fn it_waits_as_long_as_it_is_asked() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 1, delay = \"1ms\" }\n");
    let more = "        if len(open(\"delivered\").readlines()) == 1:
            self.send_response(503)
            self.send_header('retry-after', '1')
            self.send_header('content-length', '0')
            self.end_headers()
            return";
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = verdict(&runtime, "1", "order");
    assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &2.into()));
    let began = |attempt: usize| verdict["attempts"][attempt]["after_ms"].as_f64().unwrap();
    let waited = began(1) - began(0);
    assert!(waited >= 1000.0, "its own backoff is 1 ms, and it waited {waited} ms");
}

fn it_gives_up_at_once() {
    let project = Project::new("");
    let more = "        self.send_response(200)
        self.send_header('hydrant-outcome', 'dead-letter')
        self.send_header('content-length', '8')
        self.end_headers()
        self.wfile.write(b'no order')
        return";
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = verdict(&runtime, "1", "order");
    assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"dead_letter".into(), &1.into()));
    assert_eq!(verdict["answer"], "no order");
}

fn dead_letters_go_to_a_function() {
    let config = "[broker.default]\ndelivery = { retry = 0, dead_letter = \"fn/undertaker\" }\n\
                  [function.undertaker]\n";
    let project = Project::new(config);
    project.function("order", noting_server("", "        status = 500"));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    // Its own delivery goes on, and nobody is there to take it.
    wait_until("it is a dead letter", || {
        let explained = runtime.admin("GET", "/api/v1/events/1").json();
        explained["verdicts"].as_array().is_some_and(|all| all.iter().any(|v| v["outcome"] == "dead_letter"))
    });
    let more = "        note(self.headers['ce-knativeerrorcode'] + ' ' + self.headers['ce-knativeerrordest'], 'buried')";
    project.function("undertaker", noting_server("", more));
    wait_until("the dead letter is taken", || project.lines("buried") == ["500 fn/order"]);
}

fn dropped_is_no_dead_letter() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 0, on_exhausted = \"drop\" }\n");
    project.function("order", noting_server("", "        status = 500"));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = verdict(&runtime, "1", "order");
    assert_eq!((&verdict["outcome"], &verdict["status"]), (&"dropped".into(), &"500".into()));
}

fn it_blocks_its_key_only() {
    let config = "[trigger.order]\nto = \"fn/bill\"\nordering = \"subject\"\n\
                  delivery = { retry = 0, max_delay = \"1s\", on_exhausted = \"block\" }\n";
    let project = Project::new(config);
    let more = "        note(self.headers['ce-subject'] + ' ' + self.headers['ce-id'], 'seen')
        if self.headers['ce-id'] == 'poison' and not os.path.exists('mended'): status = 400";
    project.function("bill", noting_server("", more));
    let runtime = Runtime::start(&project);
    let send = |id: &str, subject: &str| {
        let event = ["order", "--id", id, "--subject", subject];
        let (code, _, talk) = crate::support::runtime::verb(&project, &[&["send"][..], &event[..]].concat());
        assert_eq!(code, 0, "{talk}");
    };
    send("poison", "a");
    send("behind", "a");
    send("other", "b");
    assert_eq!(verdict(&runtime, "other", "order")["outcome"], "delivered");
    wait_until("it is tried on", || project.counts("seen").get("a poison").is_some_and(|n| *n >= 2));
    assert_eq!(project.counts("seen").get("a behind"), None, "its key is held");
    project.write("mended", "");
    assert_eq!(verdict(&runtime, "behind", "order")["outcome"], "delivered");
}

fn events_as_json() {
    let project = Project::new("[broker.default]\ndelivery = { format = \"structured\" }\n");
    let more = "        note(self.headers['content-type'], 'types')";
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let types = wait_for("it is delivered", || project.lines("types").first().cloned());
    assert!(types.starts_with("application/cloudevents+json"), "{types}");
}
