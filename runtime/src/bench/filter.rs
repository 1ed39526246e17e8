//! What it takes to match an event: one expression, and one event against many triggers.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use activator::event::{Event, Name};
use activator::filter::{Expression, Filter, Index};
use anyhow::anyhow;
use bytes::Bytes;
use serde_json::{Value, json};

use super::pace::{self, Others, Row, Work, again, measure, thread_time};

/// Expressions, what each is to take (ns), and what the engines of sdk-go 2.16.2 and cloudevents-sql 4.0.1 took for it,
/// the best of several runs on two cores of a shared machine.
const EXPRESSIONS: [(&str, f64, Others); 5] = [
    ("type = 'com.example.order.created'", 15.0, &[("Go", 140.0), ("Java", 209.0)]),
    ("type LIKE 'com.example.%' AND source LIKE '%source'", 60.0, &[("Go", 402.0), ("Java", 245.0)]),
    ("tenant IN ('us', 'ap', 'af', 'eu') AND EXISTS subject", 60.0, &[("Go", 821.0), ("Java", 663.0)]),
    ("INT(priority) > 5 AND sequence < 100 OR tenant = 'root'", 60.0, &[("Go", 1598.0), ("Java", 153.0)]),
    (
        "tenant = 'us' OR type LIKE '%.paid' OR UPPER(LEFT(subject, 5)) = 'ORDER'",
        60.0,
        &[("Go", 1578.0), ("Java", 910.0)],
    ),
];

/// What parsing is to take, ns, and what parsing the first expression took elsewhere.
const PARSE: (f64, Others) = (3_000.0, &[("Go", 13_364.0), ("Java", 2_470.0)]);

/// Numbers of triggers, and what an event is to take against them, ns.
const SIZES: [(usize, f64); 2] = [(10_000, 150.0), (100_000, 300.0)];

/// Events that take turns.
const EVENTS: usize = 64;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Report {
    rows: Vec<Row>,
    indexes: Vec<Built>,
}

/// What an index costs.
#[derive(Debug)]
struct Built {
    triggers: usize,
    build_ms: f64,
    bytes_a_trigger: f64,
    matches_an_event: f64,
}

pub(crate) fn measure_all() -> anyhow::Result<Report> {
    let mut rows = expressions()?;
    let mut indexes = Vec::new();
    for (triggers, target) in SIZES {
        let (row, built) = index(triggers, target)?;
        rows.push(row);
        indexes.push(built);
    }
    Ok(Report { rows, indexes })
}

/// Each expression beside the same condition written in Rust.
fn expressions() -> anyhow::Result<Vec<Row>> {
    let event = event("com.example.order.created", "eu", "http://localhost/source", "orders/17")?;
    let [ty, source, tenant, subject, priority, sequence] =
        ["type", "source", "tenant", "subject", "priority", "sequence"].map(Name::new);
    let text = |name: &Name| event.value(name).map_or(&b""[..], |value| value.bytes());
    let number = |name: &Name| event.value(name).and_then(|value| value.text().parse::<i32>().ok());
    let by_hand: [&dyn Fn() -> bool; 5] = [
        &|| text(&ty) == b"com.example.order.created",
        &|| text(&ty).starts_with(b"com.example.") && text(&source).ends_with(b"source"),
        &|| [&b"us"[..], b"ap", b"af", b"eu"].contains(&text(&tenant)) && event.value(&subject).is_some(),
        &|| {
            number(&priority).is_some_and(|n| n > 5)
                && (number(&sequence).is_some_and(|n| n < 100) || text(&tenant) == b"root")
        },
        &|| {
            text(&tenant) == b"us"
                || text(&ty).ends_with(b".paid")
                || text(&subject).get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case(b"order"))
        },
    ];
    let parse = |text: &str| Expression::parse(text).map_err(|wrong| anyhow!("{text}: {}", wrong[0].what));
    let filters = EXPRESSIONS.iter().map(|(text, ..)| Ok(Filter::Cesql(parse(text)?)));
    let filters = filters.collect::<anyhow::Result<Vec<_>>>()?;
    let mut works: Vec<Work<'_>> = Vec::new();
    for (filter, by_hand) in filters.iter().zip(by_hand) {
        works.extend([again(|| filter.matches(black_box(&event))), again(by_hand)]);
    }
    works.extend(EXPRESSIONS.iter().map(|(text, ..)| again(|| Expression::parse(black_box(text)))));
    let times = measure(works)?;
    let (pairs, parses) = times.split_at(2 * EXPRESSIONS.len());
    let evaluated =
        EXPRESSIONS.iter().zip(pairs.chunks_exact(2)).map(|((text, target, others), times)| Row {
            what: (*text).into(),
            ns: times[0],
            target: *target,
            beside: "the same in Rust",
            beside_ns: times[1],
            others,
        });
    let slowest = parses.iter().copied().fold(0.0, f64::max);
    let parsed = Row {
        what: "parse the slowest of these".into(),
        ns: slowest,
        target: PARSE.0,
        beside: "parse the first",
        beside_ns: parses[0],
        others: PARSE.1,
    };
    Ok(evaluated.chain([parsed]).collect())
}

