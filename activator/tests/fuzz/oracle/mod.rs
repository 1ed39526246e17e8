//! An oracle for CESQL: it grows a tree, knows the tree's value by simple code of its own, and writes the tree down
//! in one of the many ways that mean it. What [`Expression::evaluate`] gives for the text has to be that value.
//!
//! - [`tree`], [`grow`], [`write`]: trees, random ones, and their texts.
//! - [`answer`], [`function`], [`like`]: their values.

mod answer;
mod function;
mod grow;
mod like;
mod tree;
mod write;

use activator::filter::Expression;

use crate::bodies::{Note, cesql, lines};
use crate::generate::against;
use crate::random::Random;
use answer::Answer;
use tree::{Attributes, Node};

/// A tree with the event it is held against, and both written down.
pub(crate) struct Case {
    input: Vec<u8>,
    expected: Answer,
}

impl AsRef<[u8]> for Case {
    fn as_ref(&self) -> &[u8] {
        &self.input
    }
}

/// Grows a tree and an event.
pub(crate) fn case(random: &mut Random) -> Case {
    let (tree, attributes) = grown(random);
    let input = against(&tree::lines(&attributes), &write::text(&tree, random));
    Case { input, expected: answer::of(&tree, &attributes) }
}

/// The text of such a case alone, for those who only want something that parses.
pub(crate) fn input(random: &mut Random) -> Vec<u8> {
    let (tree, attributes) = grown(random);
    against(&tree::lines(&attributes), &write::text(&tree, random))
}

fn grown(random: &mut Random) -> (Node, Attributes) {
    let attributes = grow::attributes(random);
    let depth = random.between(0, 4);
    (grow::tree(random, depth), attributes)
}

/// Holds what the expression gives against what the oracle knows, and against all that a body holds.
pub(crate) fn check(case: &Case, note: Note<'_>) {
    let input = String::from_utf8_lossy(&case.input);
    let (text, event) = lines::split(&input);
    let expression = Expression::parse(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    let found = expression.evaluate(&event);
    let kinds: Vec<_> = found.failures.iter().map(|failure| failure.kind).collect();
    let Answer { value, errors } = &case.expected;
    assert_eq!((&found.value, &kinds), (value, errors), "{text} for {event:?}");
    note(if errors.is_empty() { "as foreseen" } else { "failed as foreseen" });
    cesql::run(&case.input, note);
}
