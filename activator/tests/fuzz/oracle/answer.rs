//! The value of a tree: an operator or function one of whose operands failed gives the zero value of its type, and
//! is not applied.

use activator::filter::cesql::{FailureKind, Type, Value};

use super::like;
use super::tree::{Arithmetic, Attributes, Compare, Logic, Node};

/// A value, and the errors on the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) value: Value,
    pub(super) errors: Vec<FailureKind>,
}

pub(super) const fn zero(kind: Type) -> Value {
    match kind {
        Type::Boolean => Value::Boolean(false),
        Type::Integer => Value::Integer(0),
        Type::String => Value::String(String::new()),
    }
}

impl Answer {
    pub(super) const fn fine(value: Value) -> Self {
        Self { value, errors: Vec::new() }
    }

    pub(super) fn truth(value: bool) -> Self {
        Self::fine(Value::Boolean(value))
    }

    pub(super) fn failed(value: Value, error: FailureKind) -> Self {
        Self { value, errors: vec![error] }
    }

    /// The same as another type; the zero value of it when there is no such value, or there was an error before.
    pub(super) fn cast(self, wanted: Type) -> Self {
        if !self.errors.is_empty() {
            return Self { value: zero(wanted), ..self };
        }
        match cast(&self.value, wanted) {
            Some(value) => Self::fine(value),
            None => Self::failed(zero(wanted), FailureKind::Cast),
        }
    }

    /// Applies something to operands, unless one of them failed.
    pub(super) fn apply(gives: Type, operands: Vec<Self>, what: impl FnOnce(Vec<Value>) -> Self) -> Self {
        let errors: Vec<FailureKind> = operands.iter().flat_map(|operand| operand.errors.clone()).collect();
        if errors.is_empty() {
            return what(operands.into_iter().map(|operand| operand.value).collect());
        }
        Self { value: zero(gives), errors }
    }

    fn is_true(&self) -> bool {
        self.value == Value::Boolean(true)
    }
}

pub(super) fn cast(value: &Value, wanted: Type) -> Option<Value> {
    match (value, wanted) {
        (Value::Boolean(truth), Type::Integer) => Some(Value::Integer(i32::from(*truth))),
        (Value::Integer(number), Type::Boolean) => Some(Value::Boolean(*number != 0)),
        (Value::String(text), Type::Integer) => text.parse().ok().map(Value::Integer),
        (Value::String(text), Type::Boolean) => text.to_lowercase().parse().ok().map(Value::Boolean),
        (value, Type::String) => Some(Value::String(value.to_string())),
        (value, _) => Some(value.clone()),
    }
}

pub(super) fn of(node: &Node, event: &Attributes) -> Answer {
    let cast_of = |node: &Node, wanted: Type| of(node, event).cast(wanted);
    match node {
        Node::Literal(value) => Answer::fine(value.clone()),
        Node::Attribute(name) => match event.iter().find(|(known, _)| known == name) {
            Some((_, value)) => Answer::fine(value.clone()),
            None => Answer::failed(Value::Boolean(false), FailureKind::MissingAttribute),
        },
        Node::Exists(name) => Answer::truth(event.iter().any(|(known, _)| known == name)),
        Node::Not(of) => logic(Logic::Xor, Answer::truth(true), || cast_of(of, Type::Boolean)),
        Node::Negate(of) => {
            arithmetic(Arithmetic::Subtract, Answer::fine(Value::Integer(0)), cast_of(of, Type::Integer))
        }
        Node::Arithmetic(operator, left, right) => {
            arithmetic(*operator, cast_of(left, Type::Integer), cast_of(right, Type::Integer))
        }
        Node::Logic(operator, left, right) => {
            logic(*operator, cast_of(left, Type::Boolean), || cast_of(right, Type::Boolean))
        }
        Node::Compare(operator, left, right) => compare(*operator, of(left, event), of(right, event)),
        Node::Like { value, pattern, negated } => is_like(cast_of(value, Type::String), pattern, *negated),
        Node::In { value, set, negated } => is_in(of(value, event), set, *negated, event),
        Node::Call(name, arguments) => super::function::call(name, arguments, event),
    }
}

