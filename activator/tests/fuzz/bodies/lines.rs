//! Events in lines: `name=text`, `name#5` for an integer, `name?true` for a boolean; what no attribute can be is
//! left out, and what every event has is added.

use activator::event::{Event, EventError};
use bytes::Bytes;

/// What stands between an expression and the event it is held against.
pub(crate) const SEPARATOR: &str = "\n---\n";

/// The text of an input up to the line of three dashes, and the event behind it.
pub(crate) fn split(input: &str) -> (&str, Event) {
    let (text, event) = input.split_once(SEPARATOR).unwrap_or((input, ""));
    (text, event_of(event.lines()))
}

/// The event of these lines.
pub(crate) fn event_of<'l>(lines: impl Iterator<Item = &'l str>) -> Event {
    let mut event = Event::builder();
    for line in lines {
        drop(add(&mut event, line));
    }
    for (name, text) in [("id", "1"), ("source", "/s"), ("type", "t")] {
        if !event.has(name) {
            event.attribute(name, text).expect("there is room for what every event has");
        }
    }
    event.build(Bytes::new()).expect("nothing required is missing")
}

fn add(event: &mut activator::event::Builder, line: &str) -> Result<(), EventError> {
    // Few and short enough to leave room.
    const LINE_MAX: usize = 1000;
    let kind = line.find(['=', '#', '?']).filter(|_| line.len() <= LINE_MAX);
    let Some(at) = kind else { return Ok(()) };
    let (name, text) = (&line[..at], &line[at + 1..]);
    if name == "specversion" {
        return Ok(());
    }
    match line.as_bytes()[at] {
        b'#' => text.parse().map_or(Ok(()), |number| event.integer(name, number).map(drop)),
        b'?' => text.parse().map_or(Ok(()), |truth| event.boolean(name, truth).map(drop)),
        _ => event.attribute(name, text).map(drop),
    }
}
