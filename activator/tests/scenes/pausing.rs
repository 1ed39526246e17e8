//! Triggers that somebody pauses: nothing is begun for them, and nothing is lost.

use std::time::Duration;

use activator::effect::End;
use activator::id::Offset;

use crate::scene::{Request, Scene};

const BILL: u32 = 0;
const SHIP: u32 = 1;
const BOTH: [(u32, &str); 2] = [(BILL, "order"), (SHIP, "order")];

/// The next request is for this function, and it is answered.
fn answered(scene: &mut Scene, function: u32, id: &str) {
    let request = scene.delivered();
    assert_eq!((request.instance.function.0, request.event.id()), (function, id));
    scene.answer(&request, 200);
}

/// Both functions run, and hold the event `1`.
fn both_hold_one() -> (Scene, Request, Request) {
    let mut scene = Scene::with_triggers(&BOTH);
    scene.send("1", "order");
    let (ship, ship_holds) = (scene.started(), scene.delivered());
    let (bill, bill_holds) = (scene.started(), scene.delivered());
    assert_eq!((ship.function.0, bill.function.0), (SHIP, BILL));
    scene.ready(ship);
    scene.ready(bill);
    (scene, bill_holds, ship_holds)
}

#[test]
fn what_is_in_flight_ends_and_nothing_is_begun_until_it_goes_on() {
    let (mut scene, bill, ship) = both_hold_one();
    scene.pause("trigger/0");
    for id in ["2", "3", "4"] {
        scene.send(id, "order");
        answered(&mut scene, SHIP, id);
    }
    scene.answer(&ship, 200);
    scene.answer(&bill, 200);
    assert_eq!(scene.ends().len(), 5, "the other trigger has had all, this one what it held");
    assert!(scene.is_quiet());
    scene.resume("trigger/0");
    for id in ["2", "3", "4"] {
        answered(&mut scene, BILL, id);
    }
    assert!(scene.is_quiet());
    assert_eq!(scene.ends().len(), 8);
    // So that it is stored how far everyone is.
    scene.wait(Duration::from_secs(1));
    assert_eq!(scene.progress().low(), Offset(4));
}

#[test]
fn a_failed_attempt_has_no_next_one_before_it_goes_on_and_counts() {
    let (mut scene, bill, ship) = both_hold_one();
    scene.answer(&ship, 200);
    scene.pause("trigger/0");
    scene.answer(&bill, 500);
    scene.wait(Duration::from_secs(3600));
    while !scene.is_quiet() {
        scene.ended();
    }
    scene.resume("trigger/0");
    let instance = scene.started();
    let second = scene.delivered();
    scene.ready(instance);
    scene.answer(&second, 500);
    scene.wait(Duration::from_millis(400));
    let third = scene.delivered();
    scene.answer(&third, 500);
    assert!(matches!(scene.ends(), [End::Delivered { .. }, End::DeadLetter(_)]), "three attempts in all");
}

#[test]
fn it_stays_paused_in_the_next_life_and_under_its_next_name() {
    let (mut scene, bill, ship) = both_hold_one();
    scene.pause("trigger/0");
    scene.answer(&bill, 200);
    scene.answer(&ship, 200);
    scene.send("2", "order");
    answered(&mut scene, SHIP, "2");
    // So that it is stored how far everyone is.
    scene.wait(Duration::from_secs(1));
    scene.crash_with_paused(Duration::ZERO, &["trigger/0"]);
    scene.save(BILL, 1);
    scene.save(SHIP, 1);
    scene.send("3", "order");
    let instance = scene.started();
    assert_eq!(instance.function.0, SHIP);
    answered(&mut scene, SHIP, "3");
    assert!(scene.is_quiet());
    scene.rename(0, "trigger/bill");
    scene.send("4", "order");
    answered(&mut scene, SHIP, "4");
    assert!(scene.is_quiet(), "it is the same one");
    scene.resume("trigger/bill");
    assert_eq!(scene.started().function.0, BILL);
    for id in ["2", "3", "4"] {
        answered(&mut scene, BILL, id);
    }
    assert!(scene.is_quiet());
}

#[test]
fn what_is_replayed_to_it_waits_as_well() {
    let mut scene = Scene::with_triggers(&BOTH);
    scene.pause("trigger/0");
    scene.replay("1", "order", "trigger/0");
    scene.replay("2", "order", "trigger/1");
    assert_eq!(scene.started().function.0, SHIP);
    answered(&mut scene, SHIP, "2");
    assert!(scene.is_quiet());
    scene.resume("trigger/0");
    assert_eq!(scene.started().function.0, BILL);
    answered(&mut scene, BILL, "1");
}
