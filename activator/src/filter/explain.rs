//! Why an event passes a filter or does not: the clause that decided, with what the event has.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, ops::Range};

use super::Filter;
use super::Truth;
use super::cesql::{Expression, Span};
use super::dialect::Pair;
use crate::event::{Event, Name};

/// What a filter says of an event, and which part of it decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it passes.
    pub decision: Decision,
    /// Where in the filter the clause is: `all[0].prefix`; empty where the filter is one clause.
    pub path: String,
    /// The clause, as a person would write it: `type = "audit.*"`, or a part of a CESQL expression.
    pub clause: String,
    /// The CESQL expression the clause is a part of.
    pub expression: Option<Expression>,
    /// Where in it the clause is.
    pub span: Option<Span>,
    /// The attributes the clause names, with what the event has of them.
    pub attributes: Vec<(Name, Option<String>)>,
    /// Why the clause gave nothing that could count.
    pub failure: Option<String>,
}

/// Whether an event passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It passes.
    Match,
    /// It does not.
    NoMatch,
    /// The clause failed, so it does not.
    Error,
}

impl Filter {
    /// Why the event passes or does not.
    pub fn explain(&self, event: &Event) -> Explanation {
        let truth = self.truth(event);
        let mut explanation = self.decider(event, truth);
        explanation.decision = match truth {
            Truth::True => Decision::Match,
            Truth::False => Decision::NoMatch,
            Truth::Failed => Decision::Error,
        };
        explanation.path = explanation.path.trim_matches('.').to_string();
        explanation
    }

    /// Why the event does not pass, in a line; nothing when it does.
    pub fn refusal(&self, event: &Event) -> Option<String> {
        let explanation = self.explain(event);
        (explanation.decision != Decision::Match).then(|| explanation.to_string())
    }

    fn decider(&self, event: &Event, truth: Truth) -> Explanation {
        match self {
            Self::Attributes(pairs) | Self::Exact(pairs) | Self::Prefix(pairs) | Self::Suffix(pairs) => {
                self.of_pairs(pairs, event, truth)
            }
            Self::Called(text) => Self::called_in_full(text).decider(event, truth),
            Self::All(filters) => self.of_several("all", filters, event, truth, Truth::True),
            Self::Any(filters) => self.of_several("any", filters, event, truth, Truth::False),
            Self::Not(filter) => {
                let inner = filter.decider(event, filter.truth(event));
                let clause = format!("not ({})", inner.clause);
                Explanation { clause, ..inner }.below("not")
            }
            Self::Cesql(expression) => of_expression(expression, event),
        }
    }

    /// The first pair that does not hold; all of them when all do.
    fn of_pairs(&self, pairs: &[Pair], event: &Event, truth: Truth) -> Explanation {
        let failed = pairs.iter().find(|pair| truth == Truth::False && !self.holds(pair, event));
        let deciding = failed.map_or(pairs, core::slice::from_ref);
        let clauses: Vec<String> = deciding.iter().map(|pair| self.describe_pair(pair)).collect();
        let attributes = deciding.iter().map(|(name, _)| (name.clone(), text_of(event, name)));
        let path = match self {
            Self::Attributes(_) => "attributes",
            Self::Prefix(_) => "prefix",
            Self::Suffix(_) => "suffix",
            _ => "exact",
        };
        Explanation { attributes: attributes.collect(), ..Explanation::of(path, clauses.join(" and ")) }
    }

    /// The clause that decides alone; the whole where none does (`all` of them hold, or not `any`).
    fn of_several(
        &self,
        word: &str,
        filters: &[Self],
        event: &Event,
        truth: Truth,
        together: Truth,
    ) -> Explanation {
        let alone = filters.iter().enumerate().find(|(_, f)| truth != together && f.truth(event) == truth);
        match (alone, filters) {
            (Some((at, filter)), _) => filter.decider(event, truth).below(&format!("{word}[{at}]")),
            (None, [only]) => only.decider(event, truth).below(&format!("{word}[0]")),
            (None, []) => Explanation::of("", self.describe()),
            (None, _) => {
                let parts = filters.iter().map(|filter| filter.decider(event, truth).attributes);
                let mut attributes: Vec<(Name, Option<String>)> = Vec::new();
                for attribute in parts.flatten() {
                    if !attributes.contains(&attribute) {
                        attributes.push(attribute);
                    }
                }
                Explanation { attributes, ..Explanation::of(word, self.describe()) }
            }
        }
    }

