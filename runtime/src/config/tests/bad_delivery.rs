//! `delivery` that cannot be meant, and what is meant by what can.

use activator::delivery::{Exhausted, Format};

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
            "`dead_letter` in [broker.default] delivery must be used with on_exhausted = \"dlq\"",
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
        "\"fn/NAME\", \"channel/NAME\", \"broker/NAME\", \"sequence/NAME\", \"parallel/NAME\", \"sink/NAME\" or \"http://HOST/PATH\"",
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
