//! A document of TOML or YAML as a tree whose nodes know where they stand.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::plain;

/// A value and its line; behind a key, that of the key.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Default for Kind {
    fn default() -> Self {
        Self::Map(Vec::new())
    }
}

impl Node {
    /// The documents of a text.
    ///
    /// # Errors
    /// `LINE:COLUMN: why` where it is no YAML.
    pub(super) fn of_yaml(text: &str) -> Result<Vec<Self>, String> {
        serde_saphyr::from_multiple(text).map_err(|error| {
            let why = error.without_snippet().to_string();
            let why = why.lines().next().unwrap_or_default().to_owned();
            let place = error.location().map(|at| format!("{}:{}: ", at.line(), at.column()));
            format!("{}{why}", place.unwrap_or_default())
        })
    }

    /// A text that was read without an error before.
    pub(super) fn of_toml(text: &str) -> Self {
        let (table, _) = DeTable::parse_recoverable(text);
        Self { line: 1, kind: of_table(table.get_ref(), text) }
    }

    /// The same without places.
    pub(super) fn plain(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => items.iter().map(Self::plain).collect(),
            Kind::Map(entries) => entries.iter().map(|(key, node)| (key.clone(), node.plain())).collect(),
        }
    }

    /// A scalar as a text, however it is written.
    pub(super) fn text(&self) -> Option<String> {
        match &self.kind {
            Kind::Scalar(Value::String(text)) => Some(text.clone()),
            Kind::Scalar(value) if !value.is_null() => Some(value.to_string()),
            _ => None,
        }
    }
}

fn of_table(table: &DeTable<'_>, text: &str) -> Kind {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        (name.to_string(), Node { line: line(text, key.span().start), kind: of_value(value.get_ref(), text) })
    };
    Kind::Map(entries.into_iter().map(entry).collect())
}

fn of_value(value: &DeValue<'_>, text: &str) -> Kind {
    match value {
        DeValue::Array(items) => {
            let item = |item: &toml::Spanned<DeValue<'_>>| Node {
                line: line(text, item.span().start),
                kind: of_value(item.get_ref(), text),
            };
            Kind::List(items.iter().map(item).collect())
        }
        DeValue::Table(table) => of_table(table, text),
        scalar => Kind::Scalar(plain(scalar)),
    }
}

/// Of a place in a text, from 1.
fn line(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        let line = usize::try_from(spanned.referenced.line()).unwrap_or_default();
        Ok(Self { line, kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, is: bool) -> Result<Kind, E> {
        Ok(Kind::Scalar(is.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Kind, E> {
        Ok(Kind::Scalar(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Kind, E> {
        Ok(Kind::Scalar(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Kind, E> {
        Ok(Kind::Scalar(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Kind, E> {
        Ok(Kind::Scalar(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Kind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let mut node: Node = entries.next_value()?;
            node.line = usize::try_from(key.referenced.line()).unwrap_or(node.line);
            map.push((key.value, node));
        }
        Ok(Kind::Map(map))
    }
}
