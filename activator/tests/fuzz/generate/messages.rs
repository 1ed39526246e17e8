//! HTTP messages, JSON texts and Kafka records: events in all the ways one could write them, and some in which none
//! should.

use super::mutate::noise;
use super::{mutated, one, rarely};
use crate::random::Random;

const NAMES: [&str; 9] =
    ["subject", "time", "dataschema", "n", "flag", "partitionkey", "tenant", "data", "a_b"];
const TEXTS: [&str; 12] = [
    "1",
    "a b",
    "%41%20",
    "%C3%A4",
    "\"quoted\"",
    r#""a \"b\" %41""#,
    "ä",
    "😀",
    "2018-04-05T17:31:00Z",
    "true",
    "-5",
    r"a\b",
];
/// Texts that one binding or all of them refuse, at least under some names.
const ODD: [&str; 10] =
    ["", "50%", "%ff", "%4", "%zz", "\"", "2018-13-05T17:31:00Z", "\u{7f}", "\u{fdd0}", "x\ty"];
const MEDIA_TYPES: [&str; 14] = [
    "application/json",
    "application/json; charset=UTF-8",
    "text/json",
    "application/x+json",
    "text/plain",
    "TEXT/PLAIN;charset=\"utf-8\"",
    "application/octet-stream",
    "image/png",
    "",
    "ä/ö",
    "application/cloudevents+json",
    "application/CloudEvents+JSON; charset=utf-8",
    "application/cloudevents-batch+json",
    "application/json ",
];
const BODIES: [&str; 16] = [
    "",
    "hello",
    "{\"b\":1,\"a\":[1, 2]}",
    "[1,2",
    "\"text\"",
    " null ",
    "null",
    "1e400",
    "-0",
    "0.1",
    "ä😀",
    "\\",
    "<a>\"&</a>",
    "\"\\ud83d\\ude00\"",
    "true\n",
    "12345678901234567890",
];

/// An HTTP message, in binary mode or another.
pub(crate) fn http(random: &mut Random) -> Vec<u8> {
    let message = match random.between(0, 9) {
        0 => return noise(random),
        1 => structured(random),
        _ => binary("ce-", "", random),
    };
    changed(message, random)
}

/// A Kafka record.
pub(crate) fn kafka(random: &mut Random) -> Vec<u8> {
    let key = match random.between(0, 3) {
        0 => String::new(),
        _ => format!("key={}\n", attribute("partitionkey", random)),
    };
    let message = match random.between(0, 9) {
        0 => return noise(random),
        1 => [key.as_bytes(), &structured(random)].concat(),
        2 => binary("X-Trace.", &key, random),
        _ => binary("ce_", &key, random),
    };
    changed(message, random)
}

/// An event in JSON, or a batch of them.
pub(crate) fn json(random: &mut Random) -> Vec<u8> {
    let text = match random.between(0, 9) {
        0 => return noise(random),
        1 => {
            let events: Vec<String> = (0..random.index(4)).map(|_| object(random)).collect();
            format!("[{}]", events.join(","))
        }
        _ => object(random),
    };
    changed(text.into(), random)
}

fn changed(message: Vec<u8>, random: &mut Random) -> Vec<u8> {
    if random.chance(250) { mutated(message, random) } else { message }
}

fn structured(random: &mut Random) -> Vec<u8> {
    let media_type = one(random, &MEDIA_TYPES[10..13]);
    format!("content-type: {media_type}\n\n{}", object(random)).into()
}

fn binary(prefix: &str, first: &str, random: &mut Random) -> Vec<u8> {
    let mut message = String::from(first);
    for (name, text) in [("id", "A-1"), ("source", "/s"), ("type", "t"), ("specversion", "1.0")] {
        if !random.chance(20) {
            let text = if rarely(random) && name != "specversion" { attribute(name, random) } else { text };
            message.push_str(&format!("{prefix}{name}: {text}\n"));
        }
    }
    for _ in 0..random.index(3) {
        let name = name(random);
        let text = attribute(name, random);
        message.push_str(&format!("{prefix}{name}: {text}\n"));
    }
    if random.chance(600) {
        message.push_str(&format!("content-type: {}\n", one(random, &MEDIA_TYPES)));
    }
    if random.chance(800) {
        message.push_str(&format!("\n{}", one(random, &BODIES)));
    }
    message.into()
}

/// An event in a JSON object, its members in any order.
fn object(random: &mut Random) -> String {
    let mut members: Vec<String> = Vec::new();
    for (name, text) in [("id", "A-1"), ("source", "/s"), ("type", "t"), ("specversion", "1.0")] {
        if !random.chance(20) {
            members.push(member(name, &string(text), random));
        }
    }
    for _ in 0..random.index(3) {
        let name = name(random);
        let value = value(name, random);
        members.push(member(name, &value, random));
    }
    if random.chance(500) {
        let media_type = string(one(random, &MEDIA_TYPES));
        members.push(member("datacontenttype", &media_type, random));
    }
    match random.between(0, 4) {
        0 => {}
        1 => {
            let data = one(random, &BASE64);
            members.push(member("data_base64", data, random));
        }
        _ => {
            let data = one(random, &DATA);
            members.push(member("data", data, random));
        }
    }
    let at = random.index(members.len());
    members.rotate_left(at);
    format!("{{{}}}", members.join(one(random, &[",", ", ", ",\n"])))
}

/// Rarely one that no attribute may have.
fn name(random: &mut Random) -> &'static str {
    let count = if rarely(random) { NAMES.len() } else { NAMES.len() - 2 };
    one(random, &NAMES[..count])
}

/// A text for an attribute, mostly one that it may have.
fn attribute(name: &str, random: &mut Random) -> &'static str {
    match (rarely(random), name) {
        (true, _) => one(random, &ODD),
        (false, "time") => "2018-04-05T17:31:00+02:00",
        (false, _) => one(random, &TEXTS),
    }
}

const BASE64: [&str; 7] = ["\"aGk=\"", "\"\"", "\"aGk\"", "\"eyAiYSI6IDEgfQ==\"", "\"/w==\"", "null", "5"];
const DATA: [&str; 14] = [
    "null",
    "{\"b\":1,\"a\":[1, 2]}",
    "[ ]",
    "\"text\"",
    "\"\"",
    "\"\\u00e4\\n\"",
    "\"\\ud83d\\ude00\"",
    "1.50",
    "1e2",
    "-0",
    "12345678901234567890",
    "true",
    "{\"a\":{\"a\":{\"a\":[{}]}}}",
    "\" \"",
];

fn member(name: &str, value: &str, random: &mut Random) -> String {
    let colon = one(random, &[":", ": ", " : "]);
    format!("{}{colon}{value}", string(name))
}

fn value(name: &str, random: &mut Random) -> String {
    match random.between(0, 5) {
        0 => one(random, &["5", "-0", "2147483648", "1.5", "1e2", "0"]).into(),
        1 => one(random, &["true", "false", "null", "[]", "{}"]).into(),
        _ => string(attribute(name, random)),
    }
}

fn string(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.into(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}
