//! A value as it is written, found by its path.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::SHORT;

/// A part of a document.
#[derive(Clone, Copy)]
pub(super) enum Written<'d> {
    Table(&'d DeTable<'d>),
    /// With where its key and the value stand.
    Value(&'d Spanned<DeValue<'d>>, usize),
}

impl<'d> Written<'d> {
    pub(super) fn below(self, path: &[String]) -> Option<Self> {
        path.iter().try_fold(self, |at, part| at.entry(part))
    }

    pub(super) fn keys(self) -> Vec<String> {
        let table = match self {
            Self::Table(table) => Some(table),
            Self::Value(value, _) => value.get_ref().as_table(),
        };
        table.into_iter().flatten().map(|(key, _)| key.get_ref().to_string()).collect()
    }

    fn entry(self, part: &str) -> Option<Self> {
        let table = match self {
            Self::Table(table) => table,
            Self::Value(value, _) => value.get_ref().as_table()?,
        };
        let (key, value) = table.iter().find(|(key, _)| {
            let name = key.get_ref();
            // Knative's terms stand behind a prefix of theirs.
            *name == part || name.strip_prefix("autoscaling.knative.dev/") == Some(part)
        })?;
        Some(Self::Value(value, key.span().start))
    }

    /// What a scalar in the place of a table says of this part of it.
    pub(super) fn short(self, key: &str, rest: &[String]) -> Option<Value> {
        let stands_for = SHORT.iter().find(|(short, _)| *short == key).map(|(_, part)| *part);
        let is_meant = matches!(rest, [part] if stands_for == Some(&**part));
        self.value().filter(|value| is_meant && !value.is_object())
    }

    pub(super) fn span(self) -> Range<usize> {
        match self {
            Self::Table(_) => 0..0,
            Self::Value(value, start) => start..value.span().end.max(start),
        }
    }

    pub(super) fn value(self) -> Option<Value> {
        match self {
            Self::Table(_) => None,
            Self::Value(value, _) => Some(plain(value.get_ref())),
        }
    }
}

/// The same without places.
pub(crate) fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => (**text).into(),
        DeValue::Boolean(is) => (*is).into(),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Datetime(time) => time.to_string().into(),
        DeValue::Array(items) => items.iter().map(|item| plain(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                let name: &std::borrow::Cow<'_, str> = key.get_ref();
                (name.to_string(), plain(value.get_ref()))
            };
            table.iter().map(entry).collect()
        }
    }
}