/// In 64 bits, where everything fits.
fn arithmetic(operator: Arithmetic, left: Answer, right: Answer) -> Answer {
    Answer::apply(Type::Integer, vec![left, right], |values| {
        let [Value::Integer(x), Value::Integer(y)] = values[..] else { unreachable!("both were cast") };
        let (x, y) = (i64::from(x), i64::from(y));
        let divides = matches!(operator, Arithmetic::Divide | Arithmetic::Remainder);
        let result = match operator {
            _ if divides && y == 0 => None,
            Arithmetic::Add => Some(x + y),
            Arithmetic::Subtract => Some(x - y),
            Arithmetic::Multiply => Some(x * y),
            Arithmetic::Divide => Some(x / y),
            Arithmetic::Remainder => Some(x % y),
        };
        let result = result.and_then(|result| i32::try_from(result).ok());
        result.map_or_else(
            || Answer::failed(Value::Integer(0), FailureKind::Math),
            |n| Answer::fine(Value::Integer(n)),
        )
    })
}

/// AND and OR leave the right operand alone when the left one says it all.
fn logic(operator: Logic, left: Answer, right: impl FnOnce() -> Answer) -> Answer {
    match operator {
        Logic::And if !left.is_true() => left,
        Logic::Or if left.is_true() => left,
        _ => Answer::apply(Type::Boolean, vec![left, right()], |values| {
            let trues = values.iter().filter(|value| **value == Value::Boolean(true)).count();
            Answer::truth(match operator {
                Logic::And => trues == 2,
                Logic::Or => trues > 0,
                Logic::Xor => trues == 1,
            })
        }),
    }
}

/// The right operand says as what both are compared; only integers have an order.
fn compare(operator: Compare, left: Answer, right: Answer) -> Answer {
    let is_order = !matches!(operator, Compare::Equal | Compare::NotEqual);
    let (left, right) = match (is_order, left.errors.is_empty() && right.errors.is_empty()) {
        (true, _) => (left.cast(Type::Integer), right.cast(Type::Integer)),
        (false, true) => (left.cast(right.value.kind()), right),
        (false, false) => (left, right),
    };
    Answer::apply(Type::Boolean, vec![left, right], |values| {
        let [x, y] = &values[..] else { unreachable!("two were given") };
        let number = |value: &Value| match value {
            Value::Integer(number) => *number,
            _ => unreachable!("both were cast"),
        };
        Answer::truth(match operator {
            Compare::Equal => x == y,
            Compare::NotEqual => x != y,
            Compare::Less => number(x) < number(y),
            Compare::LessOrEqual => number(x) <= number(y),
            Compare::Greater => number(x) > number(y),
            Compare::GreaterOrEqual => number(x) >= number(y),
        })
    })
}

fn is_like(text: Answer, pattern: &str, negated: bool) -> Answer {
    let pattern: Vec<char> = pattern.chars().collect();
    Answer::apply(Type::Boolean, vec![text], |values| {
        let text: Vec<char> = values[0].to_string().chars().collect();
        Answer::truth(like::matches(&text, &pattern) != negated)
    })
}

/// The value says as what the elements are compared; nothing is looked at behind the first that is equal.
fn is_in(value: Answer, set: &[Node], negated: bool, event: &Attributes) -> Answer {
    if !value.errors.is_empty() {
        return value.cast(Type::Boolean);
    }
    let mut errors = Vec::new();
    let mut found = false;
    for element in set {
        let element = of(element, event).cast(value.value.kind());
        found = element.errors.is_empty() && element.value == value.value;
        errors.extend(element.errors);
        if found {
            break;
        }
    }
    let value = errors.is_empty() && found != negated;
    Answer { value: Value::Boolean(value), errors }
}
