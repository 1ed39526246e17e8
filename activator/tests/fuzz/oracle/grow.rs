//! Random trees and events, of few words, so that what is compared is now and then equal.

use activator::filter::cesql::{Type, Value};

use super::function::FUNCTIONS;
use super::tree::{Arithmetic, Attributes, Compare, Logic, Node};
use crate::generate::{one, rarely};
use crate::random::Random;

const TEXTS: [&str; 20] = [
    "",
    "a",
    "ab",
    "abc",
    "aXbXc",
    "äö€😀",
    "ß",
    "true",
    "False",
    "5",
    "-7",
    "+3",
    "007",
    "2147483648",
    "-2147483648",
    " x\u{a0}",
    "a%b",
    "a_b",
    "it's",
    "a\\b \"c\"",
];
const PATTERNS: [&str; 20] = [
    "", "%", "_", "%%", "a%", "%b", "%b%", "a%c", "a_c", "_b%", "a%b%c", "%X%X%", "____", "ä%", "%_b_%",
    r"a\%b", r"%\_%", r"a\b%", "-7", "%_%_%",
];
const NUMBERS: [i32; 14] = [0, 1, 2, 3, 5, 42, -1, -2, -7, 100, i32::MAX, i32::MIN, i32::MAX - 1, 65_536];
/// The last three no event has.
const NAMES: [&str; 11] =
    ["id", "type", "specversion", "word", "n", "flag", "none", "averylongattributename", "gone", "1st", "x"];

/// What the event has; `id`, `source` and `type` always.
pub(super) fn attributes(random: &mut Random) -> Attributes {
    let text = |text: &str| Value::String(text.into());
    let mut attributes = vec![("id", text("1")), ("source", text("/s")), ("specversion", text("1.0"))];
    let ty = one(random, &TEXTS[1..]);
    attributes.push(("type", text(ty)));
    for name in &NAMES[3..8] {
        let value = match random.between(0, 4) {
            0 => continue,
            1 => Value::Boolean(random.chance(500)),
            2 => Value::Integer(one(random, &NUMBERS)),
            _ => text(one(random, &TEXTS)),
        };
        attributes.push((name, value));
    }
    attributes
}

/// A tree, of any type.
pub(super) fn tree(random: &mut Random, depth: u64) -> Node {
    let wanted = if random.chance(750) { Type::Boolean } else { any_type(random) };
    grow(random, depth, wanted)
}

fn any_type(random: &mut Random) -> Type {
    one(random, &[Type::Boolean, Type::Integer, Type::String])
}

/// A tree of a type, or now and then of another one, that has to be cast.
fn grow(random: &mut Random, depth: u64, wanted: Type) -> Node {
    let wanted = if rarely(random) { any_type(random) } else { wanted };
    if depth == 0 || random.chance(100) {
        return leaf(random, wanted);
    }
    if random.chance(250) {
        return call(random, depth - 1, wanted);
    }
    match wanted {
        Type::Boolean => condition(random, depth - 1),
        Type::Integer => number(random, depth - 1),
        Type::String => call(random, depth - 1, wanted),
    }
}

fn leaf(random: &mut Random, wanted: Type) -> Node {
    if random.chance(300) {
        let count = if rarely(random) { NAMES.len() } else { NAMES.len() - 3 };
        return Node::Attribute(one(random, &NAMES[..count]));
    }
    match wanted {
        Type::Boolean if random.chance(300) => Node::Exists(one(random, &NAMES)),
        Type::Boolean => Node::Literal(Value::Boolean(random.chance(500))),
        Type::Integer => Node::Literal(Value::Integer(one(random, &NUMBERS))),
        Type::String => Node::Literal(Value::String(one(random, &TEXTS).into())),
    }
}

fn condition(random: &mut Random, depth: u64) -> Node {
    use Compare::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let boxed = |random: &mut Random, wanted: Type| Box::new(grow(random, depth, wanted));
    match random.between(0, 9) {
        0 => Node::Not(boxed(random, Type::Boolean)),
        1 | 2 => {
            let operator = one(random, &[Less, LessOrEqual, Greater, GreaterOrEqual]);
            Node::Compare(operator, boxed(random, Type::Integer), boxed(random, Type::Integer))
        }
        3 | 4 => {
            let wanted = any_type(random);
            let operator = one(random, &[Equal, NotEqual]);
            Node::Compare(operator, boxed(random, wanted), boxed(random, wanted))
        }
        5 => {
            let value = boxed(random, Type::String);
            Node::Like { value, pattern: one(random, &PATTERNS), negated: random.chance(300) }
        }
        6 => {
            let wanted = any_type(random);
            let value = boxed(random, wanted);
            let set = (0..random.between(1, 3)).map(|_| grow(random, depth, wanted)).collect();
            Node::In { value, set, negated: random.chance(300) }
        }
        _ => {
            let operator = one(random, &[Logic::And, Logic::Or, Logic::Xor]);
            Node::Logic(operator, boxed(random, Type::Boolean), boxed(random, Type::Boolean))
        }
    }
}

fn number(random: &mut Random, depth: u64) -> Node {
    use Arithmetic::{Add, Divide, Multiply, Remainder, Subtract};
    let left = Box::new(grow(random, depth, Type::Integer));
    if random.chance(150) {
        return Node::Negate(left);
    }
    let right = Box::new(grow(random, depth, Type::Integer));
    Node::Arithmetic(one(random, &[Add, Subtract, Multiply, Divide, Remainder]), left, right)
}

fn call(random: &mut Random, depth: u64, wanted: Type) -> Node {
    if random.chance(10) {
        return Node::Call("FOO", vec![grow(random, depth, wanted)]);
    }
    let known = FUNCTIONS.iter().filter(|(.., gives)| *gives == wanted);
    let known: Vec<_> = known.map(|(name, types, _)| (*name, *types)).collect();
    let (name, types) = one(random, &known);
    let mut types = types.to_vec();
    let name = match name.strip_suffix('+') {
        Some(name) => {
            let last = types.pop().unwrap_or_default();
            types.extend((0..random.between(0, 3)).map(|_| last));
            name
        }
        None => name,
    };
    let mut argument = |kind: Option<Type>| {
        let wanted = kind.unwrap_or_else(|| any_type(random));
        grow(random, depth, wanted)
    };
    Node::Call(name, types.into_iter().map(&mut argument).collect())
}