/// An index of so many triggers, beside one look into a hash table of their types.
fn index(triggers: usize, target: f64) -> anyhow::Result<(Row, Built)> {
    let filters: Vec<Arc<Filter>> =
        (0..triggers).map(|n| Ok(Arc::new(mixed(n, triggers)?))).collect::<anyhow::Result<_>>()?;
    let begin = thread_time()?;
    let index = Index::build(&filters);
    let build_ms = (thread_time()?.saturating_sub(begin)).as_secs_f64() * 1e3;
    let events: Vec<Event> = (0..EVENTS).map(|n| one_of(n, triggers)).collect::<anyhow::Result<_>>()?;
    let mut found = Vec::new();
    let matches: usize = events
        .iter()
        .map(|event| {
            index.matches(event, &mut found);
            found.len()
        })
        .sum();
    let types: HashMap<String, usize> = (0..triggers).map(|n| (type_of(n, triggers), n)).collect();
    let (mut turns, mut other_turns) = (events.iter().cycle(), events.iter().cycle());
    let works = vec![
        again(|| turns.next().map(|event| index.matches(event, &mut found))),
        again(|| other_turns.next().and_then(|event| types.get(event.ty()))),
    ];
    let times = measure(works)?;
    let row = Row {
        what: format!("an event against {triggers} triggers"),
        ns: times[0],
        target,
        beside: "one HashMap::get",
        beside_ns: times[1],
        others: &[],
    };
    let built = Built {
        triggers,
        build_ms,
        bytes_a_trigger: index.size() as f64 / triggers as f64,
        matches_an_event: matches as f64 / EVENTS as f64,
    };
    Ok((row, built))
}

/// Triggers of all sorts, as many people's together: equalities most, then CESQL, beginnings and ends.
fn mixed(n: usize, of: usize) -> anyhow::Result<Filter> {
    let cesql = |text: String| match Expression::parse(&text) {
        Ok(expression) => Ok(Filter::Cesql(expression)),
        Err(wrong) => Err(anyhow!("{text}: {}", wrong[0].what)),
    };
    Ok(match n % 20 {
        0..=7 => Filter::exact("type", &type_of(n, of)),
        8..=10 => cesql(format!("type = 'com.example.order.created' AND tenant = 't{n}'"))?,
        11 | 12 => Filter::prefix("source", &format!("/shop/{n}/")),
        13 | 14 => Filter::suffix("subject", &format!("-{n}")),
        15 => cesql(format!("source LIKE '/region/{n}/%' AND INT(priority) > 5"))?,
        16 => cesql(format!("tenant IN ('a{n}', 'b{n}') AND EXISTS subject"))?,
        17 => cesql(format!("type = 'x.{n}' OR subject = 's.{n}'"))?,
        18 => Filter::All(vec![
            Filter::exact("type", &format!("com.example.all{n}")),
            Filter::Not(Box::new(Filter::suffix("subject", "-test"))),
        ]),
        _ => Filter::prefix("type", &format!("com.acme.{n}.")),
    })
}

fn type_of(n: usize, of: usize) -> String {
    format!("com.example.service{}.event{}", n % (of / 4), n % 7)
}

/// An event that some of the triggers want: about four of each sort of them.
fn one_of(n: usize, of: usize) -> anyhow::Result<Event> {
    let at = n * (of / EVENTS) / 20 * 20;
    let tenant = format!("t{}", at + 9);
    event(&type_of(at, of), &tenant, &format!("/shop/{}/till", at + 11), &format!("order-{}", at + 13))
}

fn event(ty: &str, tenant: &str, source: &str, subject: &str) -> anyhow::Result<Event> {
    let mut event = Event::builder();
    for (name, value) in [
        ("id", "5f2b1c1e-9c1d-4a6e"),
        ("source", source),
        ("type", ty),
        ("time", "2026-11-25T12:00:00Z"),
        ("datacontenttype", "application/json"),
        ("subject", subject),
        ("tenant", tenant),
        ("priority", "9"),
        ("sequence", "42"),
    ] {
        event.attribute(name, value)?;
    }
    Ok(event.build(Bytes::from_static(b"{\"total\":12}"))?)
}

impl Report {
    pub(crate) fn text(&self) -> String {
        let indexes = self.indexes.iter().map(|built| {
            format!(
                "{} triggers: built in {:.1} ms, {:.0} B a trigger, {:.1} of them match an event\n",
                built.triggers, built.build_ms, built.bytes_a_trigger, built.matches_an_event
            )
        });
        pace::text(&self.rows) + &indexes.collect::<String>()
    }

    pub(crate) fn json(&self) -> Value {
        let indexes: Value = self
            .indexes
            .iter()
            .map(|built| {
                json!({
                    "triggers": built.triggers, "build_ms": built.build_ms,
                    "bytes_a_trigger": built.bytes_a_trigger, "matches_an_event": built.matches_an_event,
                })
            })
            .collect();
        json!({ "rows": pace::json(&self.rows), "indexes": indexes })
    }
}
