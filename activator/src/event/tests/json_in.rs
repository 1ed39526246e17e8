//! The JSON event format, coming in.

use super::*;
use crate::event::{Kind, Name};

fn reason(members: &str) -> String {
    from_json(members).unwrap_err().to_string()
}

#[test]
fn data_is_kept_in_every_form() {
    for (members, data) in [
        (r#""data":{"a":1}"#, r#"{"a":1}"#),
        (r#""data": { "a" : [1.50e+3, "\u00e4"] } "#, r#"{ "a" : [1.50e+3, "\u00e4"] }"#),
        (r#""data":"text""#, r#""text""#),
        (r#""data":12345678901234567890.0"#, "12345678901234567890.0"),
        (r#""data":{"a":1,"a":2}"#, r#"{"a":1,"a":2}"#),
        (r#""data":"\ud800""#, r#""\ud800""#),
        (r#""datacontenttype":"text/plain","data":"text""#, "text"),
        (r#""data":"tab \t \u00e4 \ud83d\ude00","datacontenttype":"text/plain""#, "tab \t ä \u{1F600}"),
        (r#""datacontenttype":"text/xml","data":{"a":1}"#, r#"{"a":1}"#),
        (r#""datacontenttype":"application/x+json","data":[1]"#, "[1]"),
        (r#""datacontenttype":"application/x+JSON; a=b","data":"s""#, r#""s""#),
        (r#""datacontenttype":"TEXT/json","data":"s""#, r#""s""#),
        (r#""datacontenttype":"application/jsonx","data":"s""#, "s"),
        (r#""datacontenttype":"application/xjson","data":"s""#, "s"),
        (r#""data_base64":"aGk=""#, "hi"),
        (r#""data_base64":"\/\/8=","datacontenttype":"text/plain""#, ""),
        (r#""data":null,"data_base64":"aGk=""#, "hi"),
        (r#""data":1,"data_base64":null"#, "1"),
        (r#""data":null"#, ""),
        (r#""data_base64":"""#, ""),
        (r#""subject":"s""#, ""),
    ] {
        let event = from_json(members).unwrap();
        let data = if members.contains(r"\/\/8=") { b"\xff\xff" } else { data.as_bytes() };
        assert_eq!(event.data(), data, "{members}");
        assert_eq!(json::decode(&json::encode(&event).into()).unwrap().data(), data, "{members}");
    }
}

#[test]
fn json_data_is_a_slice_of_the_body() {
    let slice_of = |body: &Bytes| {
        let event = json::decode(body).unwrap();
        body.as_ptr_range().contains(&event.data().as_ptr())
    };
    for members in [r#""data": {"a": 1}"#, r#""data": "text", "datacontenttype": "text/plain""#] {
        let body = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t",{members}}}"#);
        assert!(slice_of(&body.clone().into()), "{body}");
        let padded = format!("{body}{}", " ".repeat(100_000));
        assert!(!slice_of(&padded.into()), "a small part keeps no large body");
    }
    let large = format!(
        r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t","data":"{}"}}"#,
        "x".repeat(100_000)
    );
    assert!(slice_of(&large.into()));
}

#[test]
fn attributes_become_canonical_text_of_their_type() {
    let event =
        from_json(r#""n":-5,"zero":-0,"most":2147483647,"b":true,"c":false,"s":"5","gone":null"#).unwrap();
    let read = |name| event.value(&Name::new(name)).map(|value| (value.text(), value.kind()));
    assert_eq!(read("n"), Some(("-5", Kind::Integer)));
    assert_eq!(read("zero"), Some(("0", Kind::Integer)));
    assert_eq!(read("most"), Some(("2147483647", Kind::Integer)));
    assert_eq!(read("b"), Some(("true", Kind::Boolean)));
    assert_eq!(read("c"), Some(("false", Kind::Boolean)));
    assert_eq!(read("s"), Some(("5", Kind::String)));
    assert_eq!(read("gone"), None);
    let event = from_json(r#""\u0061b":"\"\\\/ \u00e4 \uD83D\uDE00""#).unwrap();
    assert_eq!(event.get("ab"), Some("\"\\/ ä \u{1F600}"));
}

#[test]
fn white_space_and_order_mean_nothing() {
    let body = "\r\n {\t\"data\" : [ ] , \"type\" : \"t\",\n\"source\":\"/s\" , \"id\":\"1\", \"specversion\":\"1.0\" } \n";
    let event = json::decode(&body.into()).unwrap();
    assert_eq!((event.id(), event.source(), event.ty(), &event.data()[..]), ("1", "/s", "t", &b"[ ]"[..]));
}

#[test]
fn what_no_attribute_can_be_is_refused_by_name() {
    let number = "use a whole number from -2147483648 to 2147483647, or a string";
    for (members, expected) in [
        (r#""n":1.5"#, format!("attribute `n` is 1.5: {number}")),
        (r#""n":1.0"#, format!("attribute `n` is 1.0: {number}")),
        (r#""n":1e2"#, format!("attribute `n` is 1e2: {number}")),
        (r#""n":2147483648"#, format!("attribute `n` is 2147483648: {number}")),
        (r#""n":-2147483649"#, format!("attribute `n` is -2147483649: {number}")),
        (r#""o":{"a":1}"#, "attribute `o` is an object: use a string, an integer or a boolean".into()),
        (r#""a":[1]"#, "attribute `a` is an array: use a string, an integer or a boolean".into()),
        (r#""subject":5"#, "attribute `subject` must be a string".into()),
        (r#""time":true"#, "attribute `time` must be a string".into()),
        (r#""Name":"x""#, "attribute name `Name` is not allowed: use 1 to 127 of a-z and 0-9".into()),
        (r#""Name":null"#, "attribute name `Name` is not allowed: use 1 to 127 of a-z and 0-9".into()),
        (r#""s":"\ud800""#, "`s` holds half of a surrogate pair".into()),
        (r#""s":"\ud800\u0041""#, "`s` holds half of a surrogate pair".into()),
        (r#""s":"\udc00""#, "`s` holds half of a surrogate pair".into()),
        (r#""s":"\u0000""#, "attribute `s` holds a control character".into()),
        (r#""data":"\udc00","datacontenttype":"a/b""#, "`data` holds half of a surrogate pair".into()),
        (r#""data":1,"data_base64":"aGk=""#, "`data` and `data_base64` exclude each other".into()),
        (r#""data_base64":1"#, "`data_base64` is not a string of base64".into()),
        (r#""data_base64":"aGk""#, "`data_base64` is not a string of base64".into()),
        (r#""data_base64":"a-_=""#, "`data_base64` is not a string of base64".into()),
    ] {
        assert_eq!(reason(members), expected, "{members}");
    }
    let versioned = |version: &str| {
        let body = format!(r#"{{"specversion":{version},"id":"1","source":"/s","type":"t"}}"#);
        json::decode(&body.into()).unwrap_err().to_string()
    };
    assert_eq!(
        versioned("1.0"),
        "attribute `specversion` is 1.0: use a whole number from -2147483648 to 2147483647, or a string"
    );
    assert_eq!(versioned("null"), "required attribute `specversion` is missing");
    assert_eq!(versioned("\"2.0\""), "specversion `2.0` is not supported: use 1.0 (0.3 is upgraded)");
}

#[test]
fn a_member_comes_once_even_when_it_is_null() {
    for name in ["id", "x", "data", "data_base64", "specversion"] {
        let value = if name == "specversion" { "\"1.0\"" } else { "\"eHg=\"" };
        for (first, second) in [(value, value), ("null", value), (value, "null"), ("null", "null")] {
            let required = ["id", "source", "type"].iter().filter(|required| **required != name);
            let required: String = required.map(|required| format!(r#""{required}":"1","#)).collect();
            let body = format!(r#"{{{required}"{name}":{first},"{name}":{second}}}"#);
            let refused = json::decode(&body.clone().into()).unwrap_err();
            assert_eq!(refused, EventError::Duplicate(name.into()), "{body}");
        }
    }
    assert_eq!(from_json(r#""\u0069d":"2""#).unwrap_err(), EventError::Duplicate("id".into()));
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (body, expected) in [
        ("", "expected an object at line 1 column 1"),
        ("[]", "expected an object at line 1 column 1"),
        ("\u{feff}{}", "expected an object at line 1 column 1"),
        ("{", "expected a string at line 1 column 2"),
        ("{\"id\" \"1\"}", "expected a colon at line 1 column 7"),
        ("{\"id\":}", "expected a value at line 1 column 7"),
        ("{\"id\":\"1\",}", "expected a string at line 1 column 11"),
        ("{\"id\":\"1\"\n  \"x\":1}", "expected a comma or the end of the object at line 2 column 3"),
        ("{\"id\":\"1}", "a string does not end at line 1 column 10"),
        ("{\"id\":\"a\nb\"}", "a control character in a string is not escaped at line 1 column 9"),
        ("{\"id\":\"\\x\"}", "an escape in a string is none of JSON's at line 1 column 8"),
        ("{\"id\":\"\\u12g4\"}", "an escape in a string is none of JSON's at line 1 column 8"),
        ("{\"id\":\"\\", "an escape in a string is none of JSON's at line 1 column 8"),
        ("{\"id\":tru}", "expected a value at line 1 column 7"),
        ("{\"n\":01}", "expected a comma or the end of the object at line 1 column 7"),
        ("{\"n\":-}", "expected a digit at line 1 column 7"),
        ("{\"n\":1.}", "expected a digit at line 1 column 8"),
        ("{\"n\":1e+}", "expected a digit at line 1 column 9"),
        ("{\"data\":[1,]}", "expected a value at line 1 column 12"),
        ("{\"data\":[1 2]}", "expected a comma or the end of what is open at line 1 column 12"),
        ("{\"data\":{\"a\"}}", "expected a colon at line 1 column 13"),
        ("{\"data\":[}", "expected a value at line 1 column 10"),
    ] {
        let refused = json::decode(&body.into()).unwrap_err().to_string();
        assert_eq!(refused, format!("not a JSON event: {expected}"), "{body}");
    }
    let trailing = br#"{"specversion":"1.0","id":"1","source":"/s","type":"t"} x"#;
    let refused = json::decode(&Bytes::from_static(trailing)).unwrap_err().to_string();
    assert_eq!(refused, "not a JSON event: expected nothing more at line 1 column 57");
    let refused = json::decode(&Bytes::from_static(b"{\"id\":\"\xff\"}")).unwrap_err().to_string();
    assert_eq!(refused, "not a JSON event: it is not UTF-8 at line 1 column 8");
}

#[test]
fn a_million_members_are_refused_at_the_256th() {
    for value in ["1", "null", "\"text\""] {
        let members: String = (0..1_000_000).map(|at| format!(",\"x{at}\":{value}")).collect();
        let body = format!("{{\"id\":\"1\"{members}");
        // It does not even end.
        assert_eq!(json::decode(&body.into()).unwrap_err(), EventError::TooMany, "{value}");
    }
}

#[test]
fn no_depth_of_nesting_takes_stack() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(1_000_000), close.repeat(1_000_000));
    let read = |data: &str| from_json(&format!("\"data\":{data}"));
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let data = deep(open, close);
        let event = read(&data).unwrap();
        assert_eq!(event.data(), data.as_bytes());
        assert_eq!(json::decode(&json::encode(&event).into()).unwrap().data(), data.as_bytes());
        assert!(json::to_value(&event).get("data_base64").is_some(), "too deep for a tree");
        assert!(read(&data[..data.len() - 1]).is_err());
    }
}

#[test]
fn one_wrong_event_refuses_the_whole_batch_and_is_named() {
    let good = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":1}}"#;
    let batch = |text: String| json::decode_batch(&text.into());
    assert_eq!(batch(format!(" [ {good} ,{good}]\n")).unwrap().len(), 2);
    assert_eq!(batch("[]".into()).unwrap(), []);
    let reason = |text: String| batch(text).unwrap_err().to_string();
    let named = "event 2 of the batch: required attribute `specversion` is missing";
    assert_eq!(reason(format!(r#"[{good},{{"id":"1"}},{good}]"#)), named);
    assert_eq!(
        reason(format!("[{good},[]]")),
        format!(
            "event 2 of the batch: not a JSON event: expected an object at line 1 column {}",
            good.len() + 3
        )
    );
    assert!(reason(format!("[{good},]")).starts_with("event 2 of the batch: not a JSON event"));
    assert!(reason(format!("[{good}")).contains("expected a comma or the end of the array"));
    assert!(reason(format!("[{good}] []")).contains("expected nothing more"));
    assert!(reason(good.into()).contains("expected an array of events"));
}

#[test]
fn a_text_claims_to_be_an_event_by_its_specversion() {
    for text in [r#"{"specversion":"1.0"}"#, " {\"a\":[{}],\"specversion\":null}\n"] {
        assert!(json::claims_event(text.as_bytes()), "{text}");
    }
    for text in [
        "",
        "{}",
        "[]",
        r#"{"a":{"specversion":"1.0"}}"#,
        r#"{"specversion":"1.0""#,
        r#"{"specversion":"1.0"} x"#,
    ] {
        assert!(!json::claims_event(text.as_bytes()), "{text}");
    }
}
