//! Inputs for the bodies: well-formed ones, such ones with something changed, and bytes that mean nothing.

pub(crate) mod event;
pub(crate) mod expression;
pub(crate) mod filters;
pub(crate) mod messages;
mod mutate;

use crate::bodies::lines::SEPARATOR;
use crate::random::Random;
use mutate::mutated;

/// One of several.
pub(crate) fn one<T: Copy>(random: &mut Random, of: &[T]) -> T {
    random.pick(of).expect("there is something to pick")
}

/// One time in eight.
pub(crate) fn rarely(random: &mut Random) -> bool {
    random.chance(125)
}

/// An expression with the event it is held against.
pub(crate) fn against(event: &[String], text: &str) -> Vec<u8> {
    format!("{text}{SEPARATOR}{}", event.join("\n")).into()
}

/// Texts that are equal, begin or end alike, or are numbers and booleans in more than one way.
const TEXTS: [&str; 17] =
    ["", "a", "ab", "abc", "abd", "b", "bc", "aba", "1.0", "1", "01", "-0", "0", "true", "TRUE", "äb", "😀"];
/// Names that filters and events have in common.
const NAMES: [&str; 8] = ["type", "source", "subject", "tenant", "n", "flag", "specversion", "1st"];
