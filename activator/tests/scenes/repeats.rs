//! Events that are sent twice, to a trigger that wants them once.

use std::time::Duration;

use activator::delivery::{Deduplicate, Policy};
use activator::effect::End;
use activator::id::Offset;

use crate::scene::{BROKER, IDLE, Request, Scene};
use crate::wired::policy;

const BILL: u32 = 0;
const MINUTE: Duration = Duration::from_secs(60);

/// A trigger that wants each event once, of so many.
fn scene(max: u32) -> Scene {
    let mut scene = Scene::with_triggers(&[(BILL, "order")]);
    let deduplicate = Some(Deduplicate { time: MINUTE, max });
    scene.try_so_hard(0, Policy { deduplicate, ..policy() });
    scene
}

/// Sends an event that is delivered at once.
fn deliver(scene: &mut Scene, id: &str) {
    scene.send(id, "order");
    let request = scene.delivered();
    assert_eq!(request.event.id(), id);
    scene.answer(&request, 200);
}

/// Starts the function by an event, which it has not answered yet.
fn tried(scene: &mut Scene, id: &str) -> Request {
    scene.send(id, "order");
    let instance = scene.started();
    let request = scene.delivered();
    scene.ready(instance);
    request
}

/// Starts the function by an event that it gets.
fn start(scene: &mut Scene, id: &str) {
    let request = tried(scene, id);
    scene.answer(&request, 200);
}

#[test]
fn the_second_of_two_is_a_duplicate_and_wakes_nobody() {
    let mut scene = scene(10);
    start(&mut scene, "e1");
    scene.wait(IDLE);
    scene.ended();
    scene.send("e1", "order");
    assert!(scene.is_quiet(), "no process is started for it");
    assert_eq!(scene.ends().last(), Some(&End::Duplicate));
    scene.wait(Duration::from_secs(1));
    assert_eq!(scene.progress().position, Offset(2), "it is passed");
    assert_eq!(scene.progress().behind, []);
}

#[test]
fn another_source_or_id_is_another_event_and_so_is_the_same_one_later() {
    let mut scene = scene(10);
    start(&mut scene, "e1");
    deliver(&mut scene, "e2");
    scene.wait(Duration::from_secs(20));
    deliver(&mut scene, "e3");
    scene.wait(Duration::from_secs(20));
    deliver(&mut scene, "e4");
    scene.wait(Duration::from_secs(20));
    deliver(&mut scene, "e1");
    scene.send("e3", "order");
    assert_eq!(scene.ends().last(), Some(&End::Duplicate), "its minute is not over");
}

#[test]
fn beyond_so_many_the_oldest_is_forgotten() {
    let mut scene = scene(2);
    start(&mut scene, "e1");
    deliver(&mut scene, "e2");
    deliver(&mut scene, "e3");
    scene.send("e2", "order");
    assert_eq!(scene.ends().last(), Some(&End::Duplicate));
    deliver(&mut scene, "e1");
}

#[test]
fn one_that_comes_while_the_first_is_tried_waits_for_its_end() {
    let mut scene = scene(10);
    let first = tried(&mut scene, "e1");
    scene.send("e1", "order");
    scene.send("e2", "order");
    let other = scene.delivered();
    assert_eq!(other.event.id(), "e2", "nobody else waits");
    scene.answer(&first, 500);
    assert!(scene.is_quiet());
    scene.wait(Duration::from_millis(200));
    let first = scene.delivered();
    scene.answer(&first, 200);
    assert!(scene.is_quiet());
    assert!(matches!(scene.ends(), [End::Delivered { .. }, End::Duplicate]));
}

#[test]
fn a_duplicate_that_waited_is_no_reason_to_keep_a_process() {
    let (linger, later) = (Duration::from_secs(3), Duration::from_secs(5));
    let mut scene = scene(10);
    let deduplicate = Some(Deduplicate { time: MINUTE, max: 10 });
    scene.try_so_hard(0, Policy { deduplicate, after: later, ..policy() });
    scene.save_to_linger(BILL, 2, linger);
    scene.send("e1", "order");
    scene.replay("e1", "order", "trigger/0");
    let instance = scene.started();
    let request = scene.delivered();
    scene.ready(instance);
    scene.answer(&request, 200);
    scene.wait(later);
    assert_eq!(scene.ends().last(), Some(&End::Duplicate));
    scene.wait(IDLE + linger);
    scene.ended();
}

#[test]
fn of_one_that_could_not_be_delivered_the_next_copy_is_tried() {
    let mut scene = scene(10);
    let first = tried(&mut scene, "e1");
    scene.send("e1", "order");
    scene.answer(&first, 400);
    let second = scene.delivered();
    scene.answer(&second, 200);
    assert!(matches!(scene.ends(), [End::DeadLetter(_), End::Delivered { .. }]));
}

#[test]
fn a_replay_is_delivered_and_what_was_replayed_is_known() {
    let mut scene = scene(10);
    start(&mut scene, "e1");
    for id in ["e1", "e2"] {
        scene.replay(id, "order", "trigger/0");
        let request = scene.delivered();
        scene.answer(&request, 200);
    }
    scene.send("e2", "order");
    assert_eq!(scene.ends().last(), Some(&End::Duplicate));
}

#[test]
fn another_life_knows_what_it_is_told() {
    let mut scene = scene(10);
    start(&mut scene, "e1");
    scene.wait(Duration::from_secs(1));
    scene.crash(Duration::from_secs(10));
    scene.save(BILL, 1);
    scene.send("e1", "order");
    assert_eq!(scene.ends(), [End::Duplicate]);
    scene.wait(Duration::from_secs(10));
    start(&mut scene, "e1");
    assert_eq!(scene.held_by(BROKER).len(), 3);
}

#[test]
fn a_trigger_that_does_not_say_so_has_each_of_them() {
    let mut scene = Scene::with_triggers(&[(BILL, "order")]);
    start(&mut scene, "e1");
    deliver(&mut scene, "e1");
}
