//! Events of version 0.3 become events of 1.0, through every binding.

use super::*;

fn binary(more: &[(&str, &str)], body: &'static str) -> Result<Event, EventError> {
    let old = [("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")];
    from_http(&[&old[..], more, &[("ce-specversion", "0.3")]].concat(), body)
}

fn structured(members: &str) -> Result<Event, EventError> {
    json::decode(&format!(r#"{{{members},"specversion":"0.3","id":"1","source":"/s","type":"t"}}"#).into())
}

#[test]
fn schemaurl_is_dataschema() {
    let events = [
        binary(&[("ce-schemaurl", "http://x/y"), ("ce-subject", "s")], "").unwrap(),
        structured(r#""schemaurl":"http://x/y","subject":"s""#).unwrap(),
    ];
    for event in events {
        assert_eq!(event, super::event(&[("dataschema", "http://x/y"), ("subject", "s")], ""));
        assert_eq!(event.get("specversion"), Some("1.0"));
    }
}

#[test]
fn data_in_base64_is_decoded() {
    let check = |event: Event, data: &str| {
        assert_eq!((&event.data()[..], event.get("datacontentencoding")), (data.as_bytes(), None));
    };
    check(binary(&[("ce-datacontentencoding", "base64")], "aGk=").unwrap(), "hi");
    check(
        binary(&[("ce-datacontentencoding", "BASE64"), ("content-type", "text/plain")], "aGk=").unwrap(),
        "hi",
    );
    check(structured(r#""datacontentencoding":"Base64","data":"aGk=""#).unwrap(), "hi");
    check(structured(r#""data":"\u0061Gk=","datacontentencoding":"base64""#).unwrap(), "hi");
    check(structured(r#""datacontenttype":"text/xml","data":"aGk=""#).unwrap(), "aGk=");
    check(structured(r#""data":"aGk=""#).unwrap(), "\"aGk=\"");
    check(structured(r#""datacontentencoding":"base64""#).unwrap(), "");
}

#[test]
fn a_kafka_record_is_upgraded_too() {
    let headers: [(&[u8], Option<&[u8]>); 6] = [
        (b"ce_specversion", Some(b"0.3")),
        (b"ce_id", Some(b"1")),
        (b"ce_source", Some(b"/s")),
        (b"ce_type", Some(b"t")),
        (b"ce_schemaurl", Some(b"/y")),
        (b"ce_datacontentencoding", Some(b"base64")),
    ];
    let origin =
        kafka::Origin { source: "/k", partition: 0, offset: 0, time: None, key: kafka::KeyType::default() };
    let value = Some(Bytes::from_static(b"aGk="));
    let event = kafka::decode(kafka::Record { key: None, headers: headers.into_iter(), value }, &origin);
    assert_eq!(event, super::event(&[("dataschema", "/y")], "hi"));
}

#[test]
fn what_cannot_be_upgraded_is_refused() {
    for (members, expected) in [
        (
            r#""schemaurl":"/a","dataschema":"/b""#,
            "`schemaurl` and `dataschema` are the same attribute: use one",
        ),
        (r#""schemaurl":"""#, "attribute `dataschema` is empty: leave it out, or give it a value"),
        (r#""schemaurl":1"#, "attribute `dataschema` must be a string"),
        (r#""datacontentencoding":"gzip""#, "datacontentencoding `gzip` is not supported: use base64"),
        (r#""datacontentencoding":"base64","data":{}"#, "`data` is not a string of base64"),
        (r#""datacontentencoding":"base64","data":"?""#, "`data` is not a string of base64"),
    ] {
        assert_eq!(structured(members).unwrap_err().to_string(), expected, "{members}");
    }
    assert_eq!(
        binary(&[("ce-datacontentencoding", "base64")], "?").unwrap_err().to_string(),
        "`data` is not a string of base64"
    );
    for version in ["0.2", "1.1", "1", "1.0.2", ""] {
        let headers = [("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t"), ("ce-specversion", version)];
        let refused = from_http(&headers, "").unwrap_err().to_string();
        assert_eq!(refused, format!("specversion `{version}` is not supported: use 1.0 (0.3 is upgraded)"));
    }
}

#[test]
fn in_version_1_the_old_names_are_extensions() {
    let event = from_binary(&[("ce-schemaurl", "/a"), ("ce-datacontentencoding", "base64")]).unwrap();
    assert_eq!((event.get("schemaurl"), event.get("dataschema")), (Some("/a"), None));
    assert_eq!(event.get("datacontentencoding"), Some("base64"));
}

#[test]
fn an_event_cannot_be_made_old_again() {
    let now = event(&[], "");
    assert_eq!(now.with("specversion", "1.0").unwrap(), now);
    assert_eq!(now.with("specversion", "0.3").unwrap_err(), EventError::Specversion("0.3".into()));
}
