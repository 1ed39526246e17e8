use alloc::{boxed::Box, format, string::String, sync::Arc, vec, vec::Vec};
use bytes::Bytes;

use super::Index;
use crate::event::{Event, Name};
use crate::filter::cesql::Value;
use crate::filter::{Expression, Filter};

/// As random as a test needs, and the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

const NAMES: [&str; 6] = ["type", "source", "subject", "tenant", "n", "specversion"];
const TEXTS: [&str; 14] =
    ["", "a", "ab", "abc", "abd", "b", "bc", "aba", "1.0", "1", "01", "true", "TRUE", "äb"];

fn pair(random: &mut Random) -> (Name, Box<str>) {
    (Name::new(random.pick(&NAMES)), random.pick(&TEXTS).into())
}

fn filter(random: &mut Random, depth: usize) -> Filter {
    let pairs = |random: &mut Random| (0..1 + random.below(2)).map(|_| pair(random)).collect();
    let several = |random: &mut Random| (0..random.below(4)).map(|_| filter(random, depth + 1)).collect();
    match random.below(if depth < 3 { 10 } else { 6 }) {
        0 => Filter::Exact(pairs(random)),
        1 => Filter::Prefix(pairs(random)),
        2 => Filter::Suffix(pairs(random)),
        3 => Filter::Attributes(pairs(random)),
        4 | 8 => Filter::Cesql(Expression::parse(&expression(random, 0)).unwrap()),
        5 => Filter::Called(random.pick(&TEXTS).into()),
        6 => Filter::All(several(random)),
        7 => Filter::Any(several(random)),
        _ => Filter::Not(Box::new(filter(random, depth + 1))),
    }
}

fn expression(random: &mut Random, depth: usize) -> String {
    let (name, text, other) = (random.pick(&NAMES), random.pick(&TEXTS), random.pick(&TEXTS));
    let mut inner = || expression(random, depth + 1);
    if depth < 3 {
        let (left, right) = (inner(), inner());
        match random.below(12) {
            0 | 1 => return format!("({left}) AND ({right})"),
            2 | 3 => return format!("({left}) OR ({right})"),
            4 => return format!("({left}) XOR ({right})"),
            5 => return format!("NOT ({left})"),
            _ => {}
        }
    }
    match random.below(17) {
        12 => format!("{name} < {}", random.below(3)),
        13 => format!("INT({name}) >= {}", random.below(3)),
        14 => format!("{} != {name}", random.below(3)),
        15 => name.into(),
        16 => format!("CONCAT({name}, '{text}') NOT IN ('{other}', {name})"),
        0 => format!("{name} = '{text}'"),
        1 => format!("'{text}' = {name}"),
        2 => format!("{name} != '{text}'"),
        3 => format!("{name} LIKE '{text}%'"),
        4 => format!("{name} LIKE '%{text}'"),
        5 => format!("{name} LIKE '{text}_{other}'"),
        6 => format!("{name} NOT LIKE '{text}%{other}'"),
        7 => format!("{name} IN ('{text}', '{other}')"),
        8 => format!("{name} IN (1, '{text}')"),
        9 => format!("EXISTS {name}"),
        10 => format!("{name} = 1"),
        _ => format!("UPPER({name}) = '{text}'"),
    }
}

fn event(random: &mut Random) -> Event {
    let mut event = Event::builder();
    event.attribute("id", "1").unwrap();
    let word = |random: &mut Random| random.pick(&TEXTS[1..]);
    event.attribute("type", word(random)).unwrap().attribute("source", word(random)).unwrap();
    if random.below(2) == 0 {
        event.attribute("subject", word(random)).unwrap();
    }
    if random.below(2) == 0 {
        event.attribute("tenant", random.pick(&TEXTS)).unwrap();
    }
    match random.below(4) {
        0 => drop(event.attribute("n", random.pick(&TEXTS)).unwrap()),
        1 => drop(event.integer("n", 1).unwrap()),
        2 => drop(event.boolean("n", true).unwrap()),
        _ => {}
    }
    event.build(Bytes::new()).unwrap()
}

fn check(filters: &[Arc<Filter>], random: &mut Random, events: usize) -> usize {
    let index = Index::build(filters);
    let (mut found, mut matches) = (Vec::new(), 0);
    for _ in 0..events {
        let event = event(random);
        index.matches(&event, &mut found);
        let scan = filters.iter().zip(0..).filter(|(filter, _)| filter.matches(&event));
        let scanned: Vec<u32> = scan.map(|(_, number)| number).collect();
        let odd = scanned.iter().chain(&found).find(|n| scanned.contains(n) != found.contains(n));
        let odd = odd.map(|number| &filters[*number as usize]);
        assert!(odd.is_none(), "{event:?} with {odd:?}: index and scan disagree");
        assert_eq!(found, scanned, "ascending, each once");
        matches += found.len();
    }
    matches
}

#[test]
fn the_index_finds_what_a_scan_finds() {
    let mut random = Random(7);
    let mut matches = 0;
    for _ in 0..300 {
        let count = random.below(60);
        let filters: Vec<_> = (0..count).map(|_| Arc::new(filter(&mut random, 0))).collect();
        matches += check(&filters, &mut random, 40);
    }
    assert!(matches > 10_000, "only {matches} matches: these filters prove little");
}

#[test]
fn many_attributes_are_found_as_few_are() {
    let mut random = Random(11);
    let mut filters: Vec<_> = (0..200).map(|_| Arc::new(filter(&mut random, 0))).collect();
    filters.extend((0..100).map(|n| Arc::new(Filter::exact(&format!("x{n}"), "a"))));
    assert!(check(&filters, &mut random, 200) > 1_000);
}

#[test]
fn keys_that_continue_one_another_need_no_deep_stack() {
    let long = "a".repeat(20_000);
    let ends = |n: usize| [Filter::prefix("type", &long[..n]), Filter::suffix("type", &long[..n])];
    let filters: Vec<_> = (1..2_000).flat_map(ends).map(Arc::new).collect();
    let index = Index::build(&filters);
    let mut event = Event::builder();
    event.attribute("id", "1").unwrap().attribute("source", "s").unwrap();
    event.attribute("type", &long[..1_500]).unwrap();
    let event = event.build(Bytes::new()).unwrap();
    let mut found = vec![99];
    index.matches(&event, &mut found);
    assert_eq!(found.len(), 3_000);
}

#[test]
fn the_rarest_text_is_the_door() {
    let filters: Vec<_> = (0..100)
        .map(|n| {
            let text = format!("type = 'order' AND tenant = 't{n}'");
            Arc::new(Filter::Cesql(Expression::parse(&text).unwrap()))
        })
        .collect();
    let index = Index::build(&filters);
    assert_eq!(index.slots.len(), 1);
    assert_eq!(index.slots[0].name.as_str(), "tenant");
}

#[test]
fn an_expression_lets_pass_what_evaluates_to_true_without_an_error() {
    let mut random = Random(3);
    let mut passed = 0;
    for _ in 0..4_000 {
        let text = expression(&mut random, 0);
        let filter = Expression::parse(&text).unwrap();
        for _ in 0..8 {
            let event = event(&mut random);
            let found = filter.evaluate(&event);
            let expected = found.value == Value::Boolean(true) && found.failures.is_empty();
            assert_eq!(
                Filter::Cesql(filter.clone()).matches(&event),
                expected,
                "{text}\n{event:?}\n{found:?}"
            );
            passed += usize::from(expected);
        }
    }
    assert!(passed > 1_000, "only {passed} passed");
}
