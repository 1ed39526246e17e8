//! Events as they may come: every kind of name, value and data.

use std::collections::BTreeMap;

use activator::event::{Builder, Event};
use bytes::Bytes;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// A value with its type.
#[derive(Clone, Debug)]
pub(crate) enum Typed {
    String(String),
    Integer(i32),
    Boolean(bool),
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    event_of(|least| text(least).boxed(), option(text(1)))
}

/// One whose values are the same in any encoding, and whose schema is the SDK's idea of a URL.
pub(crate) fn plain_event() -> impl Strategy<Value = Event> {
    let schema = option(Just("http://example.org/schema".to_owned()));
    let plain = |least| if least == 0 { "[a-zA-Z0-9/._:+-]{0,20}" } else { "[a-zA-Z0-9/._:+-]{1,20}" };
    event_of(move |least| plain(least).boxed(), schema)
}

/// One that the SDK does not refuse for its schema.
pub(crate) fn event_without_schema() -> impl Strategy<Value = Event> {
    event_of(|least| text(least).boxed(), Just(None))
}

fn event_of(
    text: impl Fn(usize) -> BoxedStrategy<String>,
    schema: impl Strategy<Value = Option<String>>,
) -> impl Strategy<Value = Event> {
    let required = (text(1), text(1), text(1));
    let optional = (option(text(1)), option(time()), option(content_type()), schema);
    (required, optional, extensions(text(0)), data()).prop_map(|(required, optional, extensions, data)| {
        let mut event = Event::builder();
        let (subject, time, content_type, dataschema) = optional;
        let (id, source, ty) = required;
        for (name, value) in [("id", id), ("source", source), ("type", ty)] {
            event.attribute(name, &value).unwrap();
        }
        let optional = [
            ("subject", subject),
            ("time", time),
            ("datacontenttype", content_type),
            ("dataschema", dataschema),
        ];
        for (name, value) in optional.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            event.attribute(name, &value).unwrap();
        }
        for (name, value) in &extensions {
            add(&mut event, name, value);
        }
        event.build(data.into()).unwrap()
    })
}

/// Adds an extension, unless its name is one of the specification's own.
pub(crate) fn add(event: &mut Builder, name: &str, value: &Typed) {
    // Which names those are is the builder's business: it refuses what is there, and types where none may be.
    match value {
        Typed::String(value) => drop(event.attribute(name, value)),
        Typed::Integer(value) => drop(event.integer(name, *value)),
        Typed::Boolean(value) => drop(event.boolean(name, *value)),
    }
}

/// The same event with every value a string, as bindings without types give it.
pub(crate) fn untyped(event: &Event) -> Event {
    let mut untyped = Event::builder();
    for (name, value) in event.attributes().iter() {
        untyped.attribute(name, value).unwrap();
    }
    untyped.build(event.data().clone()).unwrap()
}

fn extensions(text: BoxedStrategy<String>) -> impl Strategy<Value = BTreeMap<String, Typed>> {
    let value = prop_oneof![
        3 => text.prop_map(Typed::String),
        1 => any::<i32>().prop_map(Typed::Integer),
        1 => any::<bool>().prop_map(Typed::Boolean),
    ];
    // None of the specification's own names has a digit.
    btree_map("[a-z]{0,20}[0-9][a-z0-9]{0,20}", value, 0..20)
}

/// Text that attributes may have: all of Unicode but control characters and noncharacters.
pub(crate) fn text(least: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        10 => prop::char::range(' ', '~'),
        2 => prop::sample::select(vec!['"', '%', '\\', ' ', '+', 'ä', '€', '😀', '\u{a0}', '\u{fffd}', '\u{10fffd}']),
        1 => any::<char>().prop_filter("none may have it", |c| !c.is_control() && !is_noncharacter(*c)),
    ];
    vec(character, least..40).prop_map(|characters| characters.into_iter().collect())
}

const fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || c as u32 & 0xfffe == 0xfffe
}

fn time() -> impl Strategy<Value = String> {
    "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]{1,12})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
}

fn content_type() -> impl Strategy<Value = String> {
    let types = [
        "application/json",
        "text/plain; charset=utf-8",
        "image/png",
        "application/vnd.x+json;a=\"b c\"",
        "a/b",
    ];
    prop::sample::select(types.to_vec()).prop_map(String::from)
}

/// JSON, text, and anything else.
fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => Just(Vec::new()),
        3 => json(3).prop_map(String::into_bytes),
        3 => ".{0,60}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..100),
    ]
}

/// JSON as people write it, with white space and escapes.
pub(crate) fn json(depth: u32) -> impl Strategy<Value = String> {
    let string = prop_oneof!["\"[a-z ]{0,9}\"", Just(r#""\u00e4\n\"\\\/😀""#.to_owned())];
    let leaf = prop_oneof![
        string,
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?",
        prop::sample::select(vec!["true", "false", "null", "[]", "{}", "[ ]", "{\n}"]).prop_map(String::from),
    ];
    leaf.prop_recursive(depth, 30, 5, |inner| {
        let member = ("\"[a-z]{0,5}\"", inner.clone()).prop_map(|(name, value)| format!("{name} :{value}"));
        let object = vec(member, 1..5).prop_map(|members| format!("{{{}}}", members.join(" ,\r\n")));
        let array = vec(inner, 1..5).prop_map(|values| format!("[\t{} ]", values.join(",")));
        prop_oneof![object, array]
    })
}

fn option<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(strategy)
}

/// What a body without a `Bytes` of its own is read from.
pub(crate) fn bytes(text: &[u8]) -> Bytes {
    Bytes::copy_from_slice(text)
}
