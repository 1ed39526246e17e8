//! Whether there is a key, and what it is when nobody says it.

use serde_json::Value;

use super::manual::Manual;
use super::shape::Shape;
use super::tables::{ROOT, TABLES, Table};
use crate::config::explain::SHORT;

/// A key that there is.
#[derive(Debug)]
pub(in crate::config) struct Key {
    /// Nothing where it may be left out and is nothing then, or the manual gives an example only.
    pub(in crate::config) default: Option<Value>,
}

/// The first part of a path that there is not.
#[derive(Debug)]
pub(in crate::config) struct NoKey {
    pub(in crate::config) part: String,
    pub(in crate::config) within: String,
    /// Those that there are.
    pub(in crate::config) keys: Vec<&'static str>,
}

/// The key at a path: `function.bill.timeout.request`.
pub(in crate::config) fn key(path: &[&str]) -> Result<Key, NoKey> {
    let manual = Manual::read();
    let (mut shape, mut default) = (Shape::Table(ROOT.name), None);
    for (at, &part) in path.iter().enumerate() {
        let no_key = |keys| NoKey { part: part.into(), within: path[..at].join("."), keys };
        shape = match below(&shape) {
            Some(Below::Keys(table)) => {
                let known = table.keys.iter().find(|key| **key == part);
                let known = known.ok_or_else(|| no_key(table.keys.to_vec()))?;
                default = told(&manual, table, known)
                    .or_else(|| inner(default.as_ref(), path[at.saturating_sub(1)], part));
                (table.shape)(known).unwrap_or(Shape::Nothing)
            }
            Some(Below::Names(shape)) => {
                default = None;
                shape
            }
            None => return Err(no_key(Vec::new())),
        };
    }
    // What the manual says of delivery is not so for sources, which have the times of Knative's.
    let is_of_source = matches!(path, ["source", _, "delivery", ..]);
    Ok(Key { default: default.filter(|_| !is_of_source) })
}

enum Below {
    Keys(&'static Table),
    Names(Shape),
}

fn below(shape: &Shape) -> Option<Below> {
    match shape {
        Shape::Table(name) if *name == ROOT.name => Some(Below::Keys(&ROOT)),
        Shape::Table(name) => TABLES.iter().find(|table| table.name == *name).map(Below::Keys),
        Shape::Map(of) | Shape::Named(of) => Some(Below::Names((**of).clone())),
        Shape::Any(shapes) => shapes.iter().find_map(below),
        _ => None,
    }
}

fn told(manual: &Manual, table: &Table, key: &str) -> Option<Value> {
    table.told_in.iter().find_map(|place| manual.key(place, key)?.default.clone())
}

/// A part of what a whole table is by default.
fn inner(whole: Option<&Value>, key: &str, part: &str) -> Option<Value> {
    match whole? {
        Value::Object(table) => table.get(part).cloned(),
        scalar => SHORT.contains(&(key, part)).then(|| scalar.clone()),
    }
}
