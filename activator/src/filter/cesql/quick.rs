//! Whether an event passes, without values on the way: conditions of the common forms are compiled to what decides from
//! the attribute itself, and the first error ends it, for what fails does not pass (section 1.2). All else is
//! evaluated. A property test holds this against [`eval`](super::eval).

use alloc::boxed::Box;

use super::ast::{Compare, Kind, Logic, NodeId, Tree};
use super::call::boundary;
use super::eval::Eval;
use super::failure::{Counted, Failures};
use super::function::Function;
use super::like::Pattern;
use super::value::parse_integer;
use crate::event::{Event, Kind as AttributeKind, Name, short};
use crate::filter::Truth;

/// A condition, compiled. Where it cannot decide, the node it was made of is evaluated.
#[derive(Debug)]
pub(super) enum Quick {
    /// AND while all are true, OR while all are false; another answer is the answer.
    All {
        operands: Box<[Self]>,
        so_far: Truth,
    },
    /// An attribute is a text, or not.
    Is {
        name: Name,
        text: Box<str>,
        equal: bool,
    },
    Like {
        name: Name,
        pattern: Pattern,
        negated: bool,
    },
    OneOf {
        name: Name,
        texts: Box<[Box<str>]>,
        negated: bool,
        node: NodeId,
    },
    Exists(Name),
    Integers {
        left: Integer,
        operator: Compare,
        right: Integer,
        node: NodeId,
    },
    Part {
        part: Part,
        text: Box<str>,
        equal: bool,
        node: NodeId,
    },
    Evaluated(NodeId),
}

/// An integer at hand.
#[derive(Debug)]
pub(super) enum Integer {
    Literal(i32),
    Attribute(Name),
}

/// The beginning of an attribute's text, read in one case.
#[derive(Debug)]
pub(super) struct Part {
    name: Name,
    characters: Option<usize>,
    case: Case,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    AsItIs,
    Upper,
    Lower,
}

impl Quick {
    pub(super) fn compile(tree: &Tree, node: NodeId) -> Self {
        let attribute = |id: NodeId| match &tree.node(id).kind {
            Kind::Attribute(name) => Some(name.clone()),
            _ => None,
        };
        let condition = match &tree.node(node).kind {
            Kind::Logic(Logic::And, operands) => Some((operands, Truth::True)),
            Kind::Logic(Logic::Or, operands) => Some((operands, Truth::False)),
            _ => None,
        };
        if let Some((operands, so_far)) = condition {
            let operands = tree.items(*operands).iter().map(|id| Self::operand(tree, *id));
            return Self::All { operands: operands.collect(), so_far };
        }
        let compiled = match &tree.node(node).kind {
            Kind::Compare(operator, left, right) => Self::compare(tree, node, *operator, *left, *right),
            Kind::Like { value, pattern, negated } => attribute(*value).map(|name| Self::Like {
                name,
                pattern: (**pattern).clone(),
                negated: *negated,
            }),
            Kind::In { value, set, negated } => {
                let texts = tree.items(*set).iter().map(|id| text(tree, *id).map(Into::into));
                let texts: Option<Box<[Box<str>]>> = texts.collect();
                attribute(*value).zip(texts).map(|(name, texts)| Self::OneOf {
                    name,
                    texts,
                    negated: *negated,
                    node,
                })
            }
            Kind::Exists(name) => Some(Self::Exists(name.clone())),
            _ => None,
        };
        compiled.unwrap_or(Self::Evaluated(node))
    }

    /// An operand of AND or OR, which need not be a condition by its form.
    fn operand(tree: &Tree, node: NodeId) -> Self {
        if tree.node(node).is_condition() { Self::compile(tree, node) } else { Self::Evaluated(node) }
    }

    fn compare(tree: &Tree, node: NodeId, operator: Compare, left: NodeId, right: NodeId) -> Option<Self> {
        let equal = operator == Compare::Equal;
        match (text(tree, right), operator.orders()) {
            // Whatever the left operand, its canonical text is what it casts to.
            (Some(text), false) => match &tree.node(left).kind {
                Kind::Attribute(name) => Some(Self::Is { name: name.clone(), text: text.into(), equal }),
                _ => Some(Self::Part { part: Part::compile(tree, left)?, text: text.into(), equal, node }),
            },
            // Equality is of integers when the right operand is one; an order always is.
            (_, orders) if orders || matches!(tree.node(right).kind, Kind::Integer(_)) => {
                let (left, right) = (Integer::compile(tree, left)?, Integer::compile(tree, right)?);
                Some(Self::Integers { left, operator, right, node })
            }
            _ => None,
        }
    }

