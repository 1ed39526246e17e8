mod flaws;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use bytes::Bytes;

use super::{DEPTH_MAX, Expression, FailureKind, LENGTH_MAX, Value};
use crate::event::Event;

fn event(more: &[(&str, &str)]) -> Event {
    let mut event = Event::builder();
    let required =
        [("id", "1"), ("source", "/shop"), ("type", "order.created"), ("tenant", "eu"), ("n", "42")];
    for (name, value) in required.iter().chain(more) {
        event.attribute(name, value).unwrap();
    }
    event.build(Bytes::new()).unwrap()
}

fn parse(text: &str) -> Expression {
    Expression::parse(text).unwrap_or_else(|problems| panic!("{text}: {}", problems[0].what))
}

fn evaluate(text: &str) -> (Value, Vec<FailureKind>) {
    let found = parse(text).evaluate(&event(&[("word", "äöü€😀"), ("none", "")]));
    (found.value, found.failures.into_iter().map(|failure| failure.kind).collect())
}

fn gives(text: &str, expected: bool) {
    assert_eq!(evaluate(text), (Value::Boolean(expected), [].into()), "{text}");
}

fn gives_integer(text: &str, expected: i32) {
    assert_eq!(evaluate(text), (Value::Integer(expected), [].into()), "{text}");
}

fn gives_text(text: &str, expected: &str) {
    assert_eq!(evaluate(text), (Value::String(expected.into()), [].into()), "{text}");
}

fn fails(text: &str, value: Value, kinds: &[FailureKind]) {
    assert_eq!(evaluate(text), (value, kinds.into()), "{text}");
}

#[test]
fn signs_are_numbers_where_a_value_stands_and_operators_behind_one() {
    gives_integer("5-3", 2);
    gives_integer("5 -3", 2);
    gives_integer("5 - -3", 8);
    gives_integer("5+3", 8);
    gives_integer("4 + +1", 5);
    gives_integer("--10", 10);
    gives_integer("- n", -42);
    gives_integer("n-1", 41);
    gives_integer("-2147483648", i32::MIN);
}

#[test]
fn operators_climb_by_precedence() {
    gives_integer("2 + 3 * 4 - 1", 13);
    gives_integer("10 - 4 - 3", 3);
    gives_integer("100 / 5 / 2", 10);
    gives("1 + 1 = 2 AND 3 > 2", true);
    gives("NOT 'true' LIKE 'false'", true);
    gives("tenant = 'eu' = TRUE", true);
    gives_integer("1 + 2 LIKE '2'", 2);
}

#[test]
fn and_or_and_xor_have_one_precedence_and_lean_to_the_right() {
    // (TRUE OR FALSE) AND FALSE would be false.
    gives("TRUE OR FALSE AND FALSE", true);
    // (FALSE AND FALSE) OR TRUE would be true.
    gives("FALSE AND FALSE OR TRUE", false);
    gives("FALSE AND TRUE XOR TRUE", false);
    gives("TRUE XOR TRUE XOR TRUE", true);
    gives("TRUE AND FALSE OR TRUE", true);
}

#[test]
fn what_does_not_print_is_told_by_its_number() {
    let told = |text: &str| Expression::parse(text).unwrap_err()[0].what.to_string();
    assert_eq!(told("\u{feff}1"), "`\\u{feff}` means nothing here");
    assert_eq!(told("1\u{b}+ 1"), "expected an operator or the end, found `\\u{b}`");
    assert_eq!(told("'a' 'b\n\\\''"), r"expected an operator or the end, found `'b\n\''`");
}

#[test]
fn arithmetic_stays_within_32_bits() {
    use FailureKind::Math;
    for text in [
        "2147483647 + 1",
        "-2147483648 - 1",
        "2147483647 * 2",
        "-2147483648 / -1",
        "-(-2147483648)",
        "5 / 0",
        "5 % 0",
    ] {
        fails(text, Value::Integer(0), &[Math]);
    }
    fails("ABS(-2147483648)", Value::Integer(i32::MAX), &[Math]);
    gives_integer("-2147483648 % -1", 0);
    gives_integer("-5 / 2", -2);
    gives_integer("-5 % 3", -2);
    gives_integer("5 % -3", 2);
}

