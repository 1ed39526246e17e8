//! Nearly: a well-formed input with a byte, a part or a word changed.

use super::one;
use crate::random::Random;

/// What means something to at least one of the bodies.
const WORDS: [&str; 44] = [
    "AND",
    "OR",
    "XOR",
    "NOT",
    "LIKE",
    "IN",
    "EXISTS",
    "TRUE",
    "FALSE",
    "(",
    ")",
    ",",
    "'",
    "\"",
    "\\",
    "%",
    "_",
    "=",
    "!=",
    "<",
    ">",
    "-",
    "+",
    "*",
    "/",
    "==",
    "&&",
    "2147483648",
    "LENGTH(",
    "CONCAT_WS(",
    "\n---\n",
    "\n",
    ": ",
    "ce-",
    "ce_",
    "%41",
    "%4",
    "{",
    "}",
    "[",
    "null",
    "\\u0000",
    "\\ud800",
    "😀",
];

/// The input with one to three changes.
pub(super) fn mutated(mut input: Vec<u8>, random: &mut Random) -> Vec<u8> {
    for _ in 0..random.between(1, 3) {
        change(&mut input, random);
    }
    input
}

fn change(input: &mut Vec<u8>, random: &mut Random) {
    let at = random.index(input.len() + 1);
    let end = (at + random.index(6)).min(input.len());
    match random.between(0, 5) {
        0 => drop(input.drain(at..end)),
        1 => drop(input.splice(at..end, one(random, &WORDS).bytes())),
        2 => drop(input.splice(at..at, one(random, &WORDS).bytes())),
        3 => {
            let part = input[at..end].to_vec();
            let to = random.index(input.len() + 1);
            input.splice(to..to, part);
        }
        4 => input.truncate(at),
        _ => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.index(8);
            }
        }
    }
}

/// Bytes that mean nothing.
pub(super) fn noise(random: &mut Random) -> Vec<u8> {
    let is_text = random.chance(500);
    let byte = |random: &mut Random| {
        let byte = u8::try_from(random.index(256)).expect("below 256");
        if is_text { 0x20 + byte % 0x5f } else { byte }
    };
    (0..random.index(40)).map(|_| byte(random)).collect()
}
