//! What an expression says, as the oracle has it; and the event it is held against.

use activator::filter::cesql::Value;

/// Names with values; an integer or a boolean is one, and no text that looks like it.
pub(super) type Attributes = Vec<(&'static str, Value)>;

#[derive(Clone, Debug)]
pub(super) enum Node {
    Literal(Value),
    Attribute(&'static str),
    Exists(&'static str),
    Not(Box<Self>),
    Negate(Box<Self>),
    Logic(Logic, Box<Self>, Box<Self>),
    Compare(Compare, Box<Self>, Box<Self>),
    Arithmetic(Arithmetic, Box<Self>, Box<Self>),
    Like { value: Box<Self>, pattern: &'static str, negated: bool },
    In { value: Box<Self>, set: Vec<Self>, negated: bool },
    Call(&'static str, Vec<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logic {
    And,
    Or,
    Xor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// The event in lines, as inputs have it.
pub(super) fn lines(attributes: &Attributes) -> Vec<String> {
    let line = |(name, value): &(&str, Value)| match value {
        Value::Boolean(truth) => format!("{name}?{truth}"),
        Value::Integer(number) => format!("{name}#{number}"),
        Value::String(text) => format!("{name}={text}"),
    };
    attributes.iter().map(line).collect()
}
