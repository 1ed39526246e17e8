//! What people and programs see of dead letters: the objects of the admin API and of `-o json`.
//!
//! Field names are public interface: more may be added, none renamed.

use activator::event::{Event, json};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::cases::Case;
use super::{LetterId, facts};

/// One dead letter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LetterView {
    /// What it is called here: `d17`.
    pub(crate) id: String,
    /// The event in the JSON format, with the extensions it died with; in a list without its data. Kept as it is
    /// written: a number of JSON comes through as it came.
    pub(crate) event: Box<RawValue>,
    /// The name of the trigger, subscription or source it was for.
    pub(crate) trigger: String,
    /// `trigger`, `subscription` or `source`.
    pub(crate) kind: String,
    /// `fn/bill`, `channel/orders`, a URL.
    pub(crate) to: String,
    pub(crate) function: Option<String>,
    /// How the last attempt ended, in a word: `exit 101`, `503`, `timeout`.
    pub(crate) reason: String,
    /// The start of what was answered, or what went wrong.
    pub(crate) error: Option<String>,
    pub(crate) code: Option<i32>,
    pub(crate) attempts: Option<u32>,
    /// How often it was sent again before.
    pub(crate) redrives: u32,
    pub(crate) dead_since: Option<String>,
}

/// The letters that died of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupView {
    pub(crate) trigger: String,
    pub(crate) kind: String,
    pub(crate) function: Option<String>,
    pub(crate) reason: String,
    pub(crate) code: Option<i32>,
    pub(crate) count: u64,
    pub(crate) oldest: Option<String>,
    pub(crate) newest: Option<String>,
}

impl LetterView {
    /// With the event's data, or without.
    pub(crate) fn new(id: LetterId, letter: &Event, with_data: bool) -> Self {
        let case = Case::of(letter);
        Self {
            id: id.to_string(),
            event: if with_data { raw(letter) } else { raw(&without_data(letter)) },
            trigger: case.trigger().into(),
            kind: kind(&case),
            function: case.function().map(Into::into),
            error: facts::error(letter),
            attempts: facts::attempts(letter),
            redrives: facts::redrives(letter),
            dead_since: facts::since(letter).map(|time| format!("{time:.3}")),
            to: case.to,
            reason: case.reason,
            code: case.code,
        }
    }

    /// The event, with the extensions it died with.
    pub(crate) fn letter(&self) -> Result<Event, activator::event::EventError> {
        json::decode(&Bytes::copy_from_slice(self.event.get().as_bytes()))
    }
}

impl GroupView {
    pub(super) fn new(case: &Case, count: u64, oldest_ms: i64, newest_ms: i64) -> Self {
        Self {
            trigger: case.trigger().into(),
            kind: kind(case),
            function: case.function().map(Into::into),
            reason: case.reason.clone(),
            code: case.code,
            count,
            oldest: time(oldest_ms),
            newest: time(newest_ms),
        }
    }
}

fn kind(case: &Case) -> String {
    case.subscription.split_once('/').map_or_else(String::new, |(kind, _)| kind.into())
}

/// Nothing where it is not told.
fn time(ms: i64) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(ms).ok().filter(|_| ms != 0);
    time.map(|time| format!("{time:.3}"))
}

fn without_data(event: &Event) -> Event {
    Event::from_stored(event.attributes().block(), Bytes::new()).expect("the block is that of an event")
}

/// In one line.
fn raw(event: &Event) -> Box<RawValue> {
    let mut line = json::encode_line(event);
    line.pop();
    let text = String::from_utf8(line).expect("JSON is UTF-8");
    RawValue::from_string(text).expect("an event is written as JSON")
}

#[cfg(test)]
mod tests {
    use super::super::tests::letter;
    use super::*;
    use activator::id::{Offset, Partition};

    #[test]
    fn a_letter_is_shown_with_all_that_is_known_and_its_numbers_as_they_came() {
        let id = LetterId { partition: Partition(0), offset: Offset(17) };
        let view = LetterView::new(id, &letter("o-1", "trigger/bill", "exit 101"), true);
        let text = serde_json::to_string(&view).unwrap();
        assert!(text.contains("12345678901234567890123.10"), "{text}");
        assert!(!text.contains('\n'), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (name, expected) in [
            ("id", "d17"),
            ("trigger", "bill"),
            ("kind", "trigger"),
            ("function", "bill"),
            ("reason", "exit 101"),
            ("error", "no field `total`"),
            ("dead_since", "2026-11-26T12:00:00.000Z"),
        ] {
            assert_eq!(value[name], expected, "{name}");
        }
        assert_eq!(
            (&value["attempts"], &value["code"], &value["redrives"]),
            (&5.into(), &101.into(), &0.into())
        );
        let back: LetterView = serde_json::from_str(&text).unwrap();
        assert_eq!(
            back.letter().unwrap().attributes(),
            letter("o-1", "trigger/bill", "exit 101").attributes()
        );
        let listed = LetterView::new(id, &letter("o-1", "trigger/bill", "exit 101"), false);
        assert!(!listed.event.get().contains("\"data\""), "{}", listed.event);
    }
}
