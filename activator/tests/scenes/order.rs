//! Events in order by key, while their function has more of them than it takes at once.

use activator::topology::Order;

use crate::scene::Scene;

const BILL: u32 = 0;

#[test]
fn what_waited_for_its_key_comes_before_what_is_behind_it() {
    let mut scene = Scene::with_triggers(&[(BILL, "order")]);
    scene.keep_in_order(0, Order::Key);
    for id in ["a0", "a1", "b0", "b1"] {
        scene.send_about(&id[..1], id, "order");
    }
    for number in 0..100 {
        scene.send_about(&format!("c{number}"), &format!("c{number}"), "order");
    }
    let instance = scene.started();
    scene.ready(instance);
    let under_way = scene.all_delivered();
    let [a, b] = [&under_way[0], &under_way[1]];
    assert_eq!([a.event.id(), b.event.id()], ["a0", "b0"]);
    assert!(under_way.len() < 100, "others wait for room");
    scene.answer(b, 200);
    assert_eq!(scene.delivered().event.id(), "b1", "it is older than all that wait");
    scene.answer(a, 200);
    assert_eq!(scene.delivered().event.id(), "a1");
}
