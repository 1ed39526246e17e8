//! Events that are delivered again because somebody wants it.

use activator::effect::End;

use crate::scene::{BROKER, DEAD_LETTERS, Scene};

const BILL: u32 = 0;
const SHIP: u32 = 1;

#[test]
fn it_goes_to_the_trigger_it_names_and_to_no_other_whatever_the_filters_say() {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created"), (SHIP, "order.billed")]);
    scene.replay("e1", "order.created", "trigger/1");
    let instance = scene.started();
    assert_eq!(instance.function.0, SHIP);
    let request = scene.delivered();
    assert_eq!(request.event.get("hydrantreplay"), Some("trigger/1"), "it is marked");
    scene.ready(instance);
    scene.answer(&request, 200);
    assert!(matches!(scene.ends(), [End::Delivered { .. }]));
    assert!(scene.is_quiet(), "the other trigger has nothing of it");
    assert_eq!(scene.held_by(BROKER), []);
}

#[test]
fn it_has_the_attempts_the_replies_and_the_dead_letters_of_its_trigger() {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created")]);
    scene.replay("e1", "order.created", "trigger/0");
    let instance = scene.started();
    scene.ready(instance);
    for wait in [200, 400] {
        let request = scene.delivered();
        scene.answer(&request, 500);
        scene.wait(std::time::Duration::from_millis(wait));
    }
    let request = scene.delivered();
    scene.answer(&request, 500);
    let [letter] = scene.held_by(DEAD_LETTERS) else { panic!("one dead letter") };
    assert_eq!(letter.get("hydrantsubscription"), Some("trigger/0"), "and not that of whoever replays");

    scene.replay("e2", "order.created", "trigger/0");
    let request = scene.delivered();
    scene.answer_with(&request, 200, Some(crate::wired::event("r", "order.billed")));
    assert_eq!(scene.held_by(BROKER).len(), 1, "its reply goes into its broker");
}

#[test]
fn of_a_trigger_that_is_gone_it_ends_as_removed() {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created"), (SHIP, "order.billed")]);
    scene.replay("e1", "order.created", "trigger/7");
    assert_eq!(scene.ends(), [End::Removed]);

    scene.replay("e2", "order.created", "trigger/0");
    let instance = scene.started();
    let request = scene.delivered();
    scene.remove(0);
    scene.ready(instance);
    scene.answer(&request, 500);
    assert_eq!(scene.ends(), [End::Removed, End::Removed], "there is no further attempt");
}

#[test]
fn what_waits_follows_its_trigger_to_where_that_delivers_now() {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created"), (SHIP, "order.billed")]);
    scene.replay("e1", "order.created", "trigger/0");
    let bill = scene.started();
    let request = scene.delivered();
    scene.ready(bill);
    scene.answer(&request, 500);
    scene.redirect(0, SHIP);
    scene.wait(std::time::Duration::from_millis(200));
    let ship = scene.started();
    assert_eq!((ship.function.0, scene.delivered().instance), (SHIP, ship));
}
