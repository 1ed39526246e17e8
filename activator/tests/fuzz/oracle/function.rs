//! What functions give.

use activator::filter::cesql::{FailureKind, Type, Value};

use super::answer::{self, Answer, cast};
use super::tree::{Attributes, Node};

/// Every function: its name, the types of its arguments, and what it gives. No type takes any value; of the last
/// argument of a name with `+` there may be none or more.
pub(super) const FUNCTIONS: [(&str, &[Option<Type>], Type); 16] = [
    ("ABS", &[Some(Type::Integer)], Type::Integer),
    ("LENGTH", &[Some(Type::String)], Type::Integer),
    ("INT", &[None], Type::Integer),
    ("BOOL", &[None], Type::Boolean),
    ("IS_INT", &[None], Type::Boolean),
    ("IS_BOOL", &[None], Type::Boolean),
    ("STRING", &[None], Type::String),
    ("CONCAT+", &[Some(Type::String)], Type::String),
    ("CONCAT_WS+", &[Some(Type::String), Some(Type::String)], Type::String),
    ("LOWER", &[Some(Type::String)], Type::String),
    ("UPPER", &[Some(Type::String)], Type::String),
    ("TRIM", &[Some(Type::String)], Type::String),
    ("LEFT", &[Some(Type::String), Some(Type::Integer)], Type::String),
    ("RIGHT", &[Some(Type::String), Some(Type::Integer)], Type::String),
    ("SUBSTRING", &[Some(Type::String), Some(Type::Integer)], Type::String),
    ("SUBSTRING", &[Some(Type::String), Some(Type::Integer), Some(Type::Integer)], Type::String),
];

/// The value of a call; a function nobody knows is false, and its arguments are not looked at.
pub(super) fn call(name: &str, arguments: &[Node], event: &Attributes) -> Answer {
    let function = FUNCTIONS.iter().find(|(known, types, _)| {
        let fits = types.len() == arguments.len();
        known.strip_suffix('+').map_or(*known == name && fits, |known| known == name)
    });
    let Some((_, types, gives)) = function else {
        return Answer::failed(Value::Boolean(false), FailureKind::MissingFunction);
    };
    let type_at = |at: usize| types.get(at).or_else(|| types.last()).copied().flatten();
    let values = arguments.iter().enumerate().map(|(at, argument)| {
        let value = answer::of(argument, event);
        match type_at(at) {
            Some(wanted) => value.cast(wanted),
            None => value,
        }
    });
    Answer::apply(*gives, values.collect(), |values| apply(name, &values, *gives))
}

fn apply(name: &str, values: &[Value], gives: Type) -> Answer {
    let number = |at: usize| match values.get(at) {
        Some(Value::Integer(number)) => i64::from(*number),
        _ => unreachable!("{name} has cast its arguments"),
    };
    match name {
        "INT" | "BOOL" | "STRING" => Answer::fine(values[0].clone()).cast(gives),
        "IS_INT" => Answer::truth(cast(&values[0], Type::Integer).is_some()),
        "IS_BOOL" => Answer::truth(cast(&values[0], Type::Boolean).is_some()),
        "ABS" => match i32::try_from(number(0).abs()) {
            Ok(number) => Answer::fine(Value::Integer(number)),
            Err(_) => Answer::failed(Value::Integer(i32::MAX), FailureKind::Math),
        },
        "LEFT" | "RIGHT" => end(name, &values[0].to_string(), number(1)),
        "SUBSTRING" => substring(&values[0].to_string(), number(1), (values.len() > 2).then(|| number(2))),
        _ => textual(name, &values.iter().map(ToString::to_string).collect::<Vec<_>>()),
    }
}

fn textual(name: &str, texts: &[String]) -> Answer {
    let text = texts.first().map_or("", String::as_str);
    let count = || i32::try_from(text.chars().count()).expect("texts are short");
    Answer::fine(match name {
        "LENGTH" => Value::Integer(count()),
        "CONCAT" => Value::String(texts.concat()),
        "CONCAT_WS" => Value::String(texts[1..].join(text)),
        "LOWER" => Value::String(text.to_lowercase()),
        "UPPER" => Value::String(text.to_uppercase()),
        "TRIM" => Value::String(text.trim().into()),
        _ => unreachable!("every function is known, and {name} is not"),
    })
}

/// LEFT and RIGHT: with a count below zero the whole text, and an error.
fn end(name: &str, text: &str, count: i64) -> Answer {
    let Ok(count) = usize::try_from(count) else {
        return Answer::failed(Value::String(text.into()), FailureKind::FunctionEvaluation);
    };
    let all = text.chars().count();
    Answer::fine(Value::String(match name {
        "LEFT" => text.chars().take(count).collect(),
        _ => text.chars().skip(all.saturating_sub(count)).collect(),
    }))
}

/// Counted from 1, or from the end below zero.
fn substring(text: &str, position: i64, length: Option<i64>) -> Answer {
    let count = i64::try_from(text.chars().count()).expect("texts are short");
    if position.abs() > count || length.is_some_and(|length| length < 0) {
        return Answer::failed(Value::String(String::new()), FailureKind::FunctionEvaluation);
    }
    let start = if position > 0 { position - 1 } else { count + position };
    let wanted = |at: i64| at >= start && length.is_none_or(|length| at < start + length);
    let taken = text.chars().zip(0..).filter(|(_, at)| position != 0 && wanted(*at));
    Answer::fine(Value::String(taken.map(|(character, _)| character).collect()))
}
