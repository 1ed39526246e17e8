//! `delivery` that cannot be meant, and what is meant by what can.

use activator::delivery::{Exhausted, Format};

use super::super::Overrides;
use super::super::resolved::ChannelKind;
use super::Project;
use super::bad::check;

#[test]
fn the_longest_wait_is_not_the_shortest() {
    check(
        "[broker.default.delivery]\ndelay = \"2m\"\nmax_delay = \"1m\"\n",
        "H005",
        (3, 13),
        "`max_delay` in [broker.default] delivery must be at least `delay`",
        "the first wait is `delay`, and none is longer than `max_delay`",
    );
}

#[test]
fn both_spellings_of_one_key_are_one_too_many() {
    check(
        "[broker.default.delivery]\ndelay = \"1s\"\nbackoffDelay = \"PT1S\"\n",
        "H011",
        (3, 16),
        "`delay` and `backoffDelay` in [broker.default] delivery are one key",
        "keep one of them",
    );
}

#[test]
fn what_is_blocked_or_dropped_is_no_dead_letter() {
    for then in ["block", "drop"] {
        check(
            &format!("[broker.default.delivery]\non_exhausted = \"{then}\"\ndead_letter = \"fn/x\"\n"),
            "H005",
            (3, 15),
            "`dead_letter` in [broker.default] delivery must be used with on_exhausted = \"dlq\" or \"hold\"",
            "leave out one of the two: what is blocked or dropped is no dead letter",
        );
    }
}

#[test]
fn dead_letters_go_to_a_destination_that_is_there() {
    check(
        "[broker.default.delivery]\ndead_letter = \"file:///tmp/x\"\n",
        "H005",
        (2, 15),
        "`dead_letter` in [broker.default] delivery must be a destination",
        "\"fn/NAME\", \"channel/NAME\", \"broker/NAME\", \"sequence/NAME\", \"parallel/NAME\", \"job/NAME\", \"sink/NAME\" or \"http://HOST/PATH\"",
    );
    let project = Project::new("[trigger.t]\nto = \"fn/a\"\ndelivery = { dead_letter = \"fn/nobody\" }\n");
    project.script("functions/a");
    let loaded = project.load();
    assert!(
        loaded.text().contains("trigger `t` points to a function that does not exist"),
        "{}",
        loaded.text()
    );
}

#[test]
fn an_event_is_written_in_one_of_two_ways() {
    check(
        "[broker.default.delivery]\nformat = \"structure\"\n",
        "H005",
        (2, 10),
        "`format` in [broker.default] delivery must be one of \"binary\", \"structured\", \"json\"",
        "did you mean \"structured\"?",
    );
}

#[test]
fn dead_letters_for_a_function_wait_in_a_channel_of_its_own() {
    let project = Project::new(
        "[broker.default.delivery]\ndead_letter = \"fn/undertaker\"\nformat = \"json\"\n\
         [trigger.own]\nto = \"fn/a\"\ndelivery = { on_exhausted = \"block\" }\n\
         [trigger.other]\nto = \"fn/a\"\n",
    );
    project.script("functions/a");
    project.script("functions/undertaker");
    let resolved = project.resolved();
    let policy = |name: &str| resolved.subscription(name).unwrap().delivery.clone();
    let letters = resolved.channels.iter().find(|(_, c)| c.name == "fn-undertaker").unwrap();
    assert_eq!(letters.1.kind, ChannelKind::DeadLetters);
    assert_eq!(policy("trigger/other").exhausted, Exhausted::DeadLetter(Some(*letters.0)));
    assert_eq!(policy("trigger/other").format, Format::Structured);
    assert_eq!(
        policy("trigger/own").exhausted,
        Exhausted::Block,
        "a trigger's replaces its broker's as a whole"
    );
    let takes = resolved.subscription("dead-letter/fn/undertaker").unwrap();
    assert_eq!((takes.channel, takes.reply), (*letters.0, None));
}

