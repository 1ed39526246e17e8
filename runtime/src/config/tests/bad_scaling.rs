//! Keys of a function's number of processes that contradict each other.

use std::time::Duration;

use activator::scale::{Idle, Policy, Rules};

use super::Project;
use super::bad::{DURATIONS, check};

#[test]
fn a_time_without_a_unit() {
    for (key, column) in [("idle", 8), ("timeout", 11)] {
        let message = format!("`{key}` in [defaults] must be a duration");
        check(&format!("[defaults]\n{key} = 5\n"), "H005", (2, column), &message, DURATIONS);
    }
}

#[test]
fn a_minimum_above_the_maximum() {
    check(
        "[function.bill]\nmax = 3\nmin = 4\n",
        "H005",
        (3, 7),
        "`min` of function `bill` must be at most 3, its `max`",
        "raise `max`, or lower this",
    );
    check(
        "[function.bill]\ninitial = 11\n",
        "H005",
        (2, 11),
        "`initial` of function `bill` must be at most 10, its `max`",
        "raise `max`, or lower this",
    );
    check(
        "[defaults]\nactivation = 2\n[function.bill]\nmax = 1\n",
        "H005",
        (2, 14),
        "`activation` of function `bill` must be at most 1, its `max`",
        "raise `max`, or lower this",
    );
}

#[test]
fn a_target_that_no_process_can_hold() {
    check(
        "[function.bill]\nconcurrency = 4\ntarget = 5\n",
        "H005",
        (3, 10),
        "`target` of function `bill` must be at most 4, its `concurrency`",
        "`concurrency` is what a process can hold, `target` what it is meant to",
    );
    check(
        "[defaults]\nconcurrency = 4\ntarget = 5\n",
        "H005",
        (3, 10),
        "`target` of every function must be at most 4, its `concurrency`",
        "`concurrency` is what a process can hold, `target` what it is meant to",
    );
    check(
        "[function.bill]\nutilization = 101\n",
        "H005",
        (2, 15),
        "`utilization` in [function.bill] must be a whole number from 1 to 100",
        "choose one in range",
    );
}

#[test]
fn a_oneshot_process_cannot_wait_for_its_event() {
    for key in ["min", "initial"] {
        check(
            &format!("[function.bill]\nprotocol = \"oneshot\"\n{key} = 1\n"),
            "H005",
            (3, key.len() + 4),
            &format!("`{key}` of function `bill` must be 0"),
            "a oneshot process starts with its event, and ends with it",
        );
    }
}

#[test]
fn what_the_defaults_say_is_meant_for_those_it_fits() {
    let project = Project::new("[defaults]\nmin = 1\ntarget = 50\n[function.bill]\nprotocol = \"oneshot\"\n");
    project.script("functions/bill.sh");
    project.script("functions/ship.sh");
    let resolved = project.resolved();
    let scaling = |name: &str| resolved.program(name).terms.settings.scaling;
    assert_eq!((scaling("bill").min, scaling("bill").target), (0, 1));
    assert_eq!((scaling("ship").min, scaling("ship").target), (1, 50));
}

#[test]
fn bounds_of_an_idle_time_in_the_wrong_order() {
    check(
        "[function.bill]\nidle = { min = \"11m\" }\n",
        "H005",
        (2, 8),
        "`idle` in [function.bill] must be a `min` up to its `max`",
        "idle = { min = \"5s\", max = \"10m\" }",
    );
}

#[test]
fn an_idle_time_is_said_or_found_out() {
    let idle = |text: &str| {
        let project = Project::new(&format!("[function.bill]\nidle = {text}\n"));
        project.script("functions/bill.sh");
        project.resolved().program("bill").terms.settings.scaling.idle
    };
    let seconds = Duration::from_secs;
    assert_eq!(idle("\"7s\""), Idle::After(seconds(7)));
    assert_eq!(idle("\"auto\""), Idle::Auto { floor: seconds(5), ceiling: seconds(600) });
    assert_eq!(idle("{ max = \"1m\" }"), Idle::Auto { floor: seconds(5), ceiling: seconds(60) });
}

#[test]
fn keys_of_the_other_policy() {
    check(
        "[function.bill]\npolicy = \"kpa\"\nidle = \"7s\"\n",
        "H005",
        (3, 8),
        "`idle` of function `bill` must be said under policy = \"demand\"",
        "by averages it ends after `kpa.window` and `kpa.grace`: leave `idle` out",
    );
    check(
        "[function.bill]\nkpa = { window = \"30s\" }\n",
        "H005",
        (2, 7),
        "`kpa` of function `bill` must be said under policy = \"kpa\"",
        "add policy = \"kpa\"",
    );
    check(
        "[function.bill]\npolicy = \"kpa\"\nkpa = { window = \"5s\" }\n",
        "H005",
        (3, 18),
        "`window` in [function.bill] kpa must be from \"6s\" to \"1h\"",
        "choose one in range",
    );
}

#[test]
fn by_averages_the_defaults_are_knatives() {
    let project = Project::new(
        "[defaults]\nidle = \"1s\"\n[function.bill]\npolicy = \"kpa\"\nkpa = { panic_window = 20 }\n",
    );
    project.script("functions/bill.sh");
    let scaling = project.resolved().program("bill").terms.settings.scaling;
    assert_eq!(scaling.policy, Policy::Kpa(Rules { panic_window: 20, ..Rules::default() }));
    assert_eq!(scaling.utilization, 70);
}