    pub(super) fn truth(&self, tree: &Tree, event: &Event) -> Truth {
        match self {
            Self::All { operands, so_far } => {
                let found = operands.iter().map(|operand| operand.truth(tree, event));
                found.into_iter().find(|truth| truth != so_far).unwrap_or(*so_far)
            }
            Self::Is { name, text, equal } => match event.value(name) {
                Some(value) => (value.is(text.as_bytes()) == *equal).into(),
                None => Truth::Failed,
            },
            Self::Like { name, pattern, negated } => match event.value(name) {
                Some(value) => (pattern.matches(value.bytes()) != *negated).into(),
                None => Truth::Failed,
            },
            Self::OneOf { name, texts, negated, node } => match event.value(name) {
                Some(value) if value.kind() == AttributeKind::String => {
                    (texts.iter().any(|text| value.is(text.as_bytes())) != *negated).into()
                }
                Some(_) => evaluate(tree, *node, event),
                None => Truth::Failed,
            },
            Self::Exists(name) => event.value(name).is_some().into(),
            Self::Integers { left, operator, right, node } => match (left.of(event), right.of(event)) {
                (Some(x), Some(y)) => operator.holds(x, y).into(),
                _ => evaluate(tree, *node, event),
            },
            Self::Part { part, text, equal, node } => match part.is(text.as_bytes(), event) {
                Some(found) => (found == *equal).into(),
                None => evaluate(tree, *node, event),
            },
            Self::Evaluated(node) => evaluate(tree, *node, event),
        }
    }
}

impl Integer {
    fn compile(tree: &Tree, id: NodeId) -> Option<Self> {
        match &tree.node(id).kind {
            Kind::Integer(value) => Some(Self::Literal(*value)),
            Kind::Attribute(name) => Some(Self::Attribute(name.clone())),
            // A cast of what is cast in any case.
            Kind::Call(Function::Int, arguments) => match tree.items(*arguments) {
                [of] => Self::compile(tree, *of),
                _ => None,
            },
            _ => None,
        }
    }

    /// Nothing for what is no integer: an error, or a boolean that casts to one.
    #[inline]
    fn of(&self, event: &Event) -> Option<i32> {
        match self {
            Self::Literal(value) => Some(*value),
            Self::Attribute(name) => event.value(name).and_then(|value| parse_integer(value.bytes())),
        }
    }
}

impl Part {
    /// UPPER and LOWER of an attribute or of its beginning.
    fn compile(tree: &Tree, id: NodeId) -> Option<Self> {
        let (function, arguments) = match &tree.node(id).kind {
            Kind::Attribute(name) => {
                return Some(Self { name: name.clone(), characters: None, case: Case::AsItIs });
            }
            Kind::Call(function, arguments) => (*function, tree.items(*arguments)),
            _ => return None,
        };
        let inner = Self::compile(tree, *arguments.first()?).filter(|part| part.case == Case::AsItIs)?;
        match (function, arguments) {
            (Function::Upper, [_]) => Some(Self { case: Case::Upper, ..inner }),
            (Function::Lower, [_]) => Some(Self { case: Case::Lower, ..inner }),
            (Function::Left, [_, count]) if inner.characters.is_none() => match tree.node(*count).kind {
                Kind::Integer(count) => {
                    Some(Self { characters: Some(usize::try_from(count).ok()?), ..inner })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it is a text; nothing where it is missing, or other than ASCII is to be mapped.
    #[inline]
    fn is(&self, text: &[u8], event: &Event) -> Option<bool> {
        let whole = event.value(&self.name)?.bytes();
        let part = self.characters.map_or(whole, |count| &whole[..boundary(whole, count)]);
        let same = |map: fn(u8) -> u8| {
            part.len() == text.len() && part.iter().zip(text).all(|(byte, wanted)| map(*byte) == *wanted)
        };
        match self.case {
            Case::AsItIs => Some(short::equal(part, text)),
            Case::Upper => part.is_ascii().then(|| same(|byte| byte.to_ascii_uppercase())),
            Case::Lower => part.is_ascii().then(|| same(|byte| byte.to_ascii_lowercase())),
        }
    }
}

fn text(tree: &Tree, id: NodeId) -> Option<&str> {
    match &tree.node(id).kind {
        Kind::Text(text) => Some(text),
        _ => None,
    }
}

/// What a node gives as the whole of a filter, or as an operand, which is cast.
#[inline(never)]
fn evaluate(tree: &Tree, id: NodeId, event: &Event) -> Truth {
    let mut eval = Eval::new(tree, event, Counted::default());
    let value = eval.boolean(id);
    if eval.failures.count() == 0 { value.into() } else { Truth::Failed }
}

/// What an expression says of an event that is not a condition by its form: only a boolean passes, without a cast.
pub(super) fn uncast(tree: &Tree, id: NodeId, event: &Event) -> Truth {
    let mut eval = Eval::new(tree, event, Counted::default());
    match (eval.truth(id), eval.failures.count()) {
        (Some(value), 0) => value.into(),
        _ => Truth::Failed,
    }
}
