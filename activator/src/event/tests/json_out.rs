//! The JSON event format, going out.

use super::*;

fn encoded(event: &Event) -> String {
    String::from_utf8(json::encode(event)).unwrap()
}

fn with_data(content_type: Option<&str>, data: &'static [u8]) -> Event {
    let mut builder = Event::builder();
    for (name, value) in [("id", "1"), ("source", "/s"), ("type", "t")] {
        builder.attribute(name, value).unwrap();
    }
    if let Some(content_type) = content_type {
        builder.attribute("datacontenttype", content_type).unwrap();
    }
    builder.build(Bytes::from_static(data)).unwrap()
}

#[test]
fn what_came_as_json_leaves_byte_for_byte() {
    for members in [
        "",
        r#","n":-5,"yes":true,"no":false,"s":"5","empty":"""#,
        r#","subject":"ä \" \\ 😀","time":"2018-04-05T17:31:00.000+02:00""#,
        r#","data":{ "a" : 1.0, "b":[ "\u00e4" ] }"#,
        r#","datacontenttype":"text/plain","data":"a\nb""#,
        r#","datacontenttype":"image/png","data_base64":"/+8=""#,
    ] {
        let body = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t"{members}}}"#);
        assert_eq!(encoded(&json::decode(&body.clone().into()).unwrap()), body);
    }
}

#[test]
fn data_is_json_text_or_base64_whichever_keeps_it() {
    for (content_type, data, expected) in [
        (None, &b"{\"a\":1}"[..], r#""data":{"a":1}"#),
        (None, b" [1]\n", "\"data\": [1]\n"),
        (None, b"plain", r#""data_base64":"cGxhaW4=""#),
        (None, b"null", r#""data_base64":"bnVsbA==""#),
        (None, b" null ", r#""data_base64":"IG51bGwg""#),
        (Some("application/json"), b"{\"a\":1", r#""data_base64":"eyJhIjox""#),
        (Some("application/json"), b"\"\xff\"", r#""data_base64":"Iv8i""#),
        (Some("application/json"), b"1 2", r#""data_base64":"MSAy""#),
        (Some("text/plain"), b"null", r#""data":"null""#),
        (Some("text/plain"), b"a\0\x1f\"\\\r\n\t\x7f/", "\"data\":\"a\\u0000\\u001f\\\"\\\\\\r\\n\\t\x7f/\""),
        (Some("text/plain"), b"\xff", r#""data_base64":"/w==""#),
    ] {
        let event = with_data(content_type, data);
        let json = encoded(&event);
        assert!(json.ends_with(&format!(",{expected}}}")), "{json}");
        let data = if json.contains("base64") { data } else { data.trim_ascii() };
        assert_eq!(json::decode(&json.into()).unwrap().data(), data, "{expected}");
    }
    assert!(!encoded(&with_data(None, b"")).contains("data"));
}

#[test]
fn one_allocation_is_enough() {
    for data in [&b""[..], b"{\"a\":1}", b"\"quotes\" \\ and \n\n\n", b"\xff\xfe\xfd"] {
        for content_type in ["application/json", "text/plain"] {
            let event = with_data(Some(content_type), data).with("s", "quotes \"\"\"").unwrap();
            let json = json::encode(&event);
            let most = json.len() + r#","data_base64":"""#.len();
            assert!((json.len()..=most).contains(&json.capacity()), "{} for {}", json.capacity(), json.len());
        }
    }
}

#[test]
fn what_was_added_on_the_way_comes_last() {
    let event = event(&[("ttl", "5")], "").with("ttl", "4").unwrap().with("more", "x").unwrap();
    let expected = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","ttl":"4","more":"x"}"#;
    assert_eq!(encoded(&event), expected);
}

#[test]
fn a_line_is_one_line_whatever_the_data() {
    for (content_type, data) in [
        ("application/json", &b"{\r\n  \"a\": \"b\\n\",\n\n \"c\": 1\r}\n"[..]),
        ("text/plain", b"a\nb\r\nc\n"),
        ("image/png", b"\n\r\n\xff"),
        ("application/json", b""),
    ] {
        let event = with_data(Some(content_type), data);
        let line = json::encode_line(&event);
        assert_eq!(line.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count(), 1, "{content_type}");
        assert_eq!(line.last(), Some(&b'\n'));
        let back = json::decode_line(&line.into()).unwrap();
        let spaces =
            |data: &[u8]| String::from_utf8_lossy(data).replace(['\n', '\r'], " ").trim().to_string();
        assert_eq!(spaces(back.data()), spaces(event.data()));
        if content_type != "application/json" {
            assert_eq!(back, event);
        }
    }
}

#[test]
fn a_line_may_end_as_it_likes_and_only_there() {
    let json = encoded(&event(&[("n", "1")], ""));
    for ending in ["", "\n", "\r\n"] {
        assert!(json::decode_line(&format!("{json}{ending}").into()).is_ok());
    }
    for lines in [
        format!("{json}\n\n"),
        format!("\n{json}"),
        json.replacen(',', ",\n", 1),
        json.replacen(',', ",\r", 1),
    ] {
        assert_eq!(json::decode_line(&lines.into()).unwrap_err(), EventError::Lines);
    }
}

#[test]
fn the_object_in_memory_is_the_one_on_the_wire() {
    for members in [
        r#""n":-5,"yes":true,"no":false,"s":"5""#,
        r#""data":{"a":[1,2.5,null]},"subject":"ä""#,
        r#""datacontenttype":"text/plain","data":"a\nb""#,
        r#""datacontenttype":"image/png","data_base64":"/+8=""#,
    ] {
        let event = from_json(members).unwrap();
        let wire: serde_json::Value = serde_json::from_slice(&json::encode(&event)).unwrap();
        assert_eq!(json::to_value(&event), wire);
        let mut attributes = wire.as_object().unwrap().clone();
        attributes.retain(|name, _| !name.starts_with("data") || name == "datacontenttype");
        assert_eq!(json::attributes(&event), attributes);
    }
}
