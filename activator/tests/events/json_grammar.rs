//! Our reading of JSON is as strict as `serde_json`'s: no less, and no more.

use activator::event::{Event, EventError, json};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::make::json as any_json;

/// Whether our grammar takes the text: data that is JSON is written as it is.
fn we_take(text: &[u8]) -> bool {
    let mut event = Event::builder();
    for name in ["id", "source", "type"] {
        event.attribute(name, "x").unwrap();
    }
    let event = event.build(text.to_vec().into()).unwrap();
    let written = json::encode(&event);
    written.windows(8).any(|window| window == b",\"data\":")
}

/// What it skips over it does not look at for UTF-8, so that is asked first.
fn serde_takes(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

fn check(text: &[u8]) {
    // Written as it is, `null` would not be there.
    if text.trim_ascii() != b"null" {
        assert_eq!(we_take(text), serde_takes(text), "{:?}", String::from_utf8_lossy(text));
    }
}

#[test]
fn on_texts_that_are_nearly_json() {
    for text in [
        "0",
        "-0",
        "00",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1.0",
        "1e",
        "1e5",
        "1E+5",
        "1e-05",
        "1.e1",
        "0x1",
        "1_0",
        "NaN",
        "Infinity",
        "true",
        "True",
        "truex",
        "tru",
        "null1",
        "\"\"",
        "\"",
        "\"\\\"",
        "\"\\u12\"",
        "\"\\u123g\"",
        "\"\\uD800\"",
        "\"\\x\"",
        "'a'",
        "\"a\nb\"",
        "\"\u{7f}\"",
        "\"\u{80}\"",
        "[]",
        "[,]",
        "[1,]",
        "[1,,2]",
        "[1 2]",
        "[1",
        "]",
        "{}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{1:1}",
        "{\"a\":1}}",
        "[{]}",
        "/*c*/1",
        "1 //c",
        "1 2",
        "\u{feff}1",
        "\u{a0}1",
        "\u{c}1",
        "\u{b}1",
        " \t\r\n1 \t\r\n",
    ] {
        check(text.as_bytes());
    }
    for deep in [1, 127, 128, 129, 10_000] {
        check(format!("{}{}", "[".repeat(deep), "]".repeat(deep)).as_bytes());
        check(format!("{}{}", "[".repeat(deep), "]".repeat(deep - 1)).as_bytes());
    }
}

proptest! {
    #[test]
    fn on_json(text in any_json(5)) {
        prop_assert!(serde_takes(text.as_bytes()));
        check(text.as_bytes());
    }

    #[test]
    fn on_letters_of_json(text in "[\\[\\]{},:\"\\\\0-9eE.+\\-truefalsnu \n]{0,12}") {
        check(text.as_bytes());
    }

    #[test]
    fn on_damaged_json(text in any_json(4), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut text = text.into_bytes();
        let at = at.index(text.len());
        if cut {
            text.remove(at);
        } else {
            text[at] = byte;
        }
        check(&text);
    }

    #[test]
    fn on_whole_bodies(before in vec("[{}\\[\\],:\" ]", 0..3), middle in any_json(3), after in vec("[{}\\[\\],:\" ]", 0..3)) {
        let (before, after) = (before.concat(), after.concat());
        let body = format!(r#"{before}{{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{middle}}}{after}"#);
        let ours = json::decode(&body.clone().into());
        match serde_takes(body.as_bytes()) {
            false => prop_assert!(ours.is_err(), "{}", body),
            true => prop_assert!(ours.is_ok() || before.contains('['), "{}", body),
        }
        if matches!(ours, Err(EventError::Json { .. })) && !before.contains('[') {
            prop_assert!(!serde_takes(body.as_bytes()), "{}", body);
        }
    }
}
