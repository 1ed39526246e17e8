//! Triggers that hold what nobody could take, until that is mended.

use std::time::Duration;

use activator::delivery::{Exhausted, Policy};
use activator::effect::End;
use activator::id::{InstanceId, Offset};
use activator::{Limits, topology::Order};

use crate::scene::{DEAD_LETTERS, OWN_LETTERS, Request, Scene};
use crate::wired::policy;

const BILL: u32 = 0;
const LONG: Duration = Duration::from_secs(3600);

fn holding() -> Policy {
    Policy { retry: 0, exhausted: Exhausted::Hold(None), ..policy() }
}

/// A trigger that holds, and its process, which has taken an event.
fn scene_within(limits: Limits, policy: Policy) -> (Scene, InstanceId) {
    let mut scene = Scene::within(limits, &[(BILL, "order")]);
    scene.try_so_hard(0, policy);
    scene.send("e0", "order");
    let instance = scene.started();
    let request = scene.delivered();
    scene.ready(instance);
    scene.answer(&request, 200);
    (scene, instance)
}

fn scene() -> Scene {
    scene_within(Limits::default(), holding()).0
}

/// Sends an event that fails.
fn fail(scene: &mut Scene, id: &str) {
    scene.send(id, "order");
    let request = scene.delivered();
    assert_eq!(request.event.id(), id);
    scene.answer(&request, 500);
}

/// The function has another revision, whose process starts.
fn save(scene: &mut Scene, revision: u32) {
    scene.save(BILL, revision);
    scene.started();
}

fn ids(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(|request| request.event.id()).collect()
}

#[test]
fn what_is_held_waits_for_a_save_and_begins_anew() {
    let mut scene = scene_within(Limits::default(), Policy { retry: 1, ..holding() }).0;
    scene.send("e1", "order");
    for revision in 2..5 {
        for attempt in 1..=2 {
            let request = scene.delivered();
            assert_eq!(request.event.id(), "e1");
            scene.answer(&request, 500);
            assert_eq!(scene.held(BILL), attempt - 1, "after attempt {attempt} of 2");
            scene.wait(Duration::from_millis(200));
        }
        assert!(scene.is_quiet());
        save(&mut scene, revision);
    }
    let request = scene.delivered();
    scene.answer(&request, 200);
    assert!(matches!(scene.ends(), [End::Delivered { .. }, End::Delivered { .. }]));
    assert_eq!((scene.held(BILL), scene.held_by(DEAD_LETTERS).len()), (0, 0));
    scene.wait(Duration::from_secs(1));
    assert_eq!(scene.progress().behind, [], "and now passed");
}

#[test]
fn it_waits_for_ever_and_others_pass_it_and_its_cursor_does_not() {
    let mut scene = scene();
    fail(&mut scene, "e1");
    scene.send("e2", "order");
    let request = scene.delivered();
    scene.answer(&request, 200);
    scene.wait(Duration::from_secs(10));
    let [(_, cursor)] = &scene.progress().behind[..] else { panic!("somebody is behind") };
    assert_eq!((cursor.prefix(), cursor.contains(Offset(2))), (Offset(1), true));
    scene.wait(LONG);
    scene.ended();
    assert!(scene.is_quiet(), "no process waits with it");
    assert_eq!(scene.held(BILL), 1);
}

#[test]
fn another_life_begins_it_anew() {
    let mut scene = scene();
    fail(&mut scene, "e1");
    scene.wait(Duration::from_secs(1));
    scene.crash(Duration::ZERO);
    scene.save(BILL, 1);
    scene.started();
    let request = scene.delivered();
    assert_eq!((request.event.id(), scene.held(BILL)), ("e1", 0));
    scene.answer(&request, 500);
    assert_eq!(scene.held(BILL), 1);
}

#[test]
fn somebody_who_asks_has_it_tried_at_once_held_or_not() {
    let patient = Policy { retry: 1, delay: LONG, delay_max: LONG, ..holding() };
    let mut scene = scene_within(Limits::default(), patient).0;
    fail(&mut scene, "e1");
    scene.wait(LONG);
    scene.ended();
    scene.started();
    let request = scene.delivered();
    scene.answer(&request, 500);
    assert_eq!(scene.held(BILL), 1);
    fail(&mut scene, "e2");
    assert_eq!(scene.held(BILL), 1, "it waits for its second attempt");
    scene.retry(7);
    assert!(scene.is_quiet(), "that is another trigger");
    scene.retry(0);
    assert_eq!(ids(&scene.all_delivered()), ["e1", "e2"]);
}

