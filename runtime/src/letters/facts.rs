//! What the extensions of a dead letter say, and the event without them.

use std::borrow::Cow;

use activator::delivery::extension::{ATTEMPTS, CODE, DATA, REASON, REPLAY, SUBSCRIPTION, TO};
use activator::event::{Event, EventError, Kind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

/// Since when it is dead.
const SINCE: &str = "hydrantdeadsince";
/// How often it was sent again; stays with the event.
const REDRIVES: &str = "hydrantredrives";

/// What an event bears only as a dead letter, or on its way from there.
const PASSING: [&str; 8] = [TO, CODE, DATA, SUBSCRIPTION, REASON, ATTEMPTS, SINCE, REPLAY];

/// A dead letter with the time of its death.
pub(crate) fn stamped(event: Event, now: Timestamp) -> Event {
    // Without room for it, the letter is worth more than its date.
    event.with(SINCE, &format!("{now:.3}")).unwrap_or(event)
}

/// Whose it was.
pub(crate) fn subscription(event: &Event) -> Option<&str> {
    event.get(SUBSCRIPTION)
}

pub(super) fn to(event: &Event) -> Option<&str> {
    event.get(TO)
}

pub(super) fn code(event: &Event) -> Option<i32> {
    event.get(CODE)?.parse().ok()
}

/// Letters of an earlier version have a code only.
pub(super) fn reason(event: &Event) -> Cow<'_, str> {
    match (event.get(REASON), event.get(CODE)) {
        (Some(reason), _) => reason.into(),
        (None, Some(code)) => format!("code {code}").into(),
        (None, None) => "unknown".into(),
    }
}

pub(super) fn attempts(event: &Event) -> Option<u32> {
    event.get(ATTEMPTS)?.parse().ok()
}

pub(super) fn since(event: &Event) -> Option<Timestamp> {
    event.get(SINCE)?.parse().ok()
}

/// The start of what was answered, as text.
pub(super) fn error(event: &Event) -> Option<String> {
    let bytes = STANDARD.decode(event.get(DATA)?).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// How often it was sent again.
pub(crate) fn redrives(event: &Event) -> u32 {
    event.get(REDRIVES).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The event as it was before it died.
pub(crate) fn cleaned(event: &Event) -> Event {
    let mut clean = Event::builder();
    for (name, value) in event.attributes().values().filter(|(name, _)| !PASSING.contains(name)) {
        let text = value.text();
        let added = match (value.kind(), text.parse()) {
            (Kind::Integer, Ok(number)) => clean.integer(name, number),
            (Kind::Boolean, _) => clean.boolean(name, text == "true"),
            _ => clean.attribute(name, text),
        };
        added.expect("it came from an event, where each was allowed and there once");
    }
    clean.build(event.data().clone()).expect("what every event has was not left out")
}

/// The event as it is sent again, once more than before.
pub(crate) fn redriven(event: &Event, redrives: u32) -> Result<Event, EventError> {
    cleaned(event).with(REDRIVES, &redrives.saturating_add(1).to_string())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{event, letter};
    use super::*;

    #[test]
    fn a_dead_letter_says_whose_it_was_and_why() {
        let letter = letter("o-1", "trigger/bill", "exit 101");
        assert_eq!(subscription(&letter), Some("trigger/bill"));
        assert_eq!((to(&letter), code(&letter), &*reason(&letter)), (Some("fn/bill"), Some(101), "exit 101"));
        assert_eq!((attempts(&letter), error(&letter).as_deref()), (Some(5), Some("no field `total`")));
        assert_eq!(since(&letter), Some("2026-11-26T12:00:00Z".parse().unwrap()));
        let before = event("o-1").with(CODE, "500").unwrap();
        assert_eq!((&*reason(&before), attempts(&before)), ("code 500", None), "of an earlier version");
    }

    #[test]
    fn the_event_comes_back_as_it_was() {
        let mut typed = Event::builder();
        for (name, value) in [("id", "1"), ("source", "/s"), ("type", "t"), ("word", "12")] {
            typed.attribute(name, value).unwrap();
        }
        typed.integer("number", -12).unwrap().boolean("yes", true).unwrap();
        let typed = typed.build(bytes::Bytes::from_static(b" {\"a\": 1.10}\n")).unwrap();
        let dead = PASSING.iter().fold(typed.clone(), |event, name| event.with(name, "7").unwrap());
        let back = cleaned(&dead);
        assert_eq!(back, typed);
        assert_eq!(back.attributes().values().last().unwrap().1.kind(), Kind::Boolean);
    }

    #[test]
    fn an_event_that_is_sent_again_counts_it() {
        let letter = letter("o-1", "trigger/bill", "exit 101");
        let once = redriven(&letter, redrives(&letter)).unwrap();
        assert_eq!((redrives(&once), once.get(CODE)), (1, None));
        let twice = redriven(&once, redrives(&once)).unwrap();
        assert_eq!(redrives(&twice), 2);
        assert_eq!(redrives(&cleaned(&twice)), 2, "it stays with the event");
    }
}
