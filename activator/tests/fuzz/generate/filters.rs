//! Many filters and some events, in the lines that their body reads.

use super::{NAMES, TEXTS, event, expression, mutated, one, rarely};
use crate::random::Random;

/// Filters and events; now and then with something changed.
pub(crate) fn input(random: &mut Random) -> Vec<u8> {
    let mut lines: Vec<String> = Vec::new();
    for _ in 0..random.between(1, 12) {
        filter(random, &mut lines, 0);
    }
    if rarely(random) {
        lines.push("fill 30".into());
    }
    for _ in 0..random.between(1, 4) {
        lines.push(format!("event {}", event::lines(random).join("&")));
    }
    let input = lines.join("\n").into();
    if rarely(random) { mutated(input, random) } else { input }
}

/// The lines that put one filter on the stack.
fn filter(random: &mut Random, lines: &mut Vec<String>, depth: u64) {
    if depth > 2 || random.chance(600) {
        lines.push(match random.between(0, 6) {
            kind @ 0..=3 => {
                let word = ["exact", "prefix", "suffix", "attributes"][kind as usize];
                format!("{word} {}", pairs(random))
            }
            _ => format!("cesql {}", expression::condition(random, depth)),
        });
        return;
    }
    if random.chance(250) {
        filter(random, lines, depth + 1);
        return lines.push("not".into());
    }
    let count = random.between(0, 3);
    (0..count).for_each(|_| filter(random, lines, depth + 1));
    lines.push(format!("{} {count}", one(random, &["all", "any"])));
}

fn pairs(random: &mut Random) -> String {
    let count = random.between(1, 2);
    let pairs = (0..count).map(|_| format!("{}={}", one(random, &NAMES), one(random, &TEXTS)));
    pairs.collect::<Vec<_>>().join("&")
}