    /// The filter in one line, as a person would write it.
    pub fn describe(&self) -> String {
        let list = |filters: &[Self], word: &str| {
            let clauses: Vec<String> = filters.iter().map(Self::describe).collect();
            clauses.join(word)
        };
        match self {
            Self::Attributes(pairs) | Self::Exact(pairs) | Self::Prefix(pairs) | Self::Suffix(pairs) => {
                let clauses: Vec<String> = pairs.iter().map(|pair| self.describe_pair(pair)).collect();
                clauses.join(" and ")
            }
            Self::Called(text) => Self::called_in_full(text).describe(),
            Self::All(filters) if filters.is_empty() => "every event".into(),
            Self::All(filters) => list(filters, " and "),
            Self::Any(filters) if filters.is_empty() => "no alternative given".into(),
            Self::Any(filters) => format!("({})", list(filters, " or ")),
            Self::Not(filter) => format!("not ({})", filter.describe()),
            Self::Cesql(expression) => expression.text().into(),
        }
    }

    pub(super) fn describe_pair(&self, (name, text): &Pair) -> String {
        let name = name.as_str();
        match self {
            Self::Attributes(_) if text.is_empty() => format!("{name} = \"*\""),
            Self::Prefix(_) => format!("{name} = \"{text}*\""),
            Self::Suffix(_) => format!("{name} = \"*{text}\""),
            _ => format!("{name} = \"{text}\""),
        }
    }
}

fn of_expression(expression: &Expression, event: &Event) -> Explanation {
    let decider = expression.decider(event);
    Explanation {
        expression: Some(expression.clone()),
        span: Some(decider.span),
        attributes: decider.attributes,
        failure: decider.failure,
        ..Explanation::of("cesql", decider.span.of(expression.text()).into())
    }
}

fn text_of(event: &Event, name: &Name) -> Option<String> {
    event.value(name).map(|value| value.text().into())
}

impl Explanation {
    /// Decision and path are completed by who asked.
    fn of(path: &str, clause: String) -> Self {
        Self {
            decision: Decision::NoMatch,
            path: path.into(),
            clause,
            expression: None,
            span: None,
            attributes: Vec::new(),
            failure: None,
        }
    }

    fn below(mut self, path: &str) -> Self {
        self.path = format!("{path}.{}", self.path);
        self
    }

    /// Where in the expression the clause is, in characters.
    pub fn characters(&self) -> Option<Range<usize>> {
        Some(self.span?.characters(self.expression.as_ref()?.text()))
    }

    /// What the event has of the attributes the clause names: `event has type "x", and no subject`.
    pub fn found(&self) -> String {
        let found = self.attributes.iter().map(|(name, text)| match (text, &self.attributes[..]) {
            (Some(text), [_]) if self.clause.starts_with(name.as_str()) => format!("\"{text}\""),
            (Some(text), _) => format!("{} \"{text}\"", name.as_str()),
            (None, _) => format!("no {}", name.as_str()),
        });
        let found: Vec<String> = found.collect();
        found.join(", ")
    }
}

/// One line: where, the clause, and what the event has.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The dialect alone says nothing that the clause does not.
        if let Some((path, _)) = self.path.rsplit_once('.') {
            write!(f, "{path}: ")?;
        }
        f.write_str(&self.clause)?;
        match (&self.failure, self.characters()) {
            (Some(failure), Some(place)) => return write!(f, " failed at {}: {failure}", place.start + 1),
            (Some(failure), None) => return write!(f, " failed: {failure}"),
            (None, _) => {}
        }
        if self.attributes.is_empty() { Ok(()) } else { write!(f, " (event has {})", self.found()) }
    }
}
