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
async fn the_longest_attribute_fits_the_environment() {
    // With `id1source/testtypetestsubject` it is all the text that an event can have.
    let outcome = outcome_of("exit 0", event_with(&"x".repeat(64_000 - 29), "")).await;
    assert!(matches!(outcome, Outcome::Ended { code: 0, .. }), "{outcome:?}");
}
