//! The value of an expression for an event (CESQL 1.0, section 3).
//!
//! An operator or function one of whose operands failed gives the zero value of its type and is not applied: so
//! `1 / missing` is 0 for a missing attribute, and no division by zero (section 3.2). Evaluation allocates nothing,
//! but for texts of more than [`SCRATCH`] bytes that a function makes, for calls of CONCAT with more than eight
//! arguments, and for the messages of errors.

use alloc::{format, string::String};

use smallvec::SmallVec;

use super::ast::{Arithmetic, Compare, Kind, Logic, Node, NodeId, Tree};
use super::failure::{FailureKind, Failures};
use super::like::Pattern;
use super::span::Span;
use super::value::{Type, parse_boolean, parse_integer};
use crate::event::{Event, Kind as AttributeKind, Name};

/// Bytes of texts made by functions that need no allocation.
const SCRATCH: usize = 128;

/// One evaluation.
pub(super) struct Eval<'a, F> {
    pub(super) tree: &'a Tree,
    pub(super) event: &'a Event,
    pub(super) failures: F,
    /// Texts that functions make, one behind the other.
    pub(super) scratch: SmallVec<[u8; SCRATCH]>,
}

/// A value under way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    Boolean(bool),
    Integer(i32),
    Text(Text<'a>),
}

/// A text, UTF-8: of the event or the expression, or made here.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text<'a> {
    Given(&'a [u8]),
    Made { start: usize, end: usize },
}

impl Cell<'_> {
    /// Section 3.1: the zero value of a type.
    pub(super) const fn zero(kind: Type) -> Self {
        match kind {
            Type::Boolean => Self::Boolean(false),
            Type::Integer => Self::Integer(0),
            Type::String => Self::Text(Text::Given(&[])),
        }
    }
}

impl<'a, F: Failures> Eval<'a, F> {
    pub(super) fn new(tree: &'a Tree, event: &'a Event, failures: F) -> Self {
        Self { tree, event, failures, scratch: SmallVec::new() }
    }

