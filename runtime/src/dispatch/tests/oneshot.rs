//! A process per event.

use super::*;

async fn outcome_of(script: &str, event: Event) -> Outcome {
    let function = Function::oneshot(script);
    let mut process = function.start();
    process.give(1, event);
    let (_, outcome) = process.outcome().await;
    process.exited().await;
    outcome
}

#[tokio::test]
async fn data_that_nobody_reads_holds_up_nobody() {
    let outcome = outcome_of("exit 0", event(vec![b'x'; 1 << 20])).await;
    assert!(matches!(outcome, Outcome::Ended { code: 0, .. }), "{outcome:?}");
}

#[tokio::test]
async fn whoever_prints_a_hundred_megabytes_is_read_and_not_kept() {
    let outcome = outcome_of("head -c 100000000 /dev/zero", event("")).await;
    let Outcome::Ended { code: 0, reply: None, excerpt } = outcome else { panic!("{outcome:?}") };
    assert_eq!(excerpt.len(), 1024);
}

#[tokio::test]
async fn an_event_too_large_to_be_a_reply_is_not_dropped_silently() {
    let outcome =
        outcome_of("printf '{\"data\": \"'; head -c 2000000 /dev/zero | tr '\\0' x; echo '\"}'", event(""))
            .await;
    assert!(matches!(outcome, Outcome::MalformedReply(_)), "{outcome:?}");
}

#[tokio::test]
async fn an_attribute_that_no_environment_takes_is_the_fault_of_its_event() {
    let outcome = outcome_of("exit 0", event_with(&"x".repeat(ATTRIBUTE), "")).await;
    assert!(matches!(outcome, Outcome::Lost(_)), "{outcome:?}");
    let outcome = outcome_of("exit 0", event_with(&"x".repeat(127 * 1024), "")).await;
    assert!(matches!(outcome, Outcome::Ended { code: 0, .. }), "{outcome:?}");
}

const ATTRIBUTE: usize = 200 * 1024;
