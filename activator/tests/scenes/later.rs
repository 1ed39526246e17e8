//! Events that are left alone for a while, and events that are passed on.

use std::time::Duration;

use activator::delivery::Policy;
use activator::effect::End;

use crate::scene::{BROKER, DEAD_LETTERS, Scene};
use crate::wired::{event, policy};

const BILL: u32 = 0;
const MINUTE: Duration = Duration::from_secs(60);

/// A trigger that leaves each event alone for a minute.
fn scene() -> Scene {
    let mut scene = Scene::with_triggers(&[(BILL, "order")]);
    scene.try_so_hard(0, Policy { after: MINUTE, ..policy() });
    scene
}

#[test]
fn nothing_is_started_before_its_time() {
    let mut scene = scene();
    scene.send("e1", "order");
    scene.wait(Duration::from_secs(30));
    scene.send("e2", "order");
    scene.wait(Duration::from_millis(29_999));
    assert!(scene.is_quiet());
    scene.wait(Duration::from_millis(1));
    let instance = scene.started();
    let request = scene.delivered();
    assert_eq!(request.event.id(), "e1");
    scene.ready(instance);
    scene.answer(&request, 500);
    scene.wait(Duration::from_millis(200));
    let request = scene.delivered();
    assert_eq!(request.event.id(), "e1", "its next attempt comes as soon as any");
    scene.answer(&request, 200);
    scene.wait(Duration::from_millis(29_799));
    assert!(scene.is_quiet(), "e2 has a minute of its own");
    scene.wait(Duration::from_millis(1));
    assert_eq!(scene.delivered().event.id(), "e2");
}

#[test]
fn its_time_runs_on_while_nobody_reads() {
    let mut scene = scene();
    scene.send("e1", "order");
    scene.wait(Duration::from_secs(30));
    scene.crash(Duration::ZERO);
    scene.save(BILL, 1);
    scene.wait(Duration::from_millis(29_999));
    assert!(scene.is_quiet());
    scene.wait(Duration::from_millis(1));
    scene.started();
    assert_eq!(scene.delivered().event.id(), "e1");
    scene.send("e2", "order");
    scene.wait(Duration::from_secs(90));
    scene.crash(Duration::ZERO);
    scene.save(BILL, 1);
    scene.started();
    let both = [scene.delivered(), scene.delivered()].map(|request| request.event.id().to_owned());
    assert_eq!(both, ["e1", "e2"], "it was over before this life began");
}

#[test]
fn what_is_delivered_again_does_not_wait() {
    let mut scene = scene();
    scene.replay("e1", "order", "trigger/0");
    scene.started();
    scene.delivered();
}

#[test]
fn an_event_is_passed_on_as_often_as_its_broker_says() {
    let mut scene = Scene::with_triggers(&[(BILL, "order")]);
    scene.pass_on(2);
    scene.send("e0", "order");
    let instance = scene.started();
    scene.ready(instance);
    for (number, left) in [(1, "1"), (2, "0")] {
        let request = scene.delivered();
        // What a function says of it does not count.
        let reply = event(&format!("e{number}"), "order").with("knativebrokerttl", "100").unwrap();
        scene.answer_with(&request, 200, Some(reply));
        assert_eq!(scene.held_by(BROKER).last().unwrap().get("knativebrokerttl"), Some(left));
    }
    let request = scene.delivered();
    scene.answer_with(&request, 200, Some(event("e3", "order")));
    assert!(matches!(scene.ends().last(), Some(End::DeadLetter(_))));
    let [letter] = scene.held_by(DEAD_LETTERS) else { panic!("one dead letter") };
    assert_eq!((letter.id(), letter.get("hydrantreason")), ("e2", Some("malformed reply")));
}
