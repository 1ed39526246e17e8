//! `runtime.toml` as JSON Schema, for editors: which keys each table takes are those its reader takes, what they are
//! for stands in the manual, and tests hold what they may be against the readers.

mod key;
mod manual;
mod shape;
mod tables;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use manual::Manual;
use tables::{ROOT, TABLES, Table};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// What the readers of durations and sizes take, as far as a pattern can say it; and the rule for names.
const DURATION: &str = r"^\s*([0-9]+\s*[A-Za-zµ]+\s*)+$|^\+?[Pp]";
const SIZE: &str = r"^[0-9][0-9_]*\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)$";
const NAME: &str = "^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$";

pub(super) use key::{Key, NoKey, key};

/// What a schema is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// A `runtime.toml`.
    Runtime,
    /// A `function.toml`, or a sidecar.
    Function,
}

/// The schema; each table that several keys take is told once.
pub(crate) fn schema(of: Of) -> Value {
    let manual = Manual::read();
    let mut defs = Map::from_iter([
        text("duration", DURATION, "Such as \"30s\", \"200ms\", \"1m 30s\" or \"PT0.2S\"."),
        text("size", SIZE, "Such as \"512kB\", \"1MiB\" or \"2GiB\"."),
        text("name", NAME, "1 to 63 of a-z, 0-9, - and _, a letter or digit first and last."),
    ]);
    defs.extend(TABLES.iter().map(|table| (table.name.to_owned(), object(table, &manual))));
    let (title, root) = match of {
        Of::Runtime => ("hydrant's runtime.toml", object(&ROOT, &manual)),
        Of::Function => ("settings of a function of hydrant", json!({"$ref": "#/$defs/function"})),
    };
    let mut schema =
        Map::from_iter([("$schema".to_owned(), DIALECT.into()), ("title".to_owned(), title.into())]);
    schema.extend(root.as_object().cloned().unwrap_or_default());
    schema.insert("$defs".into(), defs.into());
    schema.into()
}

fn text(name: &str, pattern: &str, description: &str) -> (String, Value) {
    (name.into(), json!({"type": "string", "pattern": pattern, "description": description}))
}

fn object(table: &Table, manual: &Manual) -> Value {
    let property = |key: &&'static str| {
        let mut property = (table.shape)(key).map(|shape| shape.json()).unwrap_or_default();
        let told = table.told_in.iter().find_map(|place| manual.key(place, key));
        if let Some(description) = told.and_then(|told| told.sentence.clone()) {
            property.insert("description".into(), description.into());
        }
        if let Some(default) = told.and_then(|told| told.default.clone()) {
            property.insert("default".into(), default);
        }
        ((*key).to_owned(), Value::Object(property))
    };
    let properties: Map<String, Value> = table.keys.iter().map(property).collect();
    let mut object = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !table.required.is_empty() {
        object["required"] = json!(table.required);
    }
    object
}
