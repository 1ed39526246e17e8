//! What fails, and what a save of its function does about it.

use std::time::Duration;

use activator::delivery::Policy;
use activator::effect::End;
use activator::id::InstanceId;

use crate::scene::{DEAD_LETTERS, Request, Scene};
use crate::wired::policy;

const BILL: u32 = 0;
/// An older revision of it that is kept.
const BILL_KEPT: u32 = 7;
const SHIP: u32 = 1;

/// A trigger whose event its function holds.
fn scene() -> (Scene, InstanceId, Request) {
    let mut scene = Scene::with_triggers(&[(BILL, "order")]);
    scene.send("e1", "order");
    let instance = scene.started();
    let request = scene.delivered();
    scene.ready(instance);
    (scene, instance, request)
}

/// Both processes that are wanted, and the request of the newer one.
fn saved(scene: &mut Scene) -> Request {
    let new = scene.started();
    let request = scene.delivered();
    assert_eq!(request.instance, new);
    request
}

#[test]
fn a_save_ends_the_wait_for_the_next_attempt_and_attempts_count_on() {
    let (mut scene, _, request) = scene();
    scene.answer(&request, 500);
    assert!(scene.is_quiet());
    scene.save(BILL, 2);
    let second = saved(&mut scene);
    scene.answer(&second, 500);
    scene.wait(Duration::from_millis(399));
    scene.save(BILL, 3);
    let third = saved(&mut scene);
    scene.answer(&third, 500);
    assert!(matches!(scene.ends(), [End::DeadLetter(_)]), "two of retry = 2 and the first");
    assert_eq!(scene.held_by(DEAD_LETTERS)[0].get("hydrantattempts"), Some("3"));
}

#[test]
fn its_timer_of_before_is_nobodys() {
    let (mut scene, _, request) = scene();
    scene.answer(&request, 500);
    scene.save(BILL, 2);
    let second = saved(&mut scene);
    scene.answer(&second, 500);
    scene.wait(Duration::from_millis(399));
    assert!(scene.is_quiet(), "the 200 ms of the first attempt are over, the 400 ms of the second are not");
    scene.wait(Duration::from_millis(1));
    scene.delivered();
}

#[test]
fn what_the_old_one_still_holds_has_no_wait_when_it_fails() {
    let (mut scene, old, request) = scene();
    scene.save(BILL, 2);
    let new = scene.started();
    scene.answer(&request, 500);
    scene.wait(Duration::ZERO);
    let second = scene.delivered();
    assert_eq!(second.instance, new, "not {old:?}");
    scene.answer(&second, 500);
    scene.wait(Duration::from_millis(399));
    assert!(scene.is_quiet(), "what the new one fails waits as ever");
}

#[test]
fn the_same_content_and_a_function_that_is_another_change_nothing() {
    let (mut scene, _, request) = scene();
    scene.answer(&request, 500);
    scene.save(BILL, 1);
    scene.save(SHIP, 2);
    scene.wait(Duration::from_millis(199));
    assert!(scene.is_quiet());
}

#[test]
fn what_is_left_alone_for_a_time_is_so_whatever_is_saved() {
    let mut scene = Scene::with_triggers(&[(BILL, "order")]);
    scene.try_so_hard(0, Policy { after: Duration::from_secs(60), ..policy() });
    scene.send("e1", "order");
    scene.save(BILL, 2);
    scene.wait(Duration::from_secs(59));
    assert!(scene.is_quiet());
}

#[test]
fn what_goes_to_an_old_revision_on_purpose_waits_for_none_newer() {
    let mut scene = Scene::with_triggers(&[(BILL, "order")]);
    scene.save(BILL_KEPT, 1);
    scene.share(BILL, &[(BILL_KEPT, 100)]);
    scene.send("e1", "order");
    let kept = scene.started();
    assert_eq!(kept.function.0, BILL_KEPT);
    let request = scene.delivered();
    scene.ready(kept);
    scene.answer(&request, 500);
    scene.save(BILL, 2);
    assert!(scene.is_quiet(), "that is not its revision");
    scene.share(BILL, &[(BILL, 100)]);
    assert_eq!(saved(&mut scene).instance.function.0, BILL, "and now it is");
}

#[test]
fn what_failed_with_the_latest_goes_to_the_old_one_it_is_rolled_back_to() {
    let (mut scene, _, request) = scene();
    scene.answer(&request, 500);
    scene.save(BILL_KEPT, 1);
    assert!(scene.is_quiet());
    scene.share(BILL, &[(BILL_KEPT, 100)]);
    assert_eq!(saved(&mut scene).instance.function.0, BILL_KEPT);
}

#[test]
fn whoever_attaches_a_process_has_at_once_what_failed_and_leaves_us_what_failed_with_it() {
    let (mut scene, ours, request) = scene();
    scene.answer(&request, 500);
    let theirs = scene.attached(BILL);
    assert_eq!(scene.ended(), ours);
    let second = scene.delivered();
    assert_eq!((second.instance, second.event.id()), (theirs, "e1"));
    scene.answer(&second, 500);
    scene.leaves(theirs);
    let again = saved(&mut scene);
    assert_eq!(again.event.id(), "e1");
    assert!(again.instance != theirs);
}
