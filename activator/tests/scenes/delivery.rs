//! What a trigger's settings make of an event that nobody could take.

use std::time::Duration;

use activator::delivery::{Advice, Exhausted, Policy};
use activator::effect::End;
use activator::id::Offset;

use crate::scene::{DEAD_LETTERS, OWN_LETTERS, Scene};
use crate::wired::policy;

const BILL: u32 = 0;

/// A trigger with these settings, and an event that its function holds.
fn scene(policy: Policy) -> Scene {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created")]);
    scene.try_so_hard(0, policy);
    scene.send("e1", "order.created");
    let instance = scene.started();
    scene.ready(instance);
    scene
}

#[test]
fn who_is_too_busy_is_left_alone_for_as_long_as_it_asks() {
    let mut scene = scene(policy());
    let request = scene.delivered();
    scene.advise(Advice::RetryAfter(Duration::from_secs(7)));
    scene.answer(&request, 503);
    scene.wait(Duration::from_millis(6_999));
    assert!(scene.is_quiet(), "its backoff would be 200 ms");
    scene.wait(Duration::from_millis(1));
    scene.delivered();
}

#[test]
fn a_function_that_gives_up_on_an_event_is_not_asked_again() {
    for status in [200, 503] {
        let mut scene = scene(policy());
        let request = scene.delivered();
        scene.advise(Advice::DeadLetter);
        scene.answer(&request, status);
        assert!(matches!(scene.ends(), [End::DeadLetter(_)]), "{status}");
        assert_eq!(scene.held_by(DEAD_LETTERS).len(), 1);
    }
}

#[test]
fn a_trigger_that_blocks_tries_on_and_passes_nothing() {
    let mut scene = scene(Policy {
        retry: 0,
        delay_max: Duration::from_secs(10),
        exhausted: Exhausted::Block,
        ..policy()
    });
    for _ in 0..20 {
        let request = scene.delivered();
        scene.answer(&request, 400);
        scene.wait(Duration::from_millis(9_999));
        assert!(scene.is_quiet(), "after the longest wait");
        scene.wait(Duration::from_millis(1));
    }
    assert_eq!(scene.ends(), []);
    assert!(scene.progress().behind.iter().all(|(_, cursor)| !cursor.contains(Offset(0))));
    let request = scene.delivered();
    scene.answer(&request, 204);
    assert!(matches!(scene.ends(), [End::Delivered { .. }]));
}

#[test]
fn a_trigger_that_drops_says_so_and_goes_on() {
    let mut scene = scene(Policy { retry: 0, exhausted: Exhausted::Drop, ..policy() });
    let request = scene.delivered();
    scene.answer(&request, 500);
    assert!(matches!(scene.ends(), [End::Dropped(_)]));
    assert_eq!(scene.held_by(DEAD_LETTERS), []);
    scene.wait(Duration::from_secs(1));
    assert_eq!(scene.progress().behind, [], "it is passed");
}

#[test]
fn dead_letters_go_where_the_trigger_says() {
    let exhausted = Exhausted::DeadLetter(Some(OWN_LETTERS));
    let mut scene = scene(Policy { retry: 0, exhausted, ..policy() });
    let request = scene.delivered();
    scene.answer(&request, 500);
    assert!(matches!(scene.ends(), [End::DeadLetter(_)]));
    assert_eq!((scene.held_by(OWN_LETTERS).len(), scene.held_by(DEAD_LETTERS).len()), (1, 0));
}

#[test]
fn what_is_tried_for_ever_is_left_to_the_next_owner_of_its_partition() {
    let mut scene = scene(Policy { exhausted: Exhausted::Block, ..policy() });
    let request = scene.delivered();
    scene.ask_back();
    scene.answer(&request, 400);
    assert!(matches!(scene.ends(), [End::Elsewhere]), "{:?}", scene.ends());
}
