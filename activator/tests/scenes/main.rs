//! The mind by example: what happens, and what it asks for, in the words of those who use it.

mod delivery;
mod holding;
mod later;
mod mending;
mod order;
mod pausing;
mod repeats;
mod replay;
mod replies;
mod scene;
mod wired;
mod wishes;

use std::time::Duration;

use activator::cursor::Cursor;
use activator::effect::End;
use activator::id::Offset;
use scene::{BROKER, DEAD_LETTERS, IDLE, Scene};
use wired::event;

const BILL: u32 = 0;
const SHIP: u32 = 1;

#[test]
fn an_event_wakes_its_function_which_goes_back_to_zero() {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created")]);
    scene.send("e1", "order.created");

    let instance = scene.started();
    let request = scene.delivered();
    assert_eq!(request.instance, instance, "it waits in the process that starts");
    scene.ready(instance);
    scene.answer(&request, 202);
    assert!(matches!(scene.ends(), [End::Delivered { .. }]));

    scene.wait(IDLE - Duration::from_millis(1));
    assert!(scene.is_quiet(), "warm for as long as its settings say");
    scene.wait(Duration::from_millis(1));
    assert_eq!(scene.ended(), instance);
    assert_eq!(scene.progress().position, Offset(1));
}

#[test]
fn a_failing_event_is_tried_with_growing_waits_and_becomes_a_dead_letter() {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created")]);
    scene.send("e1", "order.created");
    let instance = scene.started();
    scene.ready(instance);

    for wait in [200, 400] {
        let request = scene.delivered();
        scene.answer(&request, 500);
        scene.wait(Duration::from_millis(wait - 1));
        assert!(scene.is_quiet(), "not before {wait} ms");
        scene.wait(Duration::from_millis(1));
    }
    let request = scene.delivered();
    scene.wait(Duration::from_secs(1));
    assert_eq!(scene.progress().behind, [("trigger/0".into(), Cursor::at(Offset(0)))], "not passed yet");
    scene.answer(&request, 503);

    assert!(matches!(scene.ends(), [End::DeadLetter(_)]));
    let [letter] = scene.held_by(DEAD_LETTERS) else { panic!("one dead letter") };
    assert_eq!(letter.id(), "e1");
    assert_eq!(letter.get("knativeerrordest"), Some("fn/0"));
    assert_eq!(letter.get("knativeerrorcode"), Some("503"));
    assert_eq!(letter.get("hydrantreason"), Some("503"));
    assert_eq!(letter.get("hydrantattempts"), Some("3"));
    scene.wait(Duration::from_secs(1));
    assert_eq!(scene.progress().behind, [], "and now passed");
}

#[test]
fn a_reply_goes_back_into_the_broker_and_to_whoever_wants_it() {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created"), (SHIP, "order.billed")]);
    scene.send("e1", "order.created");
    let billing = scene.started();
    let request = scene.delivered();
    scene.ready(billing);
    scene.answer_with(&request, 200, Some(event("e2", "order.billed")));

    let shipping = scene.started();
    let request = scene.delivered();
    assert_eq!((request.instance, request.event.id()), (shipping, "e2"));
    assert_eq!(request.event.get("knativebrokerttl"), Some("254"), "one hop of 255 is used");
    assert_eq!(scene.held_by(BROKER).len(), 2, "a reply is stored as any event");
}

#[test]
fn one_event_goes_to_every_trigger_that_wants_it_and_to_no_other() {
    let mut scene =
        Scene::with_triggers(&[(BILL, "order.created"), (SHIP, "order.created"), (SHIP, "other")]);
    scene.send("e1", "order.created");

    let functions = [BILL, SHIP].map(|_| {
        let instance = scene.started();
        assert_eq!(scene.delivered().instance, instance);
        instance.function.0
    });
    assert!(functions.contains(&BILL) && functions.contains(&SHIP));
    assert!(scene.is_quiet());
}

#[test]
fn a_drain_lets_functions_finish_and_begins_nothing() {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created")]);
    scene.send("e1", "order.created");
    let instance = scene.started();
    let request = scene.delivered();
    scene.ready(instance);

    scene.drain();
    scene.send("e2", "order.created");
    assert!(scene.is_quiet(), "e2 waits for the next start");
    scene.answer(&request, 200);
    assert_eq!(scene.ended(), instance);

    assert!(scene.is_stopped());
    let done = scene.progress();
    let cursor = done.behind.first().map_or_else(|| Cursor::at(done.position), |(_, cursor)| cursor.clone());
    assert!(cursor.contains(Offset(0)), "e1 is done");
    assert!(!cursor.contains(Offset(1)), "e2 is not");
}

#[test]
fn what_is_killed_at_the_end_of_a_drain_is_no_failure_of_its_event() {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created")]);
    scene.send("e1", "order.created");
    let instance = scene.started();
    let request = scene.delivered();
    scene.ready(instance);

    scene.drain();
    scene.wait(Duration::from_secs(10));
    assert_eq!(scene.ended(), instance);
    // As final an answer as there is: were it believed, the event would be a dead letter.
    scene.answer(&request, 400);
    assert_eq!(scene.ends(), [], "it comes again after the next start");
}

#[test]
fn a_changed_filter_is_asked_about_what_waits_already() {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created")]);
    scene.send("e1", "order.created");
    let instance = scene.started();
    scene.ready(instance);
    let request = scene.delivered();
    scene.answer(&request, 500);

    scene.rewire(0, "order.paid");
    scene.send("e2", "order.paid");
    assert_eq!(scene.ends(), [End::Unmatched], "e1 is not wanted any more");
    assert_eq!(scene.delivered().event.id(), "e2");
    scene.wait(Duration::from_secs(1));
    assert!(scene.is_quiet(), "and e1 is not tried again");
}

#[test]
fn a_saved_file_takes_the_next_event_and_the_old_process_finishes_what_it_holds() {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created")]);
    scene.send("e1", "order.created");
    let old = scene.started();
    let first = scene.delivered();
    scene.ready(old);

    scene.save(BILL, 2);
    scene.send("e2", "order.created");
    let new = scene.started();
    assert_eq!(scene.delivered().instance, new);
    scene.ready(new);
    assert!(scene.is_quiet(), "the old one still works");
    scene.answer(&first, 200);
    assert_eq!(scene.ended(), old);
}
