//! The filter dialects. Values are compared as canonical text, case-sensitive, however the event came in.

use alloc::{boxed::Box, format, string::String, vec, vec::Vec};

use super::Truth;
use super::access::{AnyOf, Place, strongest};
use super::cesql::{Expression, Span};
use super::facts::{Fact, conflict};
use crate::event::{Event, Name, short};

/// An attribute and the text it is held against.
pub type Pair = (Name, Box<str>);

/// A condition on an event's attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Knative's `filter.attributes`: each is there and equal to the text; the empty text takes any value.
    Attributes(Vec<Pair>),
    /// Each attribute is there and equal to the text.
    Exact(Vec<Pair>),
    /// Each attribute is there and starts with the text.
    Prefix(Vec<Pair>),
    /// Each attribute is there and ends with the text.
    Suffix(Vec<Pair>),
    /// The type is the text, or ends with a dot and the text: what a function is called says what it wants, where nobody
    /// says anything else. It is two clauses and no more than a text, for there may be ten thousand of them.
    Called(Box<str>),
    /// Every one holds; none given holds always.
    All(Vec<Self>),
    /// At least one holds.
    Any(Vec<Self>),
    /// It does not hold, and nothing in it failed.
    Not(Box<Self>),
    /// The expression is true, and nothing in it failed.
    Cesql(Expression),
}

impl Filter {
    /// The filter that every event passes.
    pub const fn always() -> Self {
        Self::All(Vec::new())
    }

    /// Whether it is the filter that every event passes.
    pub fn is_always(&self) -> bool {
        matches!(self, Self::All(filters) if filters.is_empty())
    }

    /// One attribute is equal to a text.
    pub fn exact(name: &str, text: &str) -> Self {
        Self::Exact(vec![(Name::new(name), text.into())])
    }

    /// One attribute starts with a text.
    pub fn prefix(name: &str, text: &str) -> Self {
        Self::Prefix(vec![(Name::new(name), text.into())])
    }

    /// One attribute ends with a text.
    pub fn suffix(name: &str, text: &str) -> Self {
        Self::Suffix(vec![(Name::new(name), text.into())])
    }

    /// What [`Called`](Self::Called) says, in full.
    pub(super) fn called_in_full(text: &str) -> Self {
        Self::Any(vec![Self::exact("type", text), Self::suffix("type", &format!(".{text}"))])
    }

    /// Whether the event passes.
    pub fn matches(&self, event: &Event) -> bool {
        self.truth(event) == Truth::True
    }

    /// As [`matches`](Self::matches), with failures told apart: of several clauses one that decides wins over one
    /// that failed, and the opposite of a failure is a failure.
    pub(super) fn truth(&self, event: &Event) -> Truth {
        match self {
            Self::Attributes(pairs) | Self::Exact(pairs) | Self::Prefix(pairs) | Self::Suffix(pairs) => {
                pairs.iter().all(|pair| self.holds(pair, event)).into()
            }
            Self::Called(text) => is_called(text, event).into(),
            Self::All(filters) => settle(filters, event, Truth::False, Truth::True),
            Self::Any(filters) => settle(filters, event, Truth::True, Truth::False),
            Self::Not(filter) => filter.truth(event).turned(true),
            Self::Cesql(expression) => expression.truth(event),
        }
    }

    /// Whether one pair of a dialect of pairs holds.
    #[inline]
    pub(super) fn holds(&self, (name, text): &Pair, event: &Event) -> bool {
        let Some(value) = event.value(name) else { return false };
        let text = text.as_bytes();
        match self {
            Self::Attributes(_) => text.is_empty() || value.is(text),
            Self::Prefix(_) => short::starts_with(value.bytes(), text),
            Self::Suffix(_) => short::ends_with(value.bytes(), text),
            _ => value.is(text),
        }
    }

    /// Two clauses that cannot both hold, as a person would write them: no event can pass then.
    pub fn contradiction(&self) -> Option<(String, String)> {
        let mut facts = Vec::new();
        self.add_facts(&mut facts);
        conflict(&facts)
    }

    /// What must be so for an event to pass, each with the clause that says it.
    fn add_facts<'f>(&'f self, facts: &mut Vec<(String, &'f Name, Fact<'f>)>) {
        let mut add_pairs = |pairs: &'f [Pair], fact: fn(&'f [u8]) -> Fact<'f>| {
            for pair in pairs {
                facts.push((self.describe_pair(pair), &pair.0, fact(pair.1.as_bytes())));
            }
        };
        match self {
            Self::Exact(pairs) => add_pairs(pairs, |text| Fact::OneOf(vec![text])),
            Self::Prefix(pairs) => add_pairs(pairs, Fact::Starts),
            Self::Suffix(pairs) => add_pairs(pairs, Fact::Ends),
            Self::All(filters) => filters.iter().for_each(|filter| filter.add_facts(facts)),
            Self::Cesql(expression) => {
                let text = |span: Span| span.of(expression.text()).into();
                facts.extend(
                    expression.facts().into_iter().map(|(span, name, fact)| (text(span), name, fact)),
                );
            }
            Self::Attributes(_) | Self::Called(_) | Self::Any(_) | Self::Not(_) => {}
        }
    }

    /// Doors that are all open to every event that passes; without one, any event may pass.
    pub(super) fn doors(&self) -> Vec<AnyOf<'_>> {
        match self {
            Self::Attributes(pairs) => pairs
                .iter()
                .map(|(name, text)| {
                    let place = if text.is_empty() { Place::Start } else { Place::Whole };
                    AnyOf { decides: pairs.len() == 1, ..AnyOf::one(name, place, text.as_bytes()) }
                })
                .collect(),
            Self::Exact(pairs) => pair_doors(pairs, Place::Whole),
            Self::Prefix(pairs) => pair_doors(pairs, Place::Start),
            Self::Suffix(pairs) => pair_doors(pairs, Place::End),
            Self::Called(text) => vec![AnyOf::of_type(text, format!(".{text}"))],
            Self::All(filters) => match &filters[..] {
                [only] => only.doors(),
                several => several.iter().flat_map(Self::doors).map(AnyOf::undecided).collect(),
            },
            Self::Any(filters) => {
                let parts = filters.iter().map(|filter| strongest(filter.doors()));
                AnyOf::union(parts).into_iter().collect()
            }
            Self::Not(_) => Vec::new(),
            Self::Cesql(expression) => expression.doors(),
        }
    }
}

fn is_called(text: &str, event: &Event) -> bool {
    let before = event.get("type").and_then(|ty| ty.strip_suffix(text));
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn pair_doors(pairs: &[Pair], place: Place) -> Vec<AnyOf<'_>> {
    let doors = pairs.iter().map(|(name, text)| AnyOf::one(name, place, text.as_bytes()));
    doors.map(|door| AnyOf { decides: pairs.len() == 1, ..door }).collect()
}

/// `decisive` as soon as one clause is; else a failure if there was one; else the other.
fn settle(filters: &[Filter], event: &Event, decisive: Truth, otherwise: Truth) -> Truth {
    let mut truth = otherwise;
    for filter in filters {
        match filter.truth(event) {
            found if found == decisive => return decisive,
            Truth::Failed => truth = Truth::Failed,
            _ => {}
        }
    }
    truth
}
