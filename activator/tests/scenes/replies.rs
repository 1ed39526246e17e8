//! What becomes of an event that a function answers with.

use std::time::Duration;

use activator::event::{Reply, json};
use activator::id::Offset;
use activator::topology::Order;

use crate::scene::{BROKER, Request, Scene};

const BILL: u32 = 0;
const SHIP: u32 = 1;

/// An answer to which the function gave no id.
fn nameless() -> Reply {
    json::decode_reply(&r#"{"specversion":"1.0","source":"/bill","type":"order.billed"}"#.into())
        .expect("complete")
}

/// Two triggers that want the same, and an event that both functions hold.
fn both(id: &str) -> (Scene, Vec<Request>) {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created"), (SHIP, "order.created")]);
    scene.send(id, "order.created");
    let handed: Vec<_> = (0..2).map(|_| (scene.started(), scene.delivered())).collect();
    handed.iter().for_each(|(instance, _)| scene.ready(*instance));
    let mut requests: Vec<Request> = handed.into_iter().map(|(_, request)| request).collect();
    requests.sort_by_key(|request| request.instance.function);
    (scene, requests)
}

/// The ids of the replies in the broker.
fn ids(scene: &Scene) -> Vec<&str> {
    let replies = scene.held_by(BROKER).iter().filter(|event| event.source() == "/bill");
    replies.map(|reply| reply.id()).collect()
}

#[test]
fn one_without_an_id_has_the_same_each_time_and_another_for_each_trigger_and_event() {
    let answered = |id| {
        let (mut scene, requests) = both(id);
        requests.iter().for_each(|request| scene.reply(request, 200, Some(nameless())));
        let ids: Vec<String> = ids(&scene).into_iter().map(str::to_owned).collect();
        <[String; 2]>::try_from(ids).expect("two replies")
    };
    let first = answered("e1");
    assert_eq!(answered("e1"), first, "in another life of the runtime, too");
    let other = answered("e2");
    let all = std::collections::BTreeSet::from_iter(first.into_iter().chain(other));
    assert_eq!(all.len(), 4);
}

#[test]
fn a_replay_is_answered_with_the_same_event() {
    let (mut scene, requests) = both("e1");
    scene.reply(&requests[0], 200, Some(nameless()));
    scene.answer(&requests[1], 200);
    scene.replay("e1", "order.created", "trigger/0");
    let request = scene.delivered();
    scene.reply(&request, 200, Some(nameless()));
    let [first, again] = ids(&scene)[..] else { panic!("two replies") };
    assert_eq!(first, again);
}

/// Sends so many events; each but the last is handled without a reply before the next one is, and the last with one.
fn handled(scene: &mut Scene, count: usize) {
    for number in 0..count {
        let request = scene.delivered();
        scene.reply(&request, 200, (number + 1 == count).then(nameless));
    }
}

fn with_three_events(in_order: bool) -> Scene {
    let mut scene = Scene::with_triggers(&[(BILL, "order.created")]);
    if in_order {
        scene.keep_in_order(0, Order::Partition);
    }
    for id in ["e1", "e2", "e3"] {
        scene.send(id, "order.created");
    }
    let instance = scene.started();
    scene.ready(instance);
    scene
}

#[test]
fn a_reply_says_what_is_done_by_it() {
    let mut scene = with_three_events(false);
    handled(&mut scene, 3);
    assert_eq!(scene.marked, [Some(Offset(2))]);
}

/// Else those before it would come again behind it.
#[test]
fn one_of_what_is_kept_in_order_does_not_before_all_that_was_done_is_stored() {
    let mut scene = with_three_events(true);
    handled(&mut scene, 3);
    assert_eq!(scene.marked, [None], "of what was done a moment ago nothing is stored yet");
    scene.wait(Duration::from_millis(100));
    scene.send("e4", "order.created");
    handled(&mut scene, 1);
    assert_eq!(scene.marked.last(), Some(&Some(Offset(4))));
}
