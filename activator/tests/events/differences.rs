//! Where we and the CloudEvents SDK differ on purpose, each row with the reason; and what both see alike.

/// A message as it is on the wire.
pub(crate) enum Wire {
    /// Headers beside those of a valid event in binary mode; one without value is taken out.
    Headers(&'static [(&'static str, &'static str)]),
    /// Members beside those of a valid event in JSON.
    Json(&'static str),
    /// A whole body in JSON.
    Body(&'static str),
}

/// What a reader makes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Seen {
    Refused,
    /// An event, with this text under this name.
    Reads(&'static str, Option<&'static str>),
    /// An event with this data.
    Data(&'static str),
}

use Seen::{Data, Reads, Refused};
use Wire::{Body, Headers, Json};

/// Where we differ: the reason, the message, what we see in it, what the SDK does.
pub(crate) const DIFFERENCES: &[(&str, Wire, Seen, Seen)] = &[
    (
        "it does not decode percent signs (HTTP binding 3.1.3.2)",
        Headers(&[("ce-subject", "50%25")]),
        Reads("subject", Some("50%")),
        Reads("subject", Some("50%25")),
    ),
    (
        "nor refuse what cannot be decoded",
        Headers(&[("ce-subject", "%zz")]),
        Refused,
        Reads("subject", Some("%zz")),
    ),
    (
        "it does not take quotes off (3.1.3.2)",
        Headers(&[("ce-subject", "\"a b\"")]),
        Reads("subject", Some("a b")),
        Reads("subject", Some("\"a b\"")),
    ),
    (
        "it takes a media type from where none may be (3.1.1)",
        Headers(&[("ce-datacontenttype", "a/b")]),
        Refused,
        Reads("datacontenttype", Some("a/b")),
    ),
    ("ids may not be empty (section 3.1.1)", Headers(&[("ce-id", "")]), Refused, Reads("id", Some(""))),
    (
        "nor may they in JSON",
        Body(r#"{"specversion":"1.0","id":"","source":"/s","type":"t"}"#),
        Refused,
        Reads("id", Some("")),
    ),
    ("nor may subjects (3.1.2)", Json(r#""subject":"""#), Refused, Reads("subject", Some(""))),
    (
        "names are letters and digits (3.1)",
        Headers(&[("ce-bad_name", "x")]),
        Refused,
        Reads("bad_name", Some("x")),
    ),
    ("and lower case", Json(r#""Name":"x""#), Refused, Reads("Name", Some("x"))),
    (
        "`data` is no name of an attribute (3.1)",
        Headers(&[("ce-data", "x")]),
        Refused,
        Reads("data", Some("x")),
    ),
    (
        "strings hold no control characters (3.2)",
        Json(r#""subject":"a\u0007""#),
        Refused,
        Reads("subject", Some("a\u{7}")),
    ),
    (
        "and no noncharacters (3.2)",
        Json(r#""subject":"\uffff""#),
        Refused,
        Reads("subject", Some("\u{ffff}")),
    ),
    ("integers have 32 bits (3.2)", Json(r#""n":2147483648"#), Refused, Reads("n", Some("2147483648"))),
    ("a member comes once", Json(r#""n":"1","n":"2""#), Refused, Reads("n", Some("2"))),
    (
        "it loses the offset of a time",
        Json(r#""time":"2018-04-05T17:31:00+02:00""#),
        Reads("time", Some("2018-04-05T17:31:00+02:00")),
        Reads("time", Some("2018-04-05T15:31:00+00:00")),
    ),
    (
        "a time has a T in it (RFC 3339)",
        Json(r#""time":"2018-04-05 17:31:00Z""#),
        Refused,
        Reads("time", Some("2018-04-05T17:31:00+00:00")),
    ),
    (
        "a schema is kept as it is written",
        Json(r#""dataschema":"http://EXAMPLE.org""#),
        Reads("dataschema", Some("http://EXAMPLE.org")),
        Reads("dataschema", Some("http://example.org/")),
    ),
    (
        "and is not refused for being relative, for the SDK's own 0.3 writes such",
        Json(r#""dataschema":"/schemas/order""#),
        Reads("dataschema", Some("/schemas/order")),
        Refused,
    ),
    (
        "data is kept as it is written",
        Json(r#""data":{"b": 1.0,"a":1}"#),
        Data(r#"{"b": 1.0,"a":1}"#),
        Data(r#"{"a":1,"b":1.0}"#),
    ),
    ("to the last digit", Json(r#""data":923.00e-42"#), Data("923.00e-42"), Data("9.229999999999999e-40")),
    (
        "`null` is a member that is not there (JSON format 2.2)",
        Json(r#""data":null"#),
        Data(""),
        Data("null"),
    ),
    ("so the other one may be there", Json(r#""data":null,"data_base64":"aGk=""#), Data("hi"), Refused),
    (
        "JSON under another media type is data too (JSON format 3.1.1)",
        Json(r#""datacontenttype":"text/xml","data":{"a":1}"#),
        Data(r#"{"a":1}"#),
        Refused,
    ),
    (
        "base64 is taken as the bytes it stands for, JSON or not",
        Json(r#""data_base64":"eyAiYSI6IDEgfQ==""#),
        Data(r#"{ "a": 1 }"#),
        Data(r#"{"a":1}"#),
    ),
    (
        "any subtype that is JSON is JSON (JSON format 3.1)",
        Json(r#""datacontenttype":"APPLICATION/JSON","data":"s""#),
        Data(r#""s""#),
        Data("s"),
    ),
    (
        "and its parameters say nothing else",
        Json(r#""datacontenttype":"a/b+json;c=d","data":"s""#),
        Data(r#""s""#),
        Data("s"),
    ),
    (
        "0.3 is upgraded: the SDK keeps it, and its name for the schema",
        Body(r#"{"specversion":"0.3","id":"1","source":"/s","type":"t","schemaurl":"http://x/y"}"#),
        Reads("specversion", Some("1.0")),
        Reads("specversion", Some("0.3")),
    ),
];

/// What both see alike, valid and not.
pub(crate) const ALIKE: &[(Wire, bool)] = &[
    (Headers(&[]), true),
    (Headers(&[("content-type", "text/plain; charset=utf-8"), ("ce-tenant", "eu")]), true),
    (Headers(&[("ce-type", "\0")]), false),
    (Headers(&[("ce-time", "2018-04-05T17:31:00Z")]), true),
    (Headers(&[("ce-time", "yesterday")]), false),
    (Headers(&[("ce-time", "2018-02-30T17:31:00Z")]), false),
    (Headers(&[("ce-specversion", "1.1")]), false),
    (Json(""), true),
    (Json(r#""n":5,"b":true,"s":"5","gone":null"#), true),
    (Json(r#""n":1.5"#), false),
    (Json(r#""o":{}"#), false),
    (Json(r#""subject":5"#), false),
    (Json(r#""data":"s","datacontenttype":"text/plain""#), true),
    (Json(r#""data_base64":"aGk=","datacontenttype":"text/plain""#), true),
    (Json(r#""data_base64":"?""#), false),
    (Json(r#""data":1,"data_base64":"aGk=""#), false),
    (Json(r#""time":"2018-13-05T17:31:00Z""#), false),
    (Body(r#"{"specversion":"1.0","id":"1","source":"/s"}"#), false),
    (Body(r#"{"specversion":"1.1","id":"1","source":"/s","type":"t"}"#), false),
    (Body(r#"{"id":"1","source":"/s","type":"t"}"#), false),
    (Body("[]"), false),
    (Body("{"), false),
];
