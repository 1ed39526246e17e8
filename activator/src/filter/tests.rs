use alloc::{boxed::Box, format, string::ToString, vec};
use bytes::Bytes;

use super::{Decision, Expression, Filter};
use crate::event::{Event, Name};

fn order_created() -> Event {
    let mut event = Event::builder();
    for (name, value) in [("id", "1"), ("source", "/shop/eu"), ("type", "order.created"), ("tier", "")] {
        event.attribute(name, value).unwrap();
    }
    event.build(Bytes::new()).unwrap()
}

fn check(filter: &Filter, expected: bool) {
    let event = order_created();
    assert_eq!(filter.matches(&event), expected, "{filter:?}");
    assert_eq!(filter.refusal(&event).is_none(), expected, "a refusal exists exactly when it does not match");
}

fn exact(name: &str, value: &str) -> Filter {
    Filter::exact(name, value)
}

fn cesql(text: &str) -> Filter {
    Filter::Cesql(Expression::parse(text).unwrap())
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

#[test]
fn exact_compares_the_whole_text_and_its_case() {
    check(&exact("type", "order.created"), true);
    check(&exact("type", "order.create"), false);
    check(&exact("type", "Order.created"), false);
    check(&exact("tier", ""), true);
    check(&exact("absent", ""), false);
    check(&exact("specversion", "1.0"), true);
}

#[test]
fn what_is_called_like_the_type_or_its_end_says_so_as_two_clauses_would() {
    let event = order_created();
    for (text, passes) in [
        ("order.created", true),
        ("created", true),
        ("reated", false),
        ("order", false),
        (".created", false),
        ("x.order.created", false),
    ] {
        let (short, full) = (Filter::Called(text.into()), Filter::called_in_full(text));
        check(&short, passes);
        check(&full, passes);
        assert_eq!((short.explain(&event), short.describe()), (full.explain(&event), full.describe()));
    }
}

#[test]
fn prefix_and_suffix_need_the_attribute() {
    check(&Filter::prefix("source", "/shop"), true);
    check(&Filter::suffix("type", ".created"), true);
    check(&Filter::suffix("absent", ""), false);
}

#[test]
fn every_entry_of_a_map_must_hold() {
    let pair = |name: &str, text: &str| (Name::new(name), text.into());
    check(&Filter::Exact(vec![pair("id", "1"), pair("source", "/shop/eu")]), true);
    check(&Filter::Exact(vec![pair("id", "1"), pair("source", "/shop")]), false);
    check(&Filter::Prefix(vec![pair("type", "order."), pair("source", "/shop")]), true);
}

#[test]
fn the_empty_text_of_the_older_filter_takes_any_value() {
    let attributes = |name: &str, text: &str| Filter::Attributes(vec![(Name::new(name), text.into())]);
    check(&attributes("type", ""), true);
    check(&attributes("tier", ""), true);
    check(&attributes("absent", ""), false);
    check(&attributes("type", "order.created"), true);
    check(&attributes("type", "order."), false);
}

#[test]
fn clauses_combine() {
    let (yes, no) = (exact("id", "1"), exact("id", "2"));
    check(&Filter::always(), true);
    check(&Filter::All(vec![yes.clone(), no.clone()]), false);
    check(&Filter::Any(vec![no.clone(), yes.clone()]), true);
    check(&Filter::Any(vec![]), false);
    check(&not(no), true);
    check(&not(yes), false);
}

#[test]
fn what_fails_never_lets_an_event_pass() {
    let failing = cesql("absent = 'x'");
    check(&failing, false);
    check(&not(failing.clone()), false);
    check(&not(not(failing.clone())), false);
    check(&not(Filter::All(vec![failing.clone(), exact("id", "1")])), false);
    check(&cesql("source"), false);
    // What is decided without it is decided.
    check(&Filter::Any(vec![failing.clone(), exact("id", "1")]), true);
    check(&not(Filter::All(vec![failing, exact("id", "2")])), true);
}

fn explained(filter: &Filter, decision: Decision, path: &str, line: &str) {
    let explanation = filter.explain(&order_created());
    assert_eq!((explanation.decision, &*explanation.path), (decision, path), "{filter:?}");
    assert_eq!(explanation.to_string(), line);
}

#[test]
fn a_refusal_names_the_clause_and_the_events_value() {
    use Decision::{Error, Match, NoMatch};
    let line = "type = \"order.paid\" (event has \"order.created\")";
    explained(&exact("type", "order.paid"), NoMatch, "exact", line);
    let all = Filter::All(vec![exact("id", "1"), Filter::prefix("type", "audit."), exact("absent", "x")]);
    explained(&all, NoMatch, "all[1].prefix", "all[1]: type = \"audit.*\" (event has \"order.created\")");
    let any = Filter::Any(vec![exact("id", "2"), exact("absent", "x")]);
    let line = "(id = \"2\" or absent = \"x\") (event has id \"1\", no absent)";
    explained(&any, NoMatch, "any", line);
    let negated = not(Filter::suffix("type", "created"));
    explained(
        &negated,
        NoMatch,
        "not.suffix",
        "not: not (type = \"*created\") (event has type \"order.created\")",
    );
    explained(&Filter::always(), Match, "", "every event");
    let line = "id = '2' (event has \"1\")";
    explained(&cesql("type LIKE 'order%' AND id = '2'"), NoMatch, "cesql", line);
    let line = "total failed at 28: the event has no total";
    explained(&cesql("type = 'order.created' AND total > 5"), Error, "cesql", line);
    // Characters, not bytes.
    let line = "total failed at 21: the event has no total";
    explained(&cesql("source != 'äöü' AND total > 5"), Error, "cesql", line);
}

#[test]
fn an_explanation_points_into_the_expression() {
    let text = "type LIKE 'order%' AND id = '2'";
    let explanation = cesql(text).explain(&order_created());
    assert_eq!(explanation.span.map(|span| span.of(text)), Some("id = '2'"));
    assert_eq!(explanation.expression.as_ref().map(Expression::text), Some(text));
    assert_eq!(explanation.characters(), Some(23..31));
    assert_eq!(explanation.attributes, [(Name::new("id"), Some("1".to_string()))]);
}

#[test]
fn a_filter_is_described_as_one_would_write_it() {
    let filter = Filter::All(vec![exact("id", "1"), not(Filter::prefix("type", "a")), cesql("n = 1")]);
    assert_eq!(format!("{}", filter.describe()), "id = \"1\" and not (type = \"a*\") and n = 1");
}

#[test]
fn clauses_that_exclude_each_other_are_told() {
    let check = |filters: &[Filter], expected: Option<(&str, &str)>| {
        let found = Filter::All(filters.to_vec()).contradiction();
        assert_eq!(found.as_ref().map(|(one, other)| (&**one, &**other)), expected);
    };
    check(&[exact("type", "a"), exact("type", "b")], Some(("type = \"a\"", "type = \"b\"")));
    let prefix = Filter::prefix("type", "a.");
    check(&[prefix.clone(), exact("id", "1"), exact("type", "b")], Some(("type = \"a.*\"", "type = \"b\"")));
    check(&[prefix.clone(), cesql("id = '1' AND type = 'b'")], Some(("type = \"a.*\"", "type = 'b'")));
    check(&[prefix.clone(), Filter::prefix("type", "b.")], Some(("type = \"a.*\"", "type = \"b.*\"")));
    check(&[prefix, Filter::prefix("type", "a.b"), Filter::suffix("type", "c")], None);
    check(&[exact("type", "a"), exact("id", "b")], None);
    check(&[Filter::Any(vec![exact("type", "a"), exact("type", "b")])], None);
}
