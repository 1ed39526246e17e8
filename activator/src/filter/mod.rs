//! Trigger filters: the dialects of the CloudEvents Subscriptions API (section 3.2.4 "Filters").
//!
//! A filter never fails open: what cannot be decided does not match, and [`Filter::refusal`] says why.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use crate::event::Event;

/// A condition on an event's attributes, compared as canonical text, case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Every one holds; none given holds always.
    All(Vec<Self>),
    /// At least one holds.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// The attribute is there and equal to the text.
    Exact(Box<str>, Box<str>),
    /// The attribute is there and starts with the text.
    Prefix(Box<str>, Box<str>),
    /// The attribute is there and ends with the text.
    Suffix(Box<str>, Box<str>),
}

impl Filter {
    /// The filter that every event passes.
    pub const fn always() -> Self {
        Self::All(Vec::new())
    }

    /// Whether the event passes.
    pub fn matches(&self, event: &Event) -> bool {
        let text = |name: &str| event.get(name);
        match self {
            Self::All(filters) => filters.iter().all(|f| f.matches(event)),
            Self::Any(filters) => filters.iter().any(|f| f.matches(event)),
            Self::Not(filter) => !filter.matches(event),
            Self::Exact(name, wanted) => text(name).is_some_and(|t| t == &**wanted),
            Self::Prefix(name, start) => text(name).is_some_and(|t| t.starts_with(&**start)),
            Self::Suffix(name, end) => text(name).is_some_and(|t| t.ends_with(&**end)),
        }
    }

    /// Why the event does not pass: the clause that decided, with the event's value. Nothing when it passes.
    pub fn refusal(&self, event: &Event) -> Option<String> {
        if self.matches(event) {
            return None;
        }
        Some(match self {
            Self::All(filters) => filters.iter().find_map(|f| f.refusal(event)).unwrap_or_default(),
            Self::Any(filters) => {
                let clauses: Vec<String> = filters.iter().filter_map(|f| f.refusal(event)).collect();
                if clauses.is_empty() { "no alternative given".into() } else { clauses.join("; ") }
            }
            Self::Not(filter) => format!("not ({})", filter.describe()),
            Self::Exact(name, _) | Self::Prefix(name, _) | Self::Suffix(name, _) => {
                let found = event.get(name);
                let found = found.map_or_else(|| format!("has no {name}"), |t| format!("has \"{t}\""));
                format!("{} (event {found})", self.describe())
            }
        })
    }

    /// The filter in one line, as a person would write it.
    pub fn describe(&self) -> String {
        let list = |filters: &[Self], word: &str| {
            let clauses: Vec<String> = filters.iter().map(Self::describe).collect();
            clauses.join(word)
        };
        match self {
            Self::All(filters) if filters.is_empty() => "every event".into(),
            Self::All(filters) => list(filters, " and "),
            Self::Any(filters) => format!("({})", list(filters, " or ")),
            Self::Not(filter) => format!("not ({})", filter.describe()),
            Self::Exact(name, wanted) => format!("{name} = \"{wanted}\""),
            Self::Prefix(name, start) => format!("{name} = \"{start}*\""),
            Self::Suffix(name, end) => format!("{name} = \"*{end}\""),
        }
    }
}

#[cfg(test)]
mod tests;
