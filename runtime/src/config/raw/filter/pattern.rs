//! The short form `on`: a map of attributes, a list of maps, or a CESQL expression.

use activator::event::Name;
use activator::filter::Filter;

use crate::config::value::Value;

use super::{Empty, all, attribute, read_expression, refuse, wanted};

const ON_HELP: &str = "such as { type = \"order.*\" }, or a list of such tables, one of which must hold, or a CESQL \
     expression (hydrant help cesql)";

/// `on = { attribute = "text" | "*end" | "start*" }`, an expression, or a list of these.
pub(in crate::config::raw) fn read_on(value: &Value<'_>) -> Option<Filter> {
    if !value.is_list() {
        return read_one(value);
    }
    let items = value.items();
    if items.is_empty() {
        return refuse(value, "no alternative in it", ON_HELP);
    }
    let alternatives: Vec<Option<Filter>> = items.iter().map(read_one).collect();
    let mut alternatives = alternatives.into_iter().collect::<Option<Vec<Filter>>>()?;
    match alternatives.len() {
        1 => alternatives.pop(),
        _ => Some(Filter::Any(alternatives)),
    }
}

fn read_one(value: &Value<'_>) -> Option<Filter> {
    if value.is_text() {
        return read_expression(value);
    }
    let entries = value.entries(&value.section_inside())?;
    let clauses = entries.iter().map(|(name, value)| {
        let (name, text) = (attribute(name, value), wanted(value, Empty::IsRefused)?);
        pattern(&name?, &text, value)
    });
    clauses.collect::<Vec<_>>().into_iter().collect::<Option<Vec<Filter>>>().map(all)
}

fn pattern(name: &Name, text: &str, value: &Value<'_>) -> Option<Filter> {
    let (start, end) = (text.strip_suffix('*'), text.strip_prefix('*'));
    let filter = match (start, end) {
        // "*" alone: there, with any value.
        (Some(start), _) if !start.contains('*') => Filter::prefix(name.as_str(), start),
        (_, Some(end)) if !end.contains('*') => Filter::suffix(name.as_str(), end),
        (None, None) if !text.contains('*') => Filter::exact(name.as_str(), text),
        _ => {
            return refuse(
                value,
                "more than one `*`, or one inside",
                "one `*`, first or last; `filter` can say more",
            );
        }
    };
    Some(filter)
}
