//! HTTP in binary mode, and which mode a message is in.

use super::*;
use crate::event::http::Mode;

#[test]
fn the_media_type_tells_the_mode_in_any_case() {
    let check = |content_type: &str, has_ce_headers: bool, expected: Option<Mode>| {
        let mut headers = vec![("accept", &b"*/*"[..]), ("content-type", content_type.as_bytes())];
        if has_ce_headers {
            headers.push(("ce-id", b"1"));
        }
        assert_eq!(http::mode(headers.into_iter()), expected, "{content_type} {has_ce_headers}");
    };
    for structured in [
        "application/cloudevents+json",
        "Application/CloudEvents+JSON; charset=UTF-8",
        " application/cloudevents+json ;charset=\"utf-8\"",
    ] {
        check(structured, false, Some(Mode::Structured));
        check(structured, true, Some(Mode::Structured));
    }
    check("application/CLOUDEVENTS-batch+json", false, Some(Mode::Batch));
    for other in ["", "application/json", "application/cloudevents+avro", "application/cloudevents+jsonx"] {
        check(other, true, Some(Mode::Binary));
        check(other, false, None);
    }
}

#[test]
fn binary_mode_gives_back_the_event_it_was_made_from() {
    let event = event(
        &[("subject", "50% of \"ä\" \u{1F600}"), ("datacontenttype", "text/plain; a=\"b c\"")],
        "hello",
    );
    let mut headers: Vec<(String, String)> = Vec::new();
    http::encode_binary(&event, |name, value| {
        assert!(value.is_ascii());
        headers.push((name.into(), String::from_utf8(value.to_vec()).unwrap()));
    });
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(headers[0], ("ce-specversion", "1.0"));
    assert!(headers.contains(&("ce-subject", "50%25%20of%20%22%C3%A4%22%20%F0%9F%98%80")), "{headers:?}");
    assert!(headers.contains(&("content-type", "text/plain; a=\"b c\"")), "as it is: {headers:?}");
    assert_eq!(from_http(&headers, "hello").unwrap(), event);
}

#[test]
fn values_lose_quotes_first_and_percent_signs_then() {
    for (header, text) in [
        ("plain text", "plain text"),
        ("a+b", "a+b"),
        ("%41", "A"),
        ("%2541", "%41"),
        ("%c3%a4ä", "ää"),
        (r#""a \"b\" %41""#, r#"a "b" A"#),
        (r#""\%41 \%\4\1""#, "A A"),
        (r#""quoted""#, "quoted"),
        (r#""a"b""#, r#""a"b""#),
        (r#""open"#, r#""open"#),
        (r#""open\""#, r#""open\""#),
        (r#"""#, r#"""#),
        (r"back\slash", r"back\slash"),
    ] {
        assert_eq!(from_binary(&[("ce-subject", header)]).unwrap().get("subject"), Some(text), "{header}");
    }
}

#[test]
fn what_is_no_event_is_refused_with_the_reason() {
    for (header, value, reason) in [
        ("ce-bad_name", "x", "attribute name `bad_name` is not allowed: use 1 to 127 of a-z and 0-9"),
        ("ce-", "x", "attribute name `` is not allowed: use 1 to 127 of a-z and 0-9"),
        ("ce-data", "x", "`data` is no attribute name: it is what the JSON format calls the data"),
        ("ce-id", "2", "attribute `id` appears twice"),
        ("ce-specversion", "1.0", "attribute `specversion` appears twice"),
        ("ce-subject", "%4", "attribute `subject` is not percent-encoded properly"),
        ("ce-subject", "%zz", "attribute `subject` is not percent-encoded properly"),
        ("ce-subject", "%+1", "attribute `subject` is not percent-encoded properly"),
        ("ce-subject", "%FF", "attribute `subject` is not UTF-8"),
        ("ce-subject", "%C0%A0", "attribute `subject` is not UTF-8"),
        ("ce-subject", "%ED%A0%80", "attribute `subject` is not UTF-8"),
        ("ce-subject", "a%0d%0ab", "attribute `subject` holds a control character"),
        ("ce-subject", "%EF%BF%BF", "attribute `subject` holds a Unicode noncharacter"),
        ("ce-subject", "", "attribute `subject` is empty: leave it out, or give it a value"),
        ("ce-subject", "\"\"", "attribute `subject` is empty: leave it out, or give it a value"),
        (
            "ce-datacontenttype",
            "x/y",
            "`ce-datacontenttype` is not allowed in binary mode: use `content-type`",
        ),
    ] {
        assert_eq!(from_binary(&[(header, value)]).unwrap_err().to_string(), reason, "{header}: {value}");
    }
    let twice = from_binary(&[("content-type", "a/b"), ("content-type", "a/b")]).unwrap_err();
    assert_eq!(twice, EventError::Duplicate("datacontenttype".into()));
    for missing in 0..CE.len() {
        let mut headers = CE.to_vec();
        let (header, _) = headers.remove(missing);
        let expected = header.strip_prefix("ce-").unwrap();
        assert!(matches!(from_http(&headers, ""), Err(EventError::Missing(name)) if name == expected));
        headers.push((header, ""));
        assert!(from_http(&headers, "").is_err(), "{header} is empty");
    }
    assert_eq!(from_http(&[("content-type", "text/plain")], "x").unwrap_err(), EventError::NotAnEvent);
    let batch = from_http(&[("content-type", http::BATCH)], "[]").unwrap_err();
    assert_eq!(batch, EventError::Batch);
}

#[test]
fn a_message_about_foreign_text_is_one_short_line() {
    let long = format!("ce-{}", "A".repeat(100_000));
    let message = from_binary(&[(&long, "x")]).unwrap_err().to_string();
    assert!(message.len() < 200 && message.contains("AAA…`"), "{message}");
    let message = from_binary(&[("ce-a\r\nb\u{7f}", "x")]).unwrap_err().to_string();
    assert!(message.contains(r"`a\r\nb\u{7f}`"), "{message}");
}

#[test]
fn the_content_type_is_taken_as_it_is_and_an_empty_one_is_none() {
    let content_type =
        |value| from_binary(&[("content-type", value)]).map(|e| e.get("datacontenttype").map(String::from));
    assert_eq!(content_type("text/plain; x=\"50%25\"").unwrap().as_deref(), Some("text/plain; x=\"50%25\""));
    assert_eq!(content_type("").unwrap(), None);
    assert_eq!(content_type("text/\u{1}").unwrap_err(), EventError::Control("datacontenttype".into()));
}

#[test]
fn structured_and_batched_mode_come_with_their_media_type() {
    let event = event(&[("n", "1")], "");
    let mut headers = Vec::new();
    let body =
        http::encode_structured(&event, |name, value| headers.push((name.to_string(), value.to_vec())));
    assert_eq!(headers, [("content-type".to_string(), http::STRUCTURED.into())]);
    assert_eq!(json::decode(&body.into()).unwrap(), event);
    headers.clear();
    let body =
        http::encode_batch([&event, &event], |name, value| headers.push((name.to_string(), value.to_vec())));
    assert_eq!(headers, [("content-type".to_string(), http::BATCH.into())]);
    assert_eq!(json::decode_batch(&body.into()).unwrap(), [event.clone(), event]);
    assert_eq!(json::decode_batch(&http::encode_batch([], |_, _| {}).into()).unwrap(), []);
}
