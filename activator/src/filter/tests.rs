use alloc::{boxed::Box, vec};
use bytes::Bytes;

use super::Filter::{self, All, Any, Exact, Not, Prefix, Suffix};
use crate::event::Event;

fn order_created() -> Event {
    let mut event = Event::builder();
    for (name, value) in [("id", "1"), ("source", "/shop/eu"), ("type", "order.created"), ("tier", "")] {
        event.attribute(name, value).unwrap();
    }
    event.build(Bytes::new()).unwrap()
}

fn check(filter: Filter, expected: bool) {
    let event = order_created();
    assert_eq!(filter.matches(&event), expected, "{filter:?}");
    assert_eq!(filter.refusal(&event).is_none(), expected, "a refusal exists exactly when it does not match");
}

fn exact(name: &str, value: &str) -> Filter {
    Exact(name.into(), value.into())
}

#[test]
fn exact_compares_the_whole_text_and_its_case() {
    check(exact("type", "order.created"), true);
    check(exact("type", "order.create"), false);
    check(exact("type", "Order.created"), false);
    check(exact("tier", ""), true);
    check(exact("absent", ""), false);
    check(exact("specversion", "1.0"), true);
}

#[test]
fn prefix_and_suffix_need_the_attribute() {
    check(Prefix("source".into(), "/shop".into()), true);
    check(Suffix("type".into(), ".created".into()), true);
    check(Suffix("absent".into(), "".into()), false);
}

#[test]
fn clauses_combine() {
    let (yes, no) = (exact("id", "1"), exact("id", "2"));
    check(Filter::always(), true);
    check(All(vec![yes.clone(), no.clone()]), false);
    check(Any(vec![no.clone(), yes.clone()]), true);
    check(Any(vec![]), false);
    check(Not(Box::new(no)), true);
    check(Not(Box::new(yes)), false);
}

#[test]
fn a_refusal_names_the_clause_and_the_events_value() {
    let filter = All(vec![exact("id", "1"), exact("type", "order.paid"), exact("absent", "x")]);
    let refusal = filter.refusal(&order_created()).unwrap();
    assert_eq!(refusal, "type = \"order.paid\" (event has \"order.created\")");
}
