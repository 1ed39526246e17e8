//! Fix and go on: what failed goes again once its function is mended by a save, or when somebody asks.

use libtest_mimic::Trial;

use crate::support::project::{noting_script, noting_server};
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "held",
        &[
            ("a_save_ends_the_wait_for_the_next_attempt", a_save_ends_the_wait),
            ("the_same_goes_for_a_server_that_runs_already", the_same_goes_for_a_server),
            ("dev_holds_what_nobody_could_take_until_a_save", dev_holds_until_a_save),
            ("what_is_held_lets_others_pass", it_lets_others_pass),
            ("what_is_held_survives_a_kill_and_begins_anew", it_survives_a_kill),
            ("somebody_asks_for_what_is_held", somebody_asks),
            ("those_of_its_key_wait_for_what_is_held", those_of_its_key_wait),
            ("who_says_what_then_has_it_so_in_dev_and_in_run", who_says_what_then),
            ("whoever_waits_for_an_event_is_told_that_it_is_held", whoever_waits_is_told),
        ],
    )
}

/// One attempt, and then what is said or not.
const ONCE: &str = "[broker.default]\ndelivery = { retry = 0 }\n";

/// Notes the event and fails.
fn failing() -> String {
    noting_script("", "echo no field total; exit 3")
}

fn good() -> String {
    noting_script("", "echo \"$CE_ID\" >> good")
}

fn outcome(runtime: &Runtime<'_>, id: &str) -> String {
    runtime.verdicts(id)["order"]["outcome"].as_str().unwrap().to_owned()
}

fn a_save_ends_the_wait() {
    let project =
        Project::new("[broker.default]\ndelivery = { retry = 5, delay = \"1h\", max_delay = \"1h\" }\n");
    project.function("order", failing());
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("an attempt failed", || runtime.function("order")["failed"] == 1);
    wait_until("it waits", || runtime.function("order")["queued"] == 1);
    project.function("order", good());
    let verdict = &runtime.verdicts("1")["order"];
    assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &2.into()));
    let revisions: Vec<_> =
        verdict["attempts"].as_array().unwrap().iter().map(|attempt| attempt["revision"].clone()).collect();
    assert_eq!(revisions, ["r1", "r2"]);
}

fn the_same_goes_for_a_server() {
    let project =
        Project::new("[broker.default]\ndelivery = { retry = 5, delay = \"1h\", max_delay = \"1h\" }\n");
    project.function("order", noting_server("", "        status = 500"));
    let runtime = Runtime::start(&project);
    for id in ["1", "2", "3"] {
        runtime.send(id, "order");
    }
    wait_until("all failed", || runtime.function("order")["queued"] == 3);
    project.function("order", noting_server("", "        note(self.headers['ce-id'], 'good')"));
    for id in ["1", "2", "3"] {
        assert_eq!(outcome(&runtime, id), "delivered");
    }
    let mut good = project.lines("good");
    good.sort();
    assert_eq!(good, ["1", "2", "3"]);
}

fn dev_holds_until_a_save() {
    let project = Project::new(ONCE);
    project.function("order", failing());
    let runtime = Runtime::start_holding(&project);
    runtime.send("1", "order");
    assert_eq!(outcome(&runtime, "1"), "held");
    assert_eq!(runtime.function("order")["held"], 1);
    let said = "HELD  exit 3 after 1 attempt: fix functions/order and save: it goes again at once; or hydrant retry order";
    assert!(runtime.log().contains(said), "{}", runtime.log());
    assert_eq!(runtime.log().matches("HELD").count(), 1);
    let (_, explained, _) = verb(&project, &["explain", "1"]);
    let told =
        "held: exit 3 after 1 attempt: fix order and save: it goes again at once; or hydrant retry order";
    assert!(explained.contains(told), "{explained}");
    let (_, held, _) = verb(&project, &["history", "--outcome", "held", "-o", "json"]);
    assert_eq!(held.lines().count(), 1, "{held}");
    assert_eq!(verb(&project, &["dlq", "ls", "-o", "json"]).1, "", "it is no dead letter");
    // A save that mends nothing, and one that does.
    project.function("order", failing().replace("total", "sum"));
    wait_until("it was tried again", || project.lines("delivered").len() == 2);
    wait_until("and is held again", || runtime.function("order")["held"] == 1);
    project.function("order", good());
    wait_until("it went again", || project.lines("good") == ["1"]);
    wait_until("it is delivered", || outcome(&runtime, "1") == "delivered");
    assert_eq!(runtime.verdicts("1")["order"]["attempt_count"], 3);
    assert_eq!(runtime.function("order")["held"], 0);
}

