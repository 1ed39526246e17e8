//! Filters: the index finds what a look at each finds, whatever the filters and the events.
//!
//! An input is lines, read from the top, with filters on a stack: `exact a=x&b=y` (`prefix`, `suffix` and `attributes`
//! alike) and `cesql TEXT` put one on it; `not`, `all 2` and `any 2` put the last ones together; `fill 30` puts as many
//! on it that look at other attributes; `event a=x&n#5` adds an event. What stays is an index of filters.

use std::sync::Arc;

use activator::event::{Event, Name};
use activator::filter::{Decision, Expression, Filter, Index};

use super::{Note, lines};

/// More make an input slow and not better.
const FILTERS_MAX: usize = 300;
const EVENTS_MAX: usize = 16;
/// Filters are nested by one line each; evaluation goes down as deep as they are.
const LINES_MAX: usize = 400;

/// Reads the input as filters and events.
pub(crate) fn run(input: &[u8], note: Note<'_>) {
    let input = String::from_utf8_lossy(input);
    let (filters, events) = read(&input);
    if !filters.is_empty() {
        note("parsed");
    }
    let index = Index::build(&filters);
    let mut found = vec![u32::MAX];
    for event in &events {
        index.matches(event, &mut found);
        let scan = filters.iter().zip(0..).filter(|(filter, _)| filter.matches(event));
        let scanned: Vec<u32> = scan.map(|(_, number)| number).collect();
        assert_eq!(found, scanned, "the index against a scan, for {event:?} of {filters:?}");
        note(if found.is_empty() { "none matched" } else { "matched" });
        filters.iter().for_each(|filter| agrees(filter, event));
    }
}

/// All that is said of a filter and an event is the same.
fn agrees(filter: &Arc<Filter>, event: &Event) {
    let passes = filter.matches(event);
    let explanation = filter.explain(event);
    assert_eq!(explanation.decision == Decision::Match, passes, "{filter:?} of {event:?}");
    assert_eq!(filter.refusal(event).is_none(), passes);
    assert!(!explanation.to_string().is_empty() || explanation.clause.is_empty(), "a reason in words");
    let opposite = Filter::Not(Box::new((**filter).clone()));
    let denied = explanation.decision == Decision::NoMatch;
    assert_eq!(opposite.matches(event), denied, "the opposite of {filter:?} for {event:?}");
    if filter.is_always() {
        assert!(passes, "always");
    }
    if let Some((one, other)) = filter.contradiction() {
        assert!(!passes, "{one} contradicts {other}, but {event:?}");
    }
}

fn read(input: &str) -> (Vec<Arc<Filter>>, Vec<Event>) {
    let (mut filters, mut events) = (Vec::new(), Vec::new());
    for line in input.lines().take(LINES_MAX) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "event" if events.len() < EVENTS_MAX => events.push(lines::event_of(rest.split('&'))),
            "fill" => fill(&mut filters, rest),
            _ => stack(&mut filters, word, rest),
        }
        filters.truncate(FILTERS_MAX);
    }
    (filters.into_iter().map(Arc::new).collect(), events)
}

fn stack(filters: &mut Vec<Filter>, word: &str, rest: &str) {
    let last = |filters: &mut Vec<Filter>| {
        let count = rest.parse().unwrap_or(2).min(filters.len());
        filters.split_off(filters.len() - count)
    };
    let filter = match word {
        "exact" => Filter::Exact(pairs(rest)),
        "prefix" => Filter::Prefix(pairs(rest)),
        "suffix" => Filter::Suffix(pairs(rest)),
        "attributes" => Filter::Attributes(pairs(rest)),
        "cesql" => match Expression::parse(rest) {
            Ok(expression) => Filter::Cesql(expression),
            Err(_) => return,
        },
        "all" => Filter::All(last(filters)),
        "any" => Filter::Any(last(filters)),
        "not" => match filters.pop() {
            Some(filter) => Filter::Not(Box::new(filter)),
            None => return,
        },
        _ => return,
    };
    filters.push(filter);
}

fn pairs(text: &str) -> Vec<(Name, Box<str>)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, text)| (Name::new(name), text.into())).collect()
}

/// Filters that look at attributes of their own: with many, an index looks up those of the event.
fn fill(filters: &mut Vec<Filter>, count: &str) {
    let count = count.parse().unwrap_or(0).min(FILTERS_MAX);
    filters.extend((0..count).map(|n| Filter::exact(&format!("x{n}"), "a")));
}
