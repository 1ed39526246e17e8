//! A filter as the dialects of the Subscriptions API, which Knative's triggers have.

use activator::filter::{Filter, Pair};
use serde_json::{Map, Value, json};

/// What a trigger's spec says of it: nothing of one that every event passes.
pub(super) fn add(filter: &Filter, spec: &mut Value) {
    match filter {
        // The older form says it as it is.
        Filter::Attributes(pairs) => spec["filter"] = json!({ "attributes": map(pairs) }),
        Filter::All(filters) if filters.is_empty() => {}
        Filter::All(filters) => spec["filters"] = filters.iter().map(dialect).collect(),
        one => spec["filters"] = json!([dialect(one)]),
    }
}

/// One filter in one dialect.
fn dialect(filter: &Filter) -> Value {
    match filter {
        Filter::Attributes(pairs) => json!({ "all": pairs.iter().map(attribute).collect::<Value>() }),
        Filter::Exact(pairs) => json!({ "exact": map(pairs) }),
        // No dialect of pairs takes the empty text; what is meant is that the attribute is there.
        Filter::Prefix(pairs) | Filter::Suffix(pairs) if pairs.iter().any(|(_, text)| text.is_empty()) => {
            let word = if matches!(filter, Filter::Prefix(_)) { "prefix" } else { "suffix" };
            let one = |(name, text): &Pair| match text.is_empty() {
                true => is_there(name.as_str()),
                false => json!({ word: { name.as_str(): **text } }),
            };
            alone(pairs.iter().map(one).collect())
        }
        Filter::Prefix(pairs) => json!({ "prefix": map(pairs) }),
        Filter::Suffix(pairs) => json!({ "suffix": map(pairs) }),
        Filter::Called(name) => {
            let suffix = format!(".{name}");
            json!({ "any": [{ "exact": { "type": **name } }, { "suffix": { "type": suffix } }] })
        }
        Filter::All(filters) => json!({ "all": filters.iter().map(dialect).collect::<Value>() }),
        Filter::Any(filters) => json!({ "any": filters.iter().map(dialect).collect::<Value>() }),
        Filter::Not(filter) => json!({ "not": dialect(filter) }),
        Filter::Cesql(expression) => json!({ "cesql": expression.text() }),
    }
}

fn alone(mut filters: Vec<Value>) -> Value {
    if filters.len() == 1 { filters.remove(0) } else { json!({ "all": filters }) }
}

fn attribute((name, text): &Pair) -> Value {
    match text.is_empty() {
        true => is_there(name.as_str()),
        false => json!({ "exact": { name.as_str(): **text } }),
    }
}

fn is_there(name: &str) -> Value {
    json!({ "cesql": format!("EXISTS {name}") })
}

fn map(pairs: &[Pair]) -> Map<String, Value> {
    pairs.iter().map(|(name, text)| (name.as_str().into(), (**text).into())).collect()
}
