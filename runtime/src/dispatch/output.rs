//! What a process prints, on its way to the log and to those who ask for it: with whose it is, and which event it worked on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use activator::event::Event;
use activator::id::DeliveryId;

use super::Work;
use super::starting::Start;
use crate::logs::Printed;
use crate::process::{Line, OutputListener, Stream};

/// How long after an answer a line may still be read that was printed before it: while nothing else is in flight, there
/// is none it could be taken for.
const LATE: Duration = Duration::from_millis(100);
/// The same while something else is: how long nobody can tell whose a line is.
const DOUBTFUL: Duration = Duration::from_millis(5);

/// What an instance works on. A clone is the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Bench(Arc<Mutex<Works>>);

#[derive(Debug, Default)]
struct Works {
    in_flight: Vec<(DeliveryId, Option<Event>)>,
    /// What ended last, and when.
    last: Option<(Option<Event>, Instant)>,
}

impl Bench {
    pub(super) fn begin(&self, delivery: DeliveryId, work: &Work) {
        let event = match work {
            Work::Event(event, _) => Some(event.clone()),
            Work::Call(_) => None,
        };
        self.works().in_flight.push((delivery, event));
    }

    pub(super) fn end(&self, delivery: DeliveryId) {
        let mut works = self.works();
        if let Some(at) = works.in_flight.iter().position(|(begun, _)| *begun == delivery) {
            let (_, event) = works.in_flight.swap_remove(at);
            works.last = Some((event, Instant::now()));
        }
    }

    /// The event that a line read at `now` is about, when there is only one: of several, nobody can tell.
    fn only(&self, now: Instant) -> Option<Event> {
        let works = self.works();
        let ended_within = |time: Duration| {
            works.last.as_ref().filter(|(_, end)| now.saturating_duration_since(*end) < time)
        };
        match &works.in_flight[..] {
            [] => ended_within(LATE).and_then(|(event, _)| event.clone()),
            [(_, event)] if ended_within(DOUBTFUL).is_none() => event.clone(),
            _ => None,
        }
    }

    fn works(&self) -> MutexGuard<'_, Works> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the log, and keeps it for those who ask.
pub(super) struct Output {
    pub(super) start: Arc<Start>,
    pub(super) bench: Bench,
}

impl OutputListener for Output {
    fn instance(&self) -> u32 {
        self.start.id.generation
    }

    fn clean(&self, text: String) -> String {
        match self.start.program.terms.secrets.hide(&text) {
            std::borrow::Cow::Owned(hidden) => hidden,
            std::borrow::Cow::Borrowed(_) => text,
        }
    }

    fn line(&self, line: &Line) {
        let event = self.bench.only(Instant::now());
        let event = event.as_ref().map(Event::id);
        tracing::info!(target: "output", function = %self.start.name, instance = line.instance, event, "{line}");
        self.start.logs.push(Printed {
            line: line.clone(),
            function: Arc::clone(&self.start.name),
            revision: self.start.program.revision,
            event: event.map(Into::into),
        });
    }

    fn left_out(&self, lines: u64) {
        tracing::warn!(target: "output", function = %self.start.name, "{lines} lines dropped: it prints too many");
        let text = format!("({lines} lines dropped: it prints too many)").into();
        let (at, stream, instance) = (SystemTime::now(), Stream::Stderr, self.instance());
        self.start.logs.push(Printed {
            line: Line { at, stream, instance, goes_on: false, text },
            function: Arc::clone(&self.start.name),
            revision: self.start.program.revision,
            event: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use activator::delivery::Format;

    use super::*;

    #[test]
    fn a_line_is_about_an_event_only_when_there_is_no_other() {
        let bench = Bench::default();
        let ids = [0, 1].map(|slot| DeliveryId { slot, generation: 0 });
        let begin = |at: usize| {
            let mut event = Event::builder();
            for (name, value) in [("id", format!("e{at}")), ("source", "/".into()), ("type", "x".into())] {
                event.attribute(name, &value).unwrap();
            }
            bench.begin(ids[at], &Work::Event(event.build(bytes::Bytes::new()).unwrap(), Format::Binary));
        };
        let only = |now| bench.only(now).map(|event| event.get("id").unwrap().to_owned());
        let now = Instant::now();
        assert_eq!(only(now), None);
        begin(0);
        assert_eq!(only(now).as_deref(), Some("e0"));
        begin(1);
        assert_eq!(only(now), None, "of two, nobody can tell");
        bench.end(ids[0]);
        let later = Instant::now() + DOUBTFUL;
        assert_eq!(only(Instant::now()), None, "it may be late news of the first");
        assert_eq!(only(later).as_deref(), Some("e1"));
        bench.end(ids[1]);
        assert_eq!(only(Instant::now()).as_deref(), Some("e1"), "read after its answer");
        assert_eq!(only(Instant::now() + LATE), None, "nobody asked for this one");
    }
}
