//! Events: in lines, and as blocks of attributes.

use super::mutate::noise;
use super::{NAMES, TEXTS, mutated, one, rarely};
use crate::bodies::lines::event_of;
use crate::random::Random;

/// An event in lines; its names and texts are those that expressions use.
pub(crate) fn lines(random: &mut Random) -> Vec<String> {
    let mut lines = Vec::new();
    for name in NAMES.into_iter().filter(|name| *name != "specversion") {
        let text = one(random, &TEXTS);
        match random.between(0, 9) {
            0..=2 => {}
            3 if name == "n" || name == "flag" => lines.push(format!("{name}#{}", random.index(3))),
            4 | 5 if name == "n" => lines.push(format!("{name}#{}", one(random, &["0", "1", "-1", "2"]))),
            4 | 5 if name == "flag" => lines.push(format!("{name}?{}", random.chance(500))),
            _ => lines.push(format!("{name}={text}")),
        }
    }
    lines
}

/// A block of attributes, or nearly one.
pub(crate) fn block(random: &mut Random) -> Vec<u8> {
    if rarely(random) {
        return noise(random);
    }
    let mut lines = lines(random);
    // Around the seven, eight and sixteen that are found each in their own way.
    for at in 0..one(random, &[0, 0, 1, 2, 5, 9, 13]) {
        lines.push(format!("x{at}{}={}", "y".repeat(random.index(20)), one(random, &TEXTS)));
    }
    let block = event_of(lines.iter().map(String::as_str)).attributes().block().to_vec();
    if random.chance(600) { mutated(block, random) } else { block }
}
