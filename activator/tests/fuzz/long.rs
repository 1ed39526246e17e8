//! Inputs as long and as deep as they may be. Whatever takes time or memory by the square of its length would take
//! hours or all memory here, so nothing is measured: it is enough that these tests end.

use activator::filter::cesql::{DEPTH_MAX, LENGTH_MAX, Value, What};
use activator::filter::{Expression, Filter};

use crate::bodies::lines::event_of;
use crate::bodies::message;

/// As often as the longest expression has room for it, between a start and an end.
fn filled(start: &str, again: &str, end: &str) -> String {
    let count = (LENGTH_MAX - start.len() - end.len()) / again.len();
    format!("{start}{}{end}", again.repeat(count))
}

#[test]
fn the_longest_expressions_are_read_and_evaluated() {
    let event = event_of(["tenant=eu", "n#5"].into_iter());
    for (text, expected) in [
        (filled("", "tenant = 'x' OR ", "tenant = 'eu'"), true),
        (filled("", "EXISTS tenant AND ", "TRUE"), true),
        (filled("", "TRUE XOR TRUE XOR ", "FALSE"), false),
        (filled("tenant IN (", "'x', ", "'eu')"), true),
        (filled("n IN (", "'1',", "5)"), true),
        (filled("LENGTH(CONCAT(", "'a',", "'b')) > 1000"), true),
        (filled("CONCAT_WS(tenant, ", "1,", "2) LIKE '1eu1%eu2'"), true),
        (filled("tenant != '", "x", "'"), true),
        (filled("tenant LIKE '", "%u", "%'"), false),
        (filled("tenant NOT LIKE '", "_", "'"), true),
        (filled("", " ", "TRUE"), true),
        (filled("", "'a' = CONCAT('a', '') AND ", "TRUE"), true),
    ] {
        let start = &text[..30];
        let expression = Expression::parse(&text).unwrap_or_else(|p| panic!("{start}: {}", p[0].what));
        let found = expression.evaluate(&event);
        assert_eq!((found.value, found.failures.len()), (Value::Boolean(expected), 0), "{start}");
        expression.check();
        let filter = Filter::Cesql(expression);
        assert_eq!(filter.explain(&event).failure, None, "{start}");
        assert_eq!(filter.contradiction(), None, "{start}");
    }
}

#[test]
fn the_longest_nonsense_is_refused() {
    let many =
        ["AND ", ") ", "( ", "NOT ", "- ", "-1", "1 ", "'", "'' ", "\\", "# ", "a_b AND ", "x(", ",", "IN ("];
    for again in many.into_iter().chain(["1 AND ) OR ", "2147483648, ", "x LIKE ", "x = = ", "(# OR ", "ä"])
    {
        for start in ["", "(", "CONCAT(", "1 IN ("] {
            let problems = Expression::parse(&filled(start, again, "")).err();
            let problems = problems.unwrap_or_else(|| panic!("{start}{again} again and again parsed"));
            assert!(!problems.is_empty(), "{start}{again}");
            assert!(problems.len() <= 1000, "{start}{again}: nobody reads {} problems", problems.len());
        }
    }
    let problems = Expression::parse(&"1".repeat(LENGTH_MAX + 1)).err().unwrap_or_default();
    assert_eq!(problems.first().map(|problem| &problem.what), Some(&What::TooLong));
}

#[test]
fn records_with_more_than_an_event_has_room_for_are_events_all_the_same() {
    let id = "ce_id: 1\nce_source: /s\nce_type: t\nce_specversion: 1.0\n";
    let headers = |prefix: &str| (0..300).map(|n| format!("{prefix}{n}: {n}\n")).collect::<String>();
    let long = "x".repeat(70_000);
    for record in [
        format!("key={long}\n{id}\ndata"),
        format!("{id}ce_subject: {long}\n\ndata"),
        format!("{id}{}\ndata", headers("ce_x")),
        format!("key={long}\nlong: {long}\n{}\ndata", headers("h")),
        format!("{long}: 1\n\n{long}"),
    ] {
        let mut read = Vec::new();
        message::kafka(record.as_bytes(), &mut |word| read.push(word));
        assert_eq!(read.len(), 1, "{}", &record[..30]);
    }
}

#[test]
fn whatever_is_too_deep_is_refused_and_the_deepest_is_evaluated() {
    let event = event_of(["tenant=eu", "n#5"].into_iter());
    let nested = |count: usize, open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(count), close.repeat(count))
    };
    let forms = [
        ("(", "TRUE", ")"),
        ("NOT ", "TRUE", ""),
        ("- ", "1", ""),
        ("1 + ", "1", ""),
        ("TRUE = ", "TRUE", ""),
        ("TRUE AND FALSE OR ", "TRUE", ""),
        ("UPPER(", "tenant", ")"),
        ("CONCAT('a', ", "tenant", ")"),
        ("1 IN (", "1", ")"),
        ("FOO(", "1", ")"),
        ("", "tenant", " LIKE '%'"),
        ("", "1", " IN (1)"),
    ];
    for (open, inner, close) in forms {
        let problems = Expression::parse(&nested(10_000, open, inner, close)).err().unwrap_or_default();
        let deep = problems.iter().filter(|problem| problem.what == What::TooDeep).count();
        assert_eq!((deep, problems.len()), (1, 1), "{open}{inner}{close}");
        let deepest = (1..=usize::from(DEPTH_MAX)).rev();
        let mut parsed =
            deepest.filter_map(|count| Expression::parse(&nested(count, open, inner, close)).ok());
        let expression = parsed.next().expect("one level is not too deep");
        expression.evaluate(&event);
        expression.check();
        expression.trace(&event);
        expression.decider(&event);
    }
}