fn it_lets_others_pass() {
    let project = Project::new(ONCE);
    project.function(
        "order",
        noting_script("", "test \"$CE_ID\" != bad || exit 3; test \"$CE_ID\" != worse || exit 65"),
    );
    let runtime = Runtime::start_holding(&project);
    runtime.send("bad", "order");
    assert_eq!(outcome(&runtime, "bad"), "held");
    runtime.send("worse", "order");
    assert_eq!(outcome(&runtime, "worse"), "dead_letter", "what its function rejects");
    for id in ["1", "2", "3"] {
        runtime.send(id, "order");
        assert_eq!(outcome(&runtime, id), "delivered");
    }
    assert_eq!(outcome(&runtime, "bad"), "held");
}

fn it_survives_a_kill() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 0, on_exhausted = \"hold\" }\n");
    project.function("order", failing());
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.send("2", "order");
    for id in ["1", "2"] {
        assert_eq!(outcome(&runtime, id), "held");
    }
    runtime.kill9();
    let runtime = Runtime::start(&project);
    wait_until("both began anew", || runtime.function("order")["held"] == 2);
    assert_eq!(project.counts("delivered").into_values().collect::<Vec<_>>(), [2, 2]);
    runtime.kill9();
    project.function("order", good());
    let runtime = Runtime::start_as(&project, &["run"]);
    wait_until("both are delivered", || project.lines("good").len() == 2);
    wait_until("that is known", || outcome(&runtime, "1") == "delivered");
}

fn somebody_asks() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 0, on_exhausted = \"hold\" }\n");
    project.function("order", noting_script("", "test -e there || exit 3; echo \"$CE_ID\" >> good"));
    let runtime = Runtime::start_as(&project, &["run"]);
    runtime.send("1", "order");
    assert_eq!(outcome(&runtime, "1"), "held", "in run, too, where that is said");
    project.write("there", "");
    let (code, _, talk) = verb(&project, &["retry", "order"]);
    assert_eq!(code, 0, "{talk}");
    assert!(talk.contains("what failed at trigger/order is tried now"), "{talk}");
    wait_until("it went again", || project.lines("good") == ["1"]);
    let (code, _, talk) = verb(&project, &["retry", "nobody"]);
    assert_eq!(code, 1);
    assert!(talk.contains("there is no trigger, subscription or source \"nobody\""), "{talk}");
}

fn those_of_its_key_wait() {
    let project = Project::new(
        "[trigger.order]\nto = \"fn/order\"\nordering = \"partition\"\n\
         delivery = { retry = 0, on_exhausted = \"hold\" }\nfilter = { exact = { type = \"order\" } }\n",
    );
    project.function("order", failing());
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    assert_eq!(outcome(&runtime, "1"), "held");
    runtime.send("2", "order");
    wait_until("the second waits", || runtime.function("order")["queued"] == 1);
    project.function("order", good());
    assert_eq!(outcome(&runtime, "2"), "delivered");
    assert_eq!(project.lines("good"), ["1", "2"]);
    assert_eq!(project.lines("delivered"), ["1", "1", "2"], "it was not tried before its turn");
}

fn who_says_what_then() {
    let said = "[broker.default]\ndelivery = { retry = 0, on_exhausted = \"dlq\" }\n";
    for (config, arguments) in [(ONCE, &["run"][..]), (ONCE, &["dev", "--no-hold"]), (said, &["dev"])] {
        let project = Project::new(config);
        project.function("order", failing());
        let runtime = Runtime::start_exactly(&project, arguments);
        runtime.send("1", "order");
        assert_eq!(outcome(&runtime, "1"), "dead_letter", "{arguments:?}");
    }
}

fn whoever_waits_is_told() {
    let project = Project::new(ONCE);
    project.function("order", failing());
    let _runtime = Runtime::start_holding(&project);
    let (code, told, talk) = verb(&project, &["send", "order", "{}", "--id", "1", "--wait"]);
    assert_eq!(code, 1, "{talk}");
    let held = "held              exit 3 after 1 attempt: fix order and save: it goes again at once; or hydrant retry order";
    assert!(told.contains(held), "{told}");
}