    pub(super) fn value(&mut self, id: NodeId) -> Cell<'a> {
        let tree = self.tree;
        let node = tree.node(id);
        match &node.kind {
            Kind::Integer(value) => Cell::Integer(*value),
            Kind::Text(text) => Cell::Text(Text::Given(text.as_bytes())),
            Kind::Attribute(name) => self.attribute(name, node.span),
            Kind::Negate(of) => Cell::Integer(self.negate(*of, node.span)),
            Kind::Arithmetic(operator, left, right) => {
                Cell::Integer(self.arithmetic(*operator, *left, *right, node.span))
            }
            Kind::Call(function, arguments) => self.call(*function, tree.items(*arguments), node.span),
            _ => Cell::Boolean(self.condition(node)),
        }
    }

    /// The value of what is a boolean by its form.
    #[inline]
    fn condition(&mut self, node: &'a Node) -> bool {
        let tree = self.tree;
        match &node.kind {
            Kind::Boolean(value) => *value,
            Kind::Exists(name) => self.event.value(name).is_some(),
            Kind::Not(of) => self.sound(|eval| eval.boolean(*of)).is_some_and(|value| !value),
            Kind::Logic(operator, operands) => self.logic(*operator, tree.items(*operands)),
            Kind::Compare(operator, left, right) => self.compare(*operator, *left, *right),
            Kind::Like { value, pattern, negated } => self.like(*value, pattern, *negated),
            Kind::In { value, set, negated } => {
                let found = self.sound(|eval| eval.is_in(*value, tree.items(*set)));
                found.is_some_and(|found| found != *negated)
            }
            Kind::Unknown(name, _) => {
                self.failures.fail(FailureKind::MissingFunction, node.span, || missing_function(name));
                false
            }
            // Its value is another's to tell, and a boolean only by a cast.
            _ => false,
        }
    }

    /// What it gives, if nothing fails on the way.
    pub(super) fn sound<T>(&mut self, evaluate: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let before = self.failures.count();
        let value = evaluate(self);
        (self.failures.count() == before).then_some(value)
    }

    /// Section 3.2: with no hint of its type, what is missing is false.
    #[inline]
    fn attribute(&mut self, name: &Name, span: Span) -> Cell<'a> {
        let Some(value) = self.event.value(name) else {
            let message = || format!("the event has no {}", name.as_str());
            self.failures.fail(FailureKind::MissingAttribute, span, message);
            return Cell::Boolean(false);
        };
        let text = Cell::Text(Text::Given(value.bytes()));
        match value.kind() {
            AttributeKind::String => text,
            AttributeKind::Boolean => parse_boolean(value.bytes()).map_or(text, Cell::Boolean),
            AttributeKind::Integer => parse_integer(value.bytes()).map_or(text, Cell::Integer),
        }
    }

    /// AND and OR stop where their value is clear (section 3.4.2); an operand that failed is false.
    fn logic(&mut self, operator: Logic, operands: &[NodeId]) -> bool {
        let value = self.sound(|eval| match operator {
            Logic::And => operands.iter().all(|operand| eval.boolean(*operand)),
            Logic::Or => operands.iter().any(|operand| eval.boolean(*operand)),
            Logic::Xor => operands.iter().fold(false, |value, operand| value != eval.boolean(*operand)),
        });
        value.unwrap_or(false)
    }

    /// Section 3.7: the right operand says as what both are compared; what has an order are integers.
    #[inline]
    fn compare(&mut self, operator: Compare, left: NodeId, right: NodeId) -> bool {
        let equal = match operator {
            Compare::Equal => true,
            Compare::NotEqual => false,
            _ => return self.order(operator, left, right),
        };
        let same = self.sound(|eval| (eval.value(left), eval.value(right)));
        let same = same.and_then(|(x, y)| self.sound(|eval| eval.cast_equals(x, y, left)));
        same.is_some_and(|same| same == equal)
    }

    fn order(&mut self, operator: Compare, left: NodeId, right: NodeId) -> bool {
        let pair = self.sound(|eval| (eval.integer(left), eval.integer(right)));
        pair.is_some_and(|(x, y)| operator.holds(x, y))
    }

    /// Whether `x`, cast to the type of `y`, is `y`.
    #[inline]
    fn cast_equals(&mut self, x: Cell<'a>, y: Cell<'a>, of: NodeId) -> bool {
        match (x, y) {
            (Cell::Text(x), Cell::Text(y)) => self.bytes(x) == self.bytes(y),
            (x, Cell::Text(y)) => {
                let x = self.as_text(x);
                self.bytes(x) == self.bytes(y)
            }
            (x, Cell::Integer(y)) => self.as_integer(x, of) == y,
            (x, Cell::Boolean(y)) => self.as_boolean(x, of) == y,
        }
    }

    /// The left operand is cast to a String (section 3.4.3).
    fn like(&mut self, value: NodeId, pattern: &Pattern, negated: bool) -> bool {
        let text = self.sound(|eval| eval.text_of(value));
        text.is_some_and(|text| pattern.matches(self.bytes(text)) != negated)
    }

    /// Section 3.4.5: the left operand says as what the elements are compared. Nothing is looked at behind the first
    /// that is equal.
    pub(super) fn is_in(&mut self, value: NodeId, set: &[NodeId]) -> bool {
        let Some(value) = self.sound(|eval| eval.value(value)) else { return false };
        set.iter().any(|element| {
            // What fails is equal to nothing, not even to the zero value that it gives.
            let item = self.sound(|eval| eval.value(*element));
            let equal = item.and_then(|item| self.sound(|eval| eval.cast_equals(item, value, *element)));
            equal == Some(true)
        })
    }

    fn negate(&mut self, of: NodeId, span: Span) -> i32 {
        let Some(value) = self.sound(|eval| eval.integer(of)) else { return 0 };
        value.checked_neg().unwrap_or_else(|| self.overflow(span, || format!("-({value})")))
    }

    fn arithmetic(&mut self, operator: Arithmetic, left: NodeId, right: NodeId, span: Span) -> i32 {
        let Some((x, y)) = self.sound(|eval| (eval.integer(left), eval.integer(right))) else { return 0 };
        let (value, sign) = match operator {
            Arithmetic::Multiply => (x.checked_mul(y), '*'),
            Arithmetic::Divide => (x.checked_div(y), '/'),
            // The one that does not fit, -2147483648 % -1, is 0 like all others.
            Arithmetic::Remainder => ((y != 0).then(|| x.wrapping_rem(y)), '%'),
            Arithmetic::Add => (x.checked_add(y), '+'),
            Arithmetic::Subtract => (x.checked_sub(y), '-'),
        };
        match value {
            Some(value) => value,
            None if y == 0 && matches!(operator, Arithmetic::Divide | Arithmetic::Remainder) => {
                self.failures.fail(FailureKind::Math, span, || format!("{x} {sign} 0 divides by zero"));
                0
            }
            None => self.overflow(span, || format!("{x} {sign} {y}")),
        }
    }

    fn overflow(&mut self, span: Span, what: impl FnOnce() -> String) -> i32 {
        let message = || format!("{} has more than 32 bits", what());
        self.failures.fail(FailureKind::Math, span, message);
        0
    }

    /// The value if it is a Boolean, without a cast.
    pub(super) fn truth(&mut self, id: NodeId) -> Option<bool> {
        let node = self.tree.node(id);
        if node.is_condition() {
            return Some(self.condition(node));
        }
        match self.value(id) {
            Cell::Boolean(value) => Some(value),
            _ => None,
        }
    }

    /// The value as a Boolean; false when it fails.
    pub(super) fn boolean(&mut self, id: NodeId) -> bool {
        let node = self.tree.node(id);
        if node.is_condition() {
            return self.condition(node);
        }
        match self.sound(|eval| eval.value(id)) {
            Some(value) => self.as_boolean(value, id),
            None => false,
        }
    }

    /// The value as an Integer; 0 when it fails.
    #[inline]
    pub(super) fn integer(&mut self, id: NodeId) -> i32 {
        match self.sound(|eval| eval.value(id)) {
            Some(Cell::Integer(value)) => value,
            Some(value) => self.as_integer(value, id),
            None => 0,
        }
    }

    pub(super) fn text_of(&mut self, id: NodeId) -> Text<'a> {
        match self.sound(|eval| eval.value(id)) {
            Some(value) => self.as_text(value),
            None => Text::Given(&[]),
        }
    }

    pub(super) fn as_boolean(&mut self, value: Cell<'a>, of: NodeId) -> bool {
        match value {
            Cell::Boolean(value) => value,
            Cell::Integer(value) => value != 0,
            Cell::Text(text) => parse_boolean(self.bytes(text))
                .unwrap_or_else(|| self.cast_fails(text, Type::Boolean, of) != 0),
        }
    }

    pub(super) fn as_integer(&mut self, value: Cell<'a>, of: NodeId) -> i32 {
        match value {
            Cell::Boolean(value) => i32::from(value),
            Cell::Integer(value) => value,
            Cell::Text(text) => {
                parse_integer(self.bytes(text)).unwrap_or_else(|| self.cast_fails(text, Type::Integer, of))
            }
        }
    }

    pub(super) fn as_text(&mut self, value: Cell<'a>) -> Text<'a> {
        match value {
            Cell::Text(text) => text,
            Cell::Boolean(true) => Text::Given(b"true"),
            Cell::Boolean(false) => Text::Given(b"false"),
            Cell::Integer(value) => self.decimal(value),
        }
    }

    /// `Integer -> String`: base 10, no leading zeros.
    fn decimal(&mut self, value: i32) -> Text<'a> {
        let start = self.scratch.len();
        let mut rest = value.unsigned_abs();
        loop {
            let digit = u8::try_from(rest % 10).expect("a digit is below ten");
            self.scratch.push(b'0' + digit);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            self.scratch.push(b'-');
        }
        self.scratch[start..].reverse();
        Text::Made { start, end: self.scratch.len() }
    }

    fn cast_fails(&mut self, text: Text<'a>, wanted: Type, of: NodeId) -> i32 {
        let shown = match text {
            Text::Given(bytes) => bytes,
            Text::Made { start, end } => &self.scratch[start..end],
        };
        let span = self.tree.node(of).span;
        let message = || format!("{:?} is no {wanted}", excerpt(shown));
        self.failures.fail(FailureKind::Cast, span, message);
        0
    }

    #[inline]
    pub(super) fn bytes(&self, text: Text<'a>) -> &[u8] {
        match text {
            Text::Given(bytes) => bytes,
            Text::Made { start, end } => &self.scratch[start..end],
        }
    }
}

/// The start of a value, for a message.
fn excerpt(text: &[u8]) -> String {
    const SHOWN_MAX: usize = 64;
    let text = String::from_utf8_lossy(text);
    match text.char_indices().nth(SHOWN_MAX) {
        Some((cut, _)) => format!("{}..", &text[..cut]),
        None => text.into_owned(),
    }
}

fn missing_function(name: &str) -> String {
    match super::function::usage(name) {
        Some(usage) => format!("{} is written {usage}", name.to_ascii_uppercase()),
        None => format!("there is no function {name}"),
    }
}
