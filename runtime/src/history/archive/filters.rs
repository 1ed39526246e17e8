//! A filter as it is stored, so that what refused an event can be told by the filter it met, whatever came later.

use activator::event::Name;
use activator::filter::{Expression, Filter, Pair};

use super::wire::{Reading, put_number, put_text};

/// Filters in filters: a damaged file must not go deeper than there is stack.
const DEPTH_MAX: u32 = 128;

const ATTRIBUTES: u8 = 0;
const EXACT: u8 = 1;
const PREFIX: u8 = 2;
const SUFFIX: u8 = 3;
const CALLED: u8 = 4;
const ALL: u8 = 5;
const ANY: u8 = 6;
const NOT: u8 = 7;
const CESQL: u8 = 8;

pub(super) fn put(into: &mut Vec<u8>, filter: &Filter) {
    match filter {
        Filter::Attributes(pairs) => put_pairs(into, ATTRIBUTES, pairs),
        Filter::Exact(pairs) => put_pairs(into, EXACT, pairs),
        Filter::Prefix(pairs) => put_pairs(into, PREFIX, pairs),
        Filter::Suffix(pairs) => put_pairs(into, SUFFIX, pairs),
        Filter::Called(text) => put_tagged(into, CALLED, text),
        Filter::All(filters) => put_several(into, ALL, filters),
        Filter::Any(filters) => put_several(into, ANY, filters),
        Filter::Not(filter) => {
            into.push(NOT);
            put(into, filter);
        }
        Filter::Cesql(expression) => put_tagged(into, CESQL, expression.text()),
    }
}

fn put_tagged(into: &mut Vec<u8>, tag: u8, text: &str) {
    into.push(tag);
    put_text(into, Some(text));
}

fn put_pairs(into: &mut Vec<u8>, tag: u8, pairs: &[Pair]) {
    into.push(tag);
    put_number(into, pairs.len() as u64);
    for (name, text) in pairs {
        put_text(into, Some(name.as_str()));
        put_text(into, Some(text));
    }
}

fn put_several(into: &mut Vec<u8>, tag: u8, filters: &[Filter]) {
    into.push(tag);
    put_number(into, filters.len() as u64);
    filters.iter().for_each(|filter| put(into, filter));
}

pub(super) fn take(from: &mut Reading) -> Option<Filter> {
    take_within(from, DEPTH_MAX)
}

fn take_within(from: &mut Reading, depth: u32) -> Option<Filter> {
    let depth = depth.checked_sub(1)?;
    Some(match from.byte()? {
        ATTRIBUTES => Filter::Attributes(pairs(from)?),
        EXACT => Filter::Exact(pairs(from)?),
        PREFIX => Filter::Prefix(pairs(from)?),
        SUFFIX => Filter::Suffix(pairs(from)?),
        CALLED => Filter::Called((&*from.text()?).into()),
        ALL => Filter::All(several(from, depth)?),
        ANY => Filter::Any(several(from, depth)?),
        NOT => Filter::Not(Box::new(take_within(from, depth)?)),
        CESQL => Filter::Cesql(Expression::parse(&from.text()?).ok()?),
        _ => return None,
    })
}

fn pairs(from: &mut Reading) -> Option<Vec<Pair>> {
    let count = from.count()?;
    (0..count).map(|_| Some((Name::new(&from.text()?), (&*from.text()?).into()))).collect()
}

fn several(from: &mut Reading, depth: u32) -> Option<Vec<Filter>> {
    let count = from.count()?;
    (0..count).map(|_| take_within(from, depth)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_comes_back_as_it_was() {
        let cesql = |text| Filter::Cesql(Expression::parse(text).unwrap());
        let filters = [
            Filter::always(),
            Filter::Attributes(vec![(Name::new("type"), "".into()), (Name::new("region"), "eu".into())]),
            Filter::Called("bill".into()),
            Filter::Any(vec![Filter::prefix("type", "order."), Filter::suffix("source", "/shop")]),
            Filter::Not(Box::new(Filter::All(vec![Filter::exact("type", "ä"), cesql("total > 5 OR TRUE")]))),
        ];
        for filter in filters {
            let mut bytes = Vec::new();
            put(&mut bytes, &filter);
            let length = bytes.len();
            let mut reading = Reading(bytes.clone().into());
            assert_eq!((take(&mut reading), reading.0.len()), (Some(filter), 0));
            bytes.truncate(length - 1);
            assert_eq!(take(&mut Reading(bytes.into())), None, "its end is missing");
        }
    }

    #[test]
    fn one_that_is_nested_without_end_is_none() {
        assert_eq!(take(&mut Reading(vec![NOT; 1 << 20].into())), None);
    }
}