#[test]
fn what_is_missing_gives_the_zero_value_of_what_it_is_part_of() {
    use FailureKind::MissingAttribute;
    for (text, value) in [
        ("gone", Value::Boolean(false)),
        ("NOT gone", Value::Boolean(false)),
        ("gone = 'x'", Value::Boolean(false)),
        ("gone != 'x'", Value::Boolean(false)),
        ("gone NOT LIKE 'x'", Value::Boolean(false)),
        ("gone NOT IN ('x')", Value::Boolean(false)),
        ("gone = 'x' OR TRUE", Value::Boolean(false)),
        ("1 / gone", Value::Integer(0)),
        ("LENGTH(gone)", Value::Integer(0)),
        ("CONCAT('a', gone)", Value::String(String::new())),
        ("LEFT(gone, -1)", Value::String(String::new())),
        ("1 IN (gone, 1)", Value::Boolean(false)),
    ] {
        fails(text, value, &[MissingAttribute]);
    }
    fails("gone + lost", Value::Integer(0), &[MissingAttribute, MissingAttribute]);
    gives("TRUE OR gone", true);
    gives("FALSE AND gone", false);
    gives("1 IN (1, gone)", true);
    gives("EXISTS gone", false);
    gives("EXISTS tenant AND EXISTS ID AND EXISTS specversion", true);
    gives_text("none", "");
}

#[test]
fn the_right_operand_says_as_what_both_are_compared() {
    use FailureKind::Cast;
    gives("n = 42", true);
    gives("n = '042'", false);
    gives("'042' = 42", true);
    gives("TRUE = 5", false);
    gives("5 = TRUE", true);
    gives("TRUE = 'true' AND FALSE = 'false'", true);
    gives("TRUE = 'TRUE' OR FALSE = 'FALSE'", false);
    fails("tenant = 5", Value::Boolean(false), &[Cast]);
    fails("'a' < 'b'", Value::Boolean(false), &[Cast, Cast]);
    fails("'yes' AND TRUE", Value::Boolean(false), &[Cast]);
    gives("NOT 10", false);
    gives("5 AND TRUE", true);
}

#[test]
fn an_element_that_cannot_be_cast_is_not_equal_to_the_zero_value() {
    use FailureKind::{Cast, MissingAttribute};
    fails("0 IN ('a', gone)", Value::Boolean(false), &[Cast, MissingAttribute]);
    fails("FALSE NOT IN ('a', gone)", Value::Boolean(false), &[Cast, MissingAttribute]);
    fails("0 IN ('a', 0, gone)", Value::Boolean(false), &[Cast]);
}

#[test]
fn functions_count_characters() {
    gives_integer("LENGTH(word)", 5);
    gives_text("LEFT(word, 2)", "äö");
    gives_text("RIGHT(word, 2)", "€😀");
    gives_text("SUBSTRING(word, 2, 2)", "öü");
    gives_text("SUBSTRING(word, -2)", "€😀");
    gives_text("SUBSTRING('abc', 1, 2147483647)", "abc");
    gives_text("SUBSTRING('abc', 3, 0)", "");
    gives_text("UPPER('straße')", "STRASSE");
    gives_text("UPPER(CONCAT(n, 'ß', LOWER('Ä')))", "42SSÄ");
    gives_text("TRIM('\t a \u{a0}')", "a");
    gives_text("CONCAT_WS('-', 1, TRUE, 'a', -5)", "1-true-a--5");
    gives_text("CONCAT(CONCAT('a', 1), CONCAT('b', 2), CONCAT())", "a1b2");
    gives_text("LEFT(CONCAT('abc', n), 4)", "abc4");
    gives("word LIKE '_____'", true);
    gives("CONCAT(n, n) LIKE '4%2'", true);
    fails("SUBSTRING('abc', 1, -1)", Value::String(String::new()), &[FailureKind::FunctionEvaluation]);
    fails("RIGHT('abc', -1)", Value::String("abc".into()), &[FailureKind::FunctionEvaluation]);
    fails("LEFT('abc', -1) = 'abc'", Value::Boolean(false), &[FailureKind::FunctionEvaluation]);
}

