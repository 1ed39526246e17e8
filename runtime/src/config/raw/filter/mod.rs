//! `filter = ...` and `filters = [...]` as the CloudEvents Subscriptions API has them.

mod cesql;
mod pattern;

use activator::event::Name;
use activator::filter::{Filter, Pair};

use crate::config::codes::Code;
use crate::config::diagnostic::Diagnostic;
use crate::config::source::At;
use crate::config::table::Table;
use crate::config::value::Value;

use cesql::read_expression;

pub(super) use pattern::read_on;

/// The dialects; `attributes` is Knative's older form.
pub(in crate::config) const DIALECTS: &[&str] =
    &["exact", "prefix", "suffix", "all", "any", "not", "cesql", "attributes"];

const FILTER_HELP: &str = "such as \"type = 'order.created'\" (hydrant help cesql), or \
     { exact = { type = \"order.created\" } }; a table of several means all of them";

/// What a trigger or subscription wants: `filters`, if there are any, else `filter`, else everything.
pub(super) fn read(table: &Table<'_>) -> Filter {
    let (one, several) = (table.get("filter"), table.get("filters"));
    if let (Some(one), Some(several)) = (&one, &several)
        && !several.items().is_empty()
    {
        one.problems().report(
            Diagnostic::new(Code::NoEffect, "`filters` is given, so `filter` has no effect")
                .at(&one.place(), "not looked at")
                .at(&several.place(), "this counts")
                .help("remove one of them"),
        );
    }
    let one = one.and_then(|value| Some((read_filter(&value)?, value)));
    let several = several.and_then(|value| Some((read_filters(&value)?, value)));
    let Some((filter, value)) = several.filter(|(filter, _)| !filter.is_always()).or(one) else {
        return Filter::always();
    };
    report_contradiction(&filter, &value);
    filter
}

/// `filters = [...]`: all of them hold, each in one dialect.
fn read_filters(value: &Value<'_>) -> Option<Filter> {
    if !value.is_list() {
        return refuse(value, "not a list of filters", FILTER_HELP);
    }
    let items = value.items();
    let read = items.iter().map(|item| {
        if item.node().as_table().is_some_and(|table| table.len() != 1) {
            return refuse(item, "not exactly one dialect", "write each dialect in a table of its own");
        }
        read_filter(item)
    });
    read.collect::<Vec<_>>().into_iter().collect::<Option<Vec<Filter>>>().map(all)
}

/// `filter = { ... }` or a CESQL expression; no clause at all means every event.
fn read_filter(value: &Value<'_>) -> Option<Filter> {
    if value.is_text() {
        return read_expression(value);
    }
    let table = value.table(&value.called(), DIALECTS)?;
    let dialects = DIALECTS.iter().filter_map(|key| Some((*key, table.get(key)?)));
    let clauses: Vec<Option<Filter>> =
        dialects.map(|(dialect, value)| read_dialect(dialect, &value)).collect();
    clauses.into_iter().collect::<Option<Vec<Filter>>>().map(all)
}

fn read_dialect(dialect: &str, value: &Value<'_>) -> Option<Filter> {
    match dialect {
        "attributes" => pairs(value, Empty::MeansAny).map(Filter::Attributes),
        "exact" => pairs(value, Empty::IsRefused).map(Filter::Exact),
        "prefix" => pairs(value, Empty::IsRefused).map(Filter::Prefix),
        "suffix" => pairs(value, Empty::IsRefused).map(Filter::Suffix),
        "all" => nested(value).map(all),
        "any" => nested(value).map(Filter::Any),
        "cesql" => read_expression(value),
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

/// What an empty text stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    IsRefused,
    MeansAny,
}

/// A map from attributes to texts, every one of which must hold.
fn pairs(value: &Value<'_>, empty: Empty) -> Option<Vec<Pair>> {
    let entries = value.entries(&value.section_inside())?;
    if entries.is_empty() && empty == Empty::IsRefused {
        return refuse(value, "no attribute in it", FILTER_HELP);
    }
    let pairs = entries.iter().map(|(name, value)| {
        let (name, text) = (attribute(name, value), wanted(value, empty)?);
        Some((name?, text.into()))
    });
    pairs.collect::<Vec<_>>().into_iter().collect()
}

/// The name of an attribute, as CloudEvents has them.
fn attribute(name: &At<String>, value: &Value<'_>) -> Option<Name> {
    if is_attribute(&name.value) {
        return Some(Name::new(&name.value));
    }
    value.problems().report(
        Diagnostic::new(Code::FilterForm, format!("`{}` is no attribute of an event", name.value))
            .at(&name.place, "no attribute")
            .help("attributes are written in a-z and 0-9: type, source, subject, id, time or an extension"),
    );
    None
}

/// Whether an event may have an attribute of this name.
pub(super) fn is_attribute(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    !name.is_empty() && name.chars().all(plain) && name != "data"
}

/// The text an attribute is compared with.
fn wanted(value: &Value<'_>, empty: Empty) -> Option<String> {
    if !value.is_text() {
        return refuse(value, "not a text", "attributes are compared as texts: write it in quotes");
    }
    let text = value.text()?.value;
    if text.is_empty() && empty == Empty::IsRefused {
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

/// Clauses of several dialects that leave nothing; within one expression, the expression tells.
fn report_contradiction(filter: &Filter, value: &Value<'_>) {
    if matches!(filter, Filter::Cesql(_)) {
        return;
    }
    if let Some((one, other)) = filter.contradiction() {
        value.problems().report(
            Diagnostic::new(Code::NeverMatches, format!("{} can never match", value.called()))
                .at(&value.place(), format!("{one} and {other} exclude each other"))
                .help("to let either pass, put them into `any`"),
        );
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
