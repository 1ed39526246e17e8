//! `filter = { ... }` as the CloudEvents Subscriptions API has it, and the short form `on = { ... }`.

use activator::filter::Filter;

use crate::config::codes::Code;
use crate::config::diagnostic::Diagnostic;
use crate::config::source::At;
use crate::config::value::Value;

/// The dialects.
pub(in crate::config) const DIALECTS: &[&str] = &["exact", "prefix", "suffix", "all", "any", "not"];

const FILTER_HELP: &str =
    "such as { exact = { type = \"order.created\" } }; a table of several means all of them";
const ON_HELP: &str = "such as { type = \"order.*\" }, or a list of such tables, one of which must hold";

/// `filter = { ... }`; no clause at all means every event.
pub(super) fn read_filter(value: &Value<'_>) -> Option<Filter> {
    if value.is_text() {
        return refuse(value, "CESQL filters are not built yet", FILTER_HELP);
    }
    let table = value.table(&value.called(), DIALECTS)?;
    let dialects = DIALECTS.iter().filter_map(|key| Some((*key, table.get(key)?)));
    let clauses: Vec<Option<Filter>> =
        dialects.map(|(dialect, value)| read_dialect(dialect, &value)).collect();
    clauses.into_iter().collect::<Option<Vec<Filter>>>().map(all)
}

fn read_dialect(dialect: &str, value: &Value<'_>) -> Option<Filter> {
    match dialect {
        "exact" => attributes(value, Filter::Exact),
        "prefix" => attributes(value, Filter::Prefix),
        "suffix" => attributes(value, Filter::Suffix),
        "all" => nested(value).map(all),
        "any" => nested(value).map(Filter::Any),
        _ => clause(value).map(|filter| Filter::Not(Box::new(filter))),
    }
}

/// The filters of `all` or `any`.
fn nested(value: &Value<'_>) -> Option<Vec<Filter>> {
    if !value.is_list() {
        return refuse(value, "not a list of filters", FILTER_HELP);
    }
    let items = value.items();
    if items.is_empty() {
        return refuse(value, "no filter in it", FILTER_HELP);
    }
    items.iter().map(clause).collect::<Vec<_>>().into_iter().collect()
}

/// A filter inside another: it must say something.
fn clause(value: &Value<'_>) -> Option<Filter> {
    if value.is_empty_table() {
        return refuse(value, "an empty filter", FILTER_HELP);
    }
    read_filter(value)
}

/// A map from attributes to texts, every one of which must hold.
fn attributes(value: &Value<'_>, make: fn(Box<str>, Box<str>) -> Filter) -> Option<Filter> {
    let entries = value.entries(&value.section_inside())?;
    if entries.is_empty() {
        return refuse(value, "no attribute in it", FILTER_HELP);
    }
    let clauses = entries.iter().map(|(name, value)| {
        let (name, text) = (attribute(name, value), wanted(value)?);
        Some(make(name?, text.into()))
    });
    clauses.collect::<Vec<_>>().into_iter().collect::<Option<Vec<Filter>>>().map(all)
}

/// `on = { attribute = "text" | "*end" | "start*" }`, or a list of these.
pub(super) fn read_on(value: &Value<'_>) -> Option<Filter> {
    if value.is_text() {
        return refuse(value, "CESQL filters are not built yet", ON_HELP);
    }
    if !value.is_list() {
        return read_pattern_map(value);
    }
    let items = value.items();
    if items.is_empty() {
        return refuse(value, "no alternative in it", ON_HELP);
    }
    let alternatives: Vec<Option<Filter>> = items.iter().map(read_pattern_map).collect();
    let mut alternatives = alternatives.into_iter().collect::<Option<Vec<Filter>>>()?;
    match alternatives.len() {
        1 => alternatives.pop(),
        _ => Some(Filter::Any(alternatives)),
    }
}

fn read_pattern_map(value: &Value<'_>) -> Option<Filter> {
    if value.is_text() {
        return refuse(value, "CESQL filters are not built yet", ON_HELP);
    }
    let entries = value.entries(&value.section_inside())?;
    let clauses = entries.iter().map(|(name, value)| {
        let (name, text) = (attribute(name, value), wanted(value)?);
        pattern(name?, &text, value)
    });
    clauses.collect::<Vec<_>>().into_iter().collect::<Option<Vec<Filter>>>().map(all)
}

fn pattern(name: Box<str>, text: &str, value: &Value<'_>) -> Option<Filter> {
    let (start, end) = (text.strip_suffix('*'), text.strip_prefix('*'));
    let filter = match (start, end) {
        // "*" alone: there, with any value.
        (Some(start), _) if !start.contains('*') => Filter::Prefix(name, start.into()),
        (_, Some(end)) if !end.contains('*') => Filter::Suffix(name, end.into()),
        (None, None) if !text.contains('*') => Filter::Exact(name, text.into()),
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

/// The name of an attribute, as CloudEvents has them.
fn attribute(name: &At<String>, value: &Value<'_>) -> Option<Box<str>> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !name.value.is_empty() && name.value.chars().all(plain) && name.value != "data" {
        return Some((*name.value).into());
    }
    value.problems().report(
        Diagnostic::new(Code::FilterForm, format!("`{}` is no attribute of an event", name.value))
            .at(&name.place, "no attribute")
            .help("attributes are written in a-z and 0-9: type, source, subject, id, time or an extension"),
    );
    None
}

/// The text an attribute is compared with.
fn wanted(value: &Value<'_>) -> Option<String> {
    if !value.is_text() {
        return refuse(value, "not a text", "attributes are compared as texts: write it in quotes");
    }
    let text = value.text()?.value;
    if text.is_empty() {
        return refuse(
            value,
            "empty",
            "the specification allows no empty values; `on` takes \"*\" for: there, whatever it is",
        );
    }
    Some(text)
}

/// All of them; one alone is itself.
fn all(mut clauses: Vec<Filter>) -> Filter {
    match clauses.len() {
        1 => clauses.remove(0),
        _ => Filter::All(clauses),
    }
}

fn refuse<T>(value: &Value<'_>, why: &str, help: &str) -> Option<T> {
    value.problems().report(
        Diagnostic::new(Code::FilterForm, format!("{} is no filter", value.called()))
            .at(&value.place(), why)
            .help(help),
    );
    None
}