#[test]
fn a_text_of_many_parts_takes_no_more_than_its_parts() {
    // Copied anew with every part, it would take some 25 GiB.
    let many = "'a', ".repeat(100_000);
    gives_integer(&alloc::format!("LENGTH(CONCAT({many}UPPER('ä')))"), 100_001);
    gives_integer(&alloc::format!("LENGTH(CONCAT_WS(tenant, {many}n))"), 300_002);
}

#[test]
fn casts_are_asked_for_and_asked_about() {
    gives_integer("INT('+5') + INT(TRUE)", 6);
    gives("IS_INT('5') AND IS_BOOL('TruE') AND IS_BOOL(1)", true);
    gives("IS_INT('5.0') OR IS_BOOL('yes')", false);
    gives("BOOL('TRUE')", true);
    gives_text("STRING(-2147483648)", "-2147483648");
}

#[test]
fn a_function_nobody_knows_is_false_and_an_error() {
    use FailureKind::MissingFunction;
    for text in ["FOO(1)", "ABS(1, 2)", "ABS()", "LEFT('a')"] {
        fails(text, Value::Boolean(false), &[MissingFunction]);
    }
}

#[test]
fn texts_keep_what_does_not_need_escaping() {
    gives_text(r"'a\'b'", "a'b");
    gives_text(r#""a\"b'""#, "a\"b'");
    gives_text(r"'a\nb\\'", r"a\nb\\");
    gives_text(r#"'a\"b'"#, r#"a\"b"#);
}

/// What is wrong, and what stands where it is.
fn refused(text: &str, expected: &[(&str, &str)]) {
    let problems = Expression::parse(text).err().unwrap_or_else(|| panic!("{text} parsed"));
    let problems: Vec<_> = problems.iter().map(|p| (alloc::format!("{}", p.what), p.span.of(text))).collect();
    let expected: Vec<_> = expected.iter().map(|(what, at)| (String::from(*what), *at)).collect();
    assert_eq!(problems, expected, "{text}");
}

#[test]
fn a_mistake_is_told_where_it_is() {
    refused("", &[("expected a value, found the end", "")]);
    refused("ABC(", &[("expected a value, found the end", "")]);
    refused("(1", &[("expected an operator or `)`, found the end", "")]);
    refused("'a' 'b'", &[("expected an operator or the end, found `'b'`", "'b'")]);
    refused("'it''s'", &[("expected an operator or the end, found `'s'`", "'s'")]);
    refused("type == 'x'", &[("expected an operator or the end, found `==`", "==")]);
    refused("tenant = 'eu", &[("a text without a closing quote", "'eu")]);
    refused("tenant LIKE tenant", &[("expected a pattern in quotes, found `tenant`", "tenant")]);
    refused("tenant IN ()", &[("expected a value, found `)`", ")")]);
    refused("tenant IN 'eu'", &[("expected `(`, found `'eu'`", "'eu'")]);
    refused("tenant NOT 'eu'", &[("expected LIKE or IN, found `'eu'`", "'eu'")]);
    refused("2147483648 = n", &[("a number of more than 32 bits", "2147483648")]);
    refused("a_b = 1", &[("`a_b` is no name of an attribute", "a_b")]);
    refused("1)", &[("expected an operator or the end, found `)`", ")")]);
    refused("a1(1)", &[("expected an operator or the end, found `(`", "(")]);
    refused("# = 1", &[("`#` means nothing here", "#")]);
    refused("tenant = \u{201c}eu\u{201d}", &[("`\u{201c}` means nothing here", "\u{201c}")]);
}

#[test]
fn one_look_tells_all_mistakes() {
    refused(
        "type = AND tenant LIKE AND (n > ) OR EXISTS 'x'",
        &[
            ("expected a value, found `AND`", "AND"),
            ("expected a pattern in quotes, found `AND`", "AND"),
            ("expected a value, found `)`", ")"),
            ("expected the name of an attribute, found `'x'`", "'x'"),
        ],
    );
}

#[test]
fn a_text_of_nothing_but_mistakes_is_given_up() {
    for again in ["AND ", "# OR ", "2147483648, ", "x(a_b) OR "] {
        let problems = Expression::parse(&again.repeat(LENGTH_MAX / again.len())).err().unwrap();
        assert_eq!(problems.len(), 64, "{again}");
    }
}

#[test]
fn depth_is_bounded_and_width_is_not() {
    let deep = |count: usize, open: &str, inner: &str, close: &str| {
        alloc::format!("{}{inner}{}", open.repeat(count), close.repeat(count))
    };
    let levels = usize::from(DEPTH_MAX);
    for text in [deep(10_000, "(", "1", ")"), deep(10_000, "NOT ", "TRUE", ""), deep(10_000, "- ", "1", "")] {
        let problems = Expression::parse(&text).err().unwrap();
        assert_eq!(alloc::format!("{}", problems[0].what), "nested deeper than 256 levels");
        assert_eq!(problems.len(), 1, "the rest is not looked at");
    }
    assert!(Expression::parse(&deep(10_000, "1 + ", "1", "")).is_err(), "sums go down to the left");
    gives(&deep(levels - 1, "(", "TRUE", ")"), true);
    gives(&deep(5_000, "tenant = 'x' OR ", "tenant = 'eu'", ""), true);
}

#[test]
fn the_part_that_decided_is_named() {
    let check = |text: &str, expected: &str| {
        let decider = parse(text).decider(&event(&[]));
        assert_eq!(decider.span.of(text), expected, "{text}");
        decider
    };
    check("tenant = 'eu' AND type = 'x' AND id = '1'", "type = 'x'");
    check("tenant = 'us' OR (id = '1' AND n = 42)", "(id = '1' AND n = 42)");
    check("tenant = 'us' OR id = '2'", "tenant = 'us' OR id = '2'");
    let decider = check("tenant = 'us' OR INT(tenant) > 5", "tenant");
    assert_eq!(decider.failure.as_deref(), Some("\"eu\" is no integer"));
    let decider = check("total > 5", "total");
    assert_eq!(decider.failure.as_deref(), Some("the event has no total"));
    let decider = check("tenant", "tenant");
    assert_eq!(
        decider.failure.as_deref(),
        Some("it gives the string `eu`, and only the boolean true passes")
    );
}

#[test]
fn a_trace_leaves_out_what_was_not_evaluated() {
    let check = |text: &str, expected: &[(usize, &str)]| {
        let steps = parse(text).trace(&event(&[]));
        let parts: Vec<_> = steps.iter().map(|s| (s.level, s.span.of(text))).collect();
        assert_eq!(parts[0], (0, text));
        assert_eq!(&parts[1..], expected, "{text}");
    };
    check(
        "tenant = 'us' OR n = 42 OR gone = 'x'",
        &[(1, "tenant = 'us'"), (2, "tenant"), (1, "n = 42"), (2, "n")],
    );
    check("tenant = 'us' AND gone", &[(1, "tenant = 'us'"), (2, "tenant")]);
    check("tenant IN (id, 'eu', gone)", &[(1, "tenant"), (1, "id")]);
    check("gone IN (id)", &[(1, "gone")]);
    check("NOSUCH(id)", &[]);
}
