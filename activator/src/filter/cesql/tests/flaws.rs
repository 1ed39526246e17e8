//! What is said of an expression before any event comes.

use alloc::vec::Vec;
use bytes::Bytes;

use super::parse;
use crate::event::Event;
use crate::filter::cesql::{Flaw, Type, Value};

/// The flaws of an expression, each with what it is about.
fn flaws(text: &str) -> Vec<(Flaw, &str)> {
    parse(text).check().into_iter().map(|finding| (finding.flaw, finding.span.of(text))).collect()
}

#[test]
fn what_gives_no_boolean_is_no_filter() {
    assert_eq!(flaws("LENGTH(subject)"), [(Flaw::NotBoolean(Type::Integer), "LENGTH(subject)")]);
    assert_eq!(flaws("'text'"), [(Flaw::NotBoolean(Type::String), "'text'")]);
    assert_eq!(flaws("flag"), [(Flaw::BareAttribute("flag".into()), "flag")]);
    let missing = |name: &str, usage| Flaw::MissingFunction { name: name.into(), usage };
    assert_eq!(flaws("LENGHT(id) > 1"), [(missing("LENGHT", None), "LENGHT(id)")]);
    assert_eq!(flaws("LEFT(id) = 'x'"), [(missing("LEFT", Some("LEFT(text, count)")), "LEFT(id)")]);
}

#[test]
fn a_filter_that_can_never_match_is_told_with_both_places() {
    let check = |text: &str, first: &str, second: &str| {
        let findings = parse(text).check();
        let [finding] = &findings[..] else { panic!("{text}: {findings:?}") };
        assert_eq!(finding.flaw, Flaw::Never, "{text}");
        assert_eq!((finding.also.map(|span| span.of(text)), finding.span.of(text)), (Some(first), second));
    };
    check("type = 'a' AND type = 'b'", "type = 'a'", "type = 'b'");
    check("type IN ('a', 'b') AND id = '1' AND type = 'c'", "type IN ('a', 'b')", "type = 'c'");
    check("type = 'a' AND type LIKE 'b%'", "type = 'a'", "type LIKE 'b%'");
    check("type LIKE 'a%' AND type LIKE 'b%'", "type LIKE 'a%'", "type LIKE 'b%'");
    check("n > 5 AND n < 5", "n > 5", "n < 5");
    check("INT(n) >= 7 AND 6 > INT(n)", "INT(n) >= 7", "6 > INT(n)");
    check("EXISTS x AND NOT EXISTS x", "EXISTS x", "NOT EXISTS x");
    check("NOT EXISTS x AND x = '1'", "NOT EXISTS x", "x = '1'");
    check("(type = 'a' AND type != 'a') OR id = '1'", "type = 'a'", "type != 'a'");
    for fine in ["type LIKE 'a%' AND type LIKE 'ab%'", "n > 5 AND n <= 6", "a = 'x' AND b = 'y'"] {
        assert_eq!(flaws(fine), [], "{fine}");
    }
}

#[test]
fn a_filter_that_filters_nothing_is_told() {
    for text in ["TRUE", "1 = 1", "EXISTS id", "type LIKE '%'", "EXISTS type OR x = '1'", "NOT FALSE"] {
        assert_eq!(flaws(text), [(Flaw::Always, text)], "{text}");
    }
    for text in ["FALSE", "x = '1' AND 1 = 2", "type NOT LIKE '%'"] {
        assert_eq!(flaws(text), [(Flaw::Never, text)], "{text}");
    }
    for text in ["x LIKE '%'", "x = '1' OR EXISTS id"] {
        assert_eq!(flaws(text), [], "{text} fails where x is missing");
    }
}

#[test]
fn the_opposite_of_what_may_fail_does_not_pass_every_event() {
    for text in ["NOT (x = '1' AND FALSE)", "NOT (x = '1' AND FALSE) OR id = '2'"] {
        assert_eq!(flaws(text), [], "{text} fails where x is missing");
    }
    assert_eq!(flaws("NOT (FALSE AND x = '1')"), [(Flaw::Always, "NOT (FALSE AND x = '1')")]);
    assert_eq!(flaws("FALSE OR EXISTS id"), [(Flaw::Always, "FALSE OR EXISTS id")]);
}

#[test]
fn hasty_writing_is_told() {
    assert_eq!(flaws("a = '1' AND b = '2' OR c = '3'"), [(Flaw::Mixed, "OR")]);
    assert_eq!(flaws("a = '1' AND (b = '2' OR c = '3')"), []);
    assert_eq!(flaws("NOT type = 'x'"), [(Flaw::NotBinds("type".into()), "NOT type = 'x'")]);
    assert_eq!(flaws("(NOT flag) = TRUE"), []);
    let failing = |message: &str| Flaw::AlwaysFails(message.into());
    assert_eq!(flaws("type = 'a' OR 'b'"), [(failing("\"b\" is no boolean"), "'b'")]);
    assert_eq!(flaws("n > 'high'"), [(failing("\"high\" is no integer"), "'high'")]);
    assert_eq!(flaws("n = 5 / 0"), [(failing("5 / 0 divides by zero"), "5 / 0")]);
}

#[test]
fn elements_that_are_written_otherwise_contradict_nothing() {
    let mut event = Event::builder();
    event.attribute("id", "1").unwrap().attribute("source", "/s").unwrap().attribute("type", "t").unwrap();
    event.integer("n", 1).unwrap().boolean("flag", true).unwrap();
    let text = "n IN ('01') AND n = '1' AND flag IN ('TRUE') AND flag = 'true'";
    let found = parse(text).evaluate(&event.build(Bytes::new()).unwrap());
    assert_eq!((found.value, found.failures), (Value::Boolean(true), Vec::new()));
    assert_eq!(flaws(text), []);
    assert_eq!(flaws("n NOT IN ('01') AND n = '01'").len(), 1, "whatever the type, these exclude each other");
}
