//! What a key takes, and how JSON Schema says that.

use serde_json::{Map, Value, json};

/// What a key takes.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Text,
    Duration,
    Size,
    Boolean,
    /// `false`, and not `true`.
    False,
    /// A key that is known so that it can be refused with a reason.
    Nothing,
    /// A whole number from the one to the other, if there is one.
    Integer(i64, Option<i64>),
    /// A number from the one to the other.
    Number(f64, f64),
    OneOf(Vec<&'static str>),
    List(Box<Self>),
    /// One of a table that is told of elsewhere.
    Table(&'static str),
    /// A table with names of the user's own as keys.
    Map(Box<Self>),
    /// The same, where the names are those of functions, brokers and so on.
    Named(Box<Self>),
    Any(Vec<Self>),
}

/// As many as there may be of anything.
const COUNT_MAX: i64 = u32::MAX as i64;

impl Shape {
    pub(super) const fn count_from(least: i64) -> Self {
        Self::Integer(least, Some(COUNT_MAX))
    }

    pub(super) fn list(item: Self) -> Self {
        Self::List(Box::new(item))
    }

    /// A list, or one alone.
    pub(super) fn one_or_many(item: Self) -> Self {
        Self::Any(vec![item.clone(), Self::list(item)])
    }

    pub(super) fn map(of: Self) -> Self {
        Self::Map(Box::new(of))
    }

    pub(super) fn named(table: &'static str) -> Self {
        Self::Named(Box::new(Self::Table(table)))
    }

    /// The words of a key that takes one of a few.
    pub(super) fn one_of<T>(choices: &[(&'static str, T)]) -> Self {
        Self::OneOf(choices.iter().map(|(word, _)| *word).collect())
    }

    /// The keyword of JSON Schema and its value, for each.
    pub(super) fn json(&self) -> Map<String, Value> {
        let value = match self {
            Self::Text => json!({"type": "string"}),
            Self::Duration => reference("duration"),
            Self::Size => reference("size"),
            Self::Boolean => json!({"type": "boolean"}),
            Self::False => json!({"const": false}),
            Self::Nothing => json!({"not": {}}),
            Self::Integer(i64::MIN, None) => json!({"type": "integer"}),
            Self::Integer(least, None) => json!({"type": "integer", "minimum": least}),
            Self::Integer(least, Some(most)) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Self::Number(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
            Self::OneOf(words) => json!({"enum": words}),
            Self::List(item) => json!({"type": "array", "items": item.json()}),
            Self::Table(name) => reference(name),
            Self::Map(of) => json!({"type": "object", "additionalProperties": of.json()}),
            Self::Named(of) => json!({
                "type": "object",
                "propertyNames": reference("name"),
                "additionalProperties": of.json(),
            }),
            Self::Any(shapes) => json!({"anyOf": shapes.iter().map(Self::json).collect::<Vec<_>>()}),
        };
        value.as_object().cloned().expect("each of them is an object")
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}