#[test]
fn where_nobody_says_what_then_functions_hold_in_dev_and_nothing_else_does() {
    let project = Project::new(
        "[trigger.silent]\nto = \"fn/a\"\n[trigger.away]\nto = \"http://localhost:1/\"\n\
         [trigger.retries]\nto = \"fn/a\"\ndelivery = { retry = 1 }\n\
         [trigger.says]\nto = \"fn/a\"\ndelivery = { on_exhausted = \"dlq\" }\n\
         [trigger.letters]\nto = \"fn/a\"\ndelivery = { dead_letter = \"dlq\" }\n\
         [trigger.holds]\nto = \"http://localhost:1/\"\ndelivery = { on_exhausted = \"hold\" }\n",
    );
    project.script("functions/a");
    project.script("functions/b");
    let (dead, held) = (Exhausted::DeadLetter(None), Exhausted::Hold(None));
    for (holds, silent) in [(true, held), (false, dead)] {
        let overrides = Overrides { holds, ..Overrides::default() };
        let resolved = project.loader_with(overrides, |_, _| Ok(false)).load().usable();
        let said = |name: &str| resolved.subscription(&format!("trigger/{name}")).unwrap().delivery.exhausted;
        assert_eq!(["silent", "retries", "b"].map(said), [silent; 3], "{holds}");
        assert_eq!(["away", "says", "letters", "holds"].map(said), [dead, dead, dead, held], "{holds}");
    }
}

#[test]
fn what_is_held_may_make_way_to_a_place_of_its_own() {
    let project = Project::new(
        "[trigger.t]\nto = \"fn/a\"\ndelivery = { on_exhausted = \"hold\", dead_letter = \"fn/undertaker\" }\n",
    );
    project.script("functions/a");
    project.script("functions/undertaker");
    let resolved = project.resolved();
    let letters = resolved.channels.iter().find(|(_, c)| c.name == "fn-undertaker").unwrap();
    let exhausted = resolved.subscription("trigger/t").unwrap().delivery.exhausted;
    assert_eq!(exhausted, Exhausted::Hold(Some(*letters.0)));
}

#[test]
fn the_same_event_is_not_wanted_twice_for_a_time() {
    for (written, column, wanted, help) in [
        ("true", 15, "`false`, or for how long", "deduplicate = \"10m\", or { for = \"10m\", max = 100000 }"),
        (
            "{ max = 5 }",
            15,
            "a table with `for`",
            "deduplicate = \"10m\", or { for = \"10m\", max = 100000 }",
        ),
        (
            "\"0s\"",
            15,
            "longer than nothing",
            "a number with its unit, such as \"30s\", \"200ms\", \"1m 30s\" or \"PT0.2S\"",
        ),
        (
            "7",
            15,
            "a duration",
            "a number with its unit, such as \"30s\", \"200ms\", \"1m 30s\" or \"PT0.2S\"",
        ),
    ] {
        check(
            &format!("[broker.default.delivery]\ndeduplicate = {written}\n"),
            "H005",
            (2, column),
            &format!("`deduplicate` in [broker.default] delivery must be {wanted}"),
            help,
        );
    }
    check(
        "[broker.default.delivery]\ndeduplicate = { for = \"1m\", max = 0 }\n",
        "H005",
        (2, 35),
        "`max` in [broker.default] delivery deduplicate must be a whole number from 1 to 1000000",
        "choose one in range",
    );
    let policy = |written: &str| {
        let project = Project::new(&format!("[trigger.t]\nto = \"fn/a\"\ndelivery = {{ {written} }}\n"));
        project.script("functions/a");
        project.resolved().subscription("trigger/t").unwrap().delivery.clone()
    };
    let deduplicate = |written: &str| policy(written).deduplicate.map(|how| (how.time.as_secs(), how.max));
    assert_eq!(deduplicate("deduplicate = false"), None);
    assert_eq!(deduplicate("deduplicate = \"10m\""), Some((600, 100_000)));
    assert_eq!(deduplicate("deduplicate = { for = \"1m\", max = 5 }"), Some((60, 5)));
    assert_eq!(policy("deliver_after = \"PT5S\"").after.as_secs(), 5);
    assert!(policy("retry = 1").after.is_zero());
}

#[test]
fn an_event_is_left_alone_for_a_duration() {
    check(
        "[broker.default.delivery]\ndeliver_after = 5\n",
        "H005",
        (2, 17),
        "`deliver_after` in [broker.default] delivery must be a duration",
        "a number with its unit, such as \"30s\", \"200ms\", \"1m 30s\" or \"PT0.2S\"",
    );
}

#[test]
fn an_event_may_be_passed_on_at_least_once() {
    check(
        "[broker.default]\nhops = 0\n",
        "H005",
        (2, 8),
        "`hops` in [broker.default] must be a whole number from 1 to 2147483647",
        "choose one in range",
    );
    let project = Project::new("[broker.default]\nhops = 3\n[channel.c]\n");
    let resolved = project.resolved();
    let hops = |name: &str| {
        let (id, _) = resolved.channels.iter().find(|(_, channel)| channel.name == name).unwrap();
        resolved.topology.channels.iter().find(|channel| channel.id == *id).unwrap().hops
    };
    assert_eq!((hops("default"), hops("c")), (3, 255));
}
