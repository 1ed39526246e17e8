//! Events that are given on the command line or a line at a time: in the JSON format, one, several behind one
//! another, or a batch.

use activator::event::{Event, EventError, json};
use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Deserializer, Error};

use super::exit::Failure;
use super::send::read_data;

const FORM: &str = "an event is {\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/shop\",\"type\":\"order.created\"}, \
     with further attributes beside";

/// Whether it is meant to be events: a file, stdin, or JSON.
pub(super) fn are_meant(given: &str) -> bool {
    given == "-" || given.starts_with(['@', '{', '['])
}

/// The events of `@FILE`, of stdin for `-`, or of the text itself; at least one.
pub(super) fn read(given: &str) -> Result<Vec<Event>, Failure> {
    if !are_meant(given) {
        return Err(Failure::usage(format!("{given} is no event")).help("write @FILE, - for stdin, or JSON"));
    }
    let text = read_data(given)?;
    let from = match given {
        "-" => "stdin",
        given => given.strip_prefix('@').unwrap_or("what is given"),
    };
    let refuse = |message: String| Failure::usage(message).help(FORM);
    let parts = parts(&text).map_err(|error| refuse(format!("{from} is not JSON: {error}")))?;
    if parts.is_empty() {
        return Err(refuse(format!("{from} holds no event")));
    }
    let several = parts.len() > 1;
    let numbered = parts.iter().enumerate().map(|(at, part)| {
        let which = if several { format!("event {} of {from}", at + 1) } else { from.into() };
        decode(part).map_err(|error| refuse(format!("{which} is no CloudEvent: {error}")))
    });
    numbered.collect()
}

/// The one event that is given.
pub(super) fn read_one(given: &str) -> Result<Event, Failure> {
    let mut events = read(given)?;
    match events.len() {
        1 => Ok(events.swap_remove(0)),
        several => Err(Failure::usage(format!("{several} events are given, and this takes one"))
            .help("hydrant cesql --batch takes an expression and an event a line")),
    }
}

/// The objects of a text, those in arrays one by one.
fn parts(text: &[u8]) -> Result<Vec<&RawValue>, Error> {
    let mut parts = Vec::new();
    for value in Deserializer::from_slice(text).into_iter::<&RawValue>() {
        let value = value?;
        match value.get().starts_with('[') {
            true => parts.extend(serde_json::from_str::<Vec<&RawValue>>(value.get())?),
            false => parts.push(value),
        }
    }
    Ok(parts)
}

/// One event in the JSON format.
pub(super) fn decode(value: &RawValue) -> Result<Event, EventError> {
    json::decode(&Bytes::copy_from_slice(value.get().as_bytes()))
}

/// An event that has only what every event has.
pub(super) fn sample() -> Event {
    let mut event = Event::builder();
    for (name, value) in [("id", "1"), ("source", "/sample"), ("type", "com.example.sample")] {
        event.attribute(name, value).expect("the name and the value are allowed");
    }
    event.build(Bytes::new()).expect("nothing required is missing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;

    fn event(id: u32) -> String {
        format!("{{\"specversion\":\"1.0\",\n \"id\":\"{id}\",\"source\":\"/s\",\"type\":\"t\"}}")
    }

    fn ids(given: &str) -> Vec<String> {
        read(given).unwrap().iter().map(|event| event.id().to_owned()).collect()
    }

    #[test]
    fn events_are_one_or_several_or_a_batch() {
        let [one, two, three] = [1, 2, 3].map(event);
        assert_eq!(ids(&one), ["1"]);
        assert_eq!(ids(&format!("{one}\n{two}\n\n{three}\n")), ["1", "2", "3"]);
        assert_eq!(ids(&format!("[{one}, {two}]")), ["1", "2"]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("[{one}]\n{three}")).unwrap();
        assert_eq!(ids(&format!("@{}", file.path().display())), ["1", "3"]);
    }

    #[test]
    fn what_is_no_event_is_told_with_its_number() {
        let told = |given: &str| {
            let failure = read(given).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{given}");
            failure.message
        };
        assert_eq!(
            told(&format!("[{},{{\"specversion\":\"1.0\",\"id\":\"2\",\"source\":\"/s\"}}]", event(1))),
            "event 2 of what is given is no CloudEvent: required attribute `type` is missing"
        );
        assert!(told("{").starts_with("what is given is not JSON: EOF"), "{}", told("{"));
        assert_eq!(told("[]"), "what is given holds no event");
        assert!(told("@/nowhere/at-all.json").contains("cannot read @/nowhere/at-all.json"));
        assert_eq!(told("01JD6"), "01JD6 is no event");
        assert_eq!(read_one(&format!("[{},{}]", event(1), event(2))).unwrap_err().exit, Exit::Usage);
    }
}
