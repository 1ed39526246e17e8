//! What the specification says of names and values, whatever binding they come through.

use super::*;

fn check(name: &str, value: &str) -> Result<(), EventError> {
    let mut builder = Event::builder();
    builder.attribute(name, value).map(drop)
}

#[test]
fn names_are_lower_case_letters_and_digits() {
    for name in ["a", "0", "abc123", "datacontenttype", &"x".repeat(127)] {
        let value = if name == "datacontenttype" { "a/b" } else { "" };
        assert_eq!(check(name, value), Ok(()), "{name}");
    }
    for name in ["", "A", "a_b", "a-b", "a b", "ä", "a\0", "data_base64", &"x".repeat(128)] {
        assert!(matches!(check(name, "x"), Err(EventError::Name(_))), "{name}");
    }
    assert_eq!(check("data", "x"), Err(EventError::Data));
}

#[test]
fn strings_hold_neither_control_characters_nor_noncharacters() {
    for text in [
        "",
        " ",
        "~",
        "\u{a0}",
        "ä\u{feff}\u{fffd}",
        "\u{fdcf}\u{fdf0}",
        "\u{1fffd}",
        "\u{10fffd}",
        "\u{e000}",
    ] {
        for padding in ["", "0123456789"] {
            assert_eq!(check("x", &format!("{padding}{text}")), Ok(()), "{text:?}");
        }
    }
    let controls = (0..=0x1f).chain(0x7f..=0x9f);
    let noncharacters =
        (0xfdd0..=0xfdef).chain((0..=0x10).flat_map(|plane| [plane << 16 | 0xfffe, plane << 16 | 0xffff]));
    let refused = |code: u32| check("x", &format!("good{}", char::from_u32(code).unwrap())).unwrap_err();
    assert!(controls.map(refused).all(|error| error == EventError::Control("x".into())));
    assert!(noncharacters.map(refused).all(|error| error == EventError::Noncharacter("x".into())));
}

#[test]
fn the_specifications_own_attributes_are_strings_that_are_not_empty() {
    for name in ["id", "source", "type", "subject", "time", "dataschema", "datacontenttype"] {
        assert_eq!(check(name, ""), Err(EventError::Empty(name)));
        assert_eq!(Event::builder().integer(name, 1).unwrap_err(), EventError::NotString(name));
        assert_eq!(Event::builder().boolean(name, true).unwrap_err(), EventError::NotString(name));
    }
    assert_eq!(Event::builder().integer("specversion", 1).unwrap_err(), EventError::NotString("specversion"));
    assert_eq!(check("extension", ""), Ok(()));
    for missing in ["id", "source", "type"] {
        let mut builder = Event::builder();
        for name in ["id", "source", "type"].iter().filter(|name| **name != missing) {
            builder.attribute(name, "x").unwrap();
        }
        assert_eq!(builder.build(Bytes::new()).unwrap_err(), EventError::Missing(missing));
    }
}

#[test]
fn what_was_refused_is_not_there() {
    let mut builder = Event::builder();
    builder.attribute("source", "/s").unwrap().attribute("type", "t").unwrap();
    assert!(builder.attribute("id", &"x".repeat(65_535)).is_err());
    assert!(!builder.has("id"));
    assert_eq!(builder.build(Bytes::new()).unwrap_err(), EventError::Missing("id"));
}

#[test]
fn time_is_an_rfc_3339_time_that_can_be() {
    for time in [
        "2018-04-05T17:31:00Z",
        "2018-04-05t17:31:00z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:60Z",
        "2024-02-29T00:00:00.1+14:00",
        "2000-02-29T00:00:00.123456789012345678901234567890-00:00",
        "2018-04-30T23:59:59+23:59",
    ] {
        assert_eq!(check("time", time), Ok(()), "{time}");
    }
    for time in [
        "2018-04-05",
        "2018-04-05T17:31:00",
        "2018-04-05 17:31:00Z",
        "2018-04-05T17:31Z",
        "2018-4-05T17:31:00Z",
        "+2018-04-05T17:31:00Z",
        "18-04-05T17:31:00Z",
        "2018-00-05T17:31:00Z",
        "2018-13-05T17:31:00Z",
        "2018-04-00T17:31:00Z",
        "2018-04-31T17:31:00Z",
        "2018-02-29T17:31:00Z",
        "1900-02-29T17:31:00Z",
        "2018-04-05T24:00:00Z",
        "2018-04-05T17:60:00Z",
        "2018-04-05T17:31:61Z",
        "2018-04-05T17:31:00.Z",
        "2018-04-05T17:31:00,5Z",
        "2018-04-05T17:31:00+24:00",
        "2018-04-05T17:31:00+01:60",
        "2018-04-05T17:31:00+0100",
        "2018-04-05T17:31:00+01",
        "2018-04-05T17:31:00Zjunk",
        "2018-04-05T17:31:00Z ",
        "2018-04-05T17:31:0xZ",
        "yesterday",
    ] {
        let message = check("time", time).unwrap_err().to_string();
        assert!(
            message.contains(&format!("`time` is `{time}`")) && message.contains("RFC 3339"),
            "{message}"
        );
    }
}

#[test]
fn nothing_is_said_of_what_is_no_attribute_of_the_specification() {
    for (name, value) in
        [("times", "yesterday"), ("ids", ""), ("schemaurl", "x"), ("datacontentencoding", "x")]
    {
        assert_eq!(check(name, value), Ok(()), "{name}");
    }
}