#[test]
fn those_of_its_key_wait_behind_it() {
    let mut scene = scene();
    scene.keep_in_order(0, Order::Attribute("subject".into()));
    scene.send_about("a", "e1", "order");
    let request = scene.delivered();
    scene.answer(&request, 500);
    scene.send_about("a", "e2", "order");
    assert!(scene.is_quiet());
    scene.send_about("b", "e3", "order");
    let request = scene.delivered();
    assert_eq!(request.event.id(), "e3");
    scene.answer(&request, 200);
    save(&mut scene, 2);
    for id in ["e1", "e2"] {
        let request = scene.delivered();
        assert_eq!(request.event.id(), id);
        scene.answer(&request, 200);
    }
}

#[test]
fn what_the_old_one_still_holds_is_not_held_for_the_next_save() {
    let mut scene = scene();
    scene.send("e1", "order");
    let request = scene.delivered();
    scene.save(BILL, 2);
    let new = scene.started();
    scene.answer(&request, 500);
    let again = scene.delivered();
    assert_eq!((again.instance, again.event.id()), (new, "e1"));
    scene.answer(&again, 500);
    assert_eq!(scene.held(BILL), 1, "what the new one fails is");
}

#[test]
fn what_its_function_rejects_is_a_dead_letter_at_once() {
    let mut scene = scene();
    scene.send("e1", "order");
    let request = scene.delivered();
    scene.answer(&request, 400);
    assert!(matches!(scene.ends().last(), Some(End::DeadLetter(_))));
    assert_eq!((scene.held(BILL), scene.held_by(DEAD_LETTERS).len()), (0, 1));
}

#[test]
fn of_a_trigger_that_is_removed_it_ends() {
    let mut scene = scene();
    fail(&mut scene, "e1");
    scene.remove(0);
    assert_eq!(scene.ends().last(), Some(&End::Removed));
    assert_eq!(scene.held(BILL), 0);
}

#[test]
fn too_many_make_way_and_the_others_are_not_held_up() {
    // Of three events under way it may have one or two; of those that are held it may have ten.
    let limits = Limits { unfinished_max: 3, unfinished_min: 1, held_max: 160, ..Limits::default() };
    for (exhausted, letters) in
        [(Exhausted::Hold(None), DEAD_LETTERS), (Exhausted::Hold(Some(OWN_LETTERS)), OWN_LETTERS)]
    {
        let (mut scene, _) = scene_within(limits.clone(), Policy { exhausted, ..holding() });
        (1..=10).for_each(|number| fail(&mut scene, &format!("e{number}")));
        assert_eq!((scene.held(BILL), scene.held_by(letters).len()), (10, 0));
        (11..=13).for_each(|number| fail(&mut scene, &format!("e{number}")));
        let dead: Vec<_> = scene.held_by(letters).iter().map(|event| event.id()).collect();
        assert_eq!((scene.held(BILL), dead), (10, vec!["e1", "e2", "e3"]), "the oldest");
        assert_eq!(scene.held_by(letters)[0].get("hydrantreason"), Some("500"));
        scene.wait(Duration::from_secs(1));
        assert_eq!(scene.progress().behind[0].1.prefix(), Offset(4), "and passed");
        assert_eq!(scene.made_way(), 3, "which is said");
        scene.save(BILL, 2);
        scene.started();
        assert_eq!(scene.all_delivered().len(), 10);
    }
}

#[test]
fn what_waits_for_its_fix_is_not_read_before_it_is_needed() {
    let limits = Limits { budget_bytes: 2_000, ..Limits::default() };
    let (mut scene, _) = scene_within(limits, holding());
    (1..=50).for_each(|number| fail(&mut scene, &format!("e{number}")));
    assert_eq!(scene.held(BILL), 50);
    scene.send("e51", "order");
    assert_eq!(scene.delivered().event.id(), "e51", "what is held takes none of the bytes");
}
