//! Expressions such as filters have: of few names and texts, so that parts contradict, repeat and imply one another.

use super::mutate::noise;
use super::{NAMES, TEXTS, against, event, mutated, one};
use crate::oracle;
use crate::random::Random;

/// An expression with an event: most parse, some nearly do, a few mean nothing.
pub(crate) fn input(random: &mut Random) -> Vec<u8> {
    let input = match random.between(0, 9) {
        0 => return noise(random),
        1..=3 => oracle::input(random),
        _ => {
            let text = condition(random, 0);
            against(&event::lines(random), &text)
        }
    };
    if random.chance(300) { mutated(input, random) } else { input }
}

/// A condition in one line.
pub(super) fn condition(random: &mut Random, depth: u64) -> String {
    let name = one(random, &NAMES);
    if depth > 3 || random.chance(400) {
        return clause(name, random);
    }
    // Of one attribute, for those of two seldom have to do with one another.
    let several = |word: &str, random: &mut Random| {
        let clauses: Vec<String> = (0..random.between(2, 3)).map(|_| clause(name, random)).collect();
        clauses.join(word)
    };
    let inner = |random: &mut Random| condition(random, depth + 1);
    match random.between(0, 9) {
        0 | 1 => format!("({}) AND ({})", inner(random), inner(random)),
        2 => format!("({}) OR ({})", inner(random), inner(random)),
        3 => several(" AND ", random),
        4 => several(" OR ", random),
        5 => format!("{} XOR {}", clause(name, random), inner(random)),
        6 => format!("({}) = {}", inner(random), one(random, &["TRUE", "FALSE", "1", "'true'"])),
        7 => format!("{} {} {}", clause(name, random), one(random, &["AND", "OR"]), inner(random)),
        _ => format!("NOT ({})", inner(random)),
    }
}

fn clause(name: &str, random: &mut Random) -> String {
    let (text, other) = (one(random, &TEXTS), one(random, &TEXTS));
    let number = one(random, &["0", "1", "-1", "2"]);
    let order = one(random, &["<", "<=", ">", ">=", "=", "!="]);
    let not = one(random, &["", "", "NOT "]);
    match random.between(0, 17) {
        0 => format!("{name} = '{text}'"),
        1 => format!("'{text}' = {name}"),
        2 => format!("{name} != '{text}'"),
        3 => format!("{name} {not}LIKE '{text}%'"),
        4 => format!("{name} {not}LIKE '%{text}'"),
        5 => format!("{name} {not}LIKE '{text}%{other}'"),
        6 => format!("{name} {not}LIKE '{}'", one(random, &["%", "", "_", "%b%", "a_%", "%_c", r"\%"])),
        7 => format!("{name} {not}IN ('{text}', '{other}')"),
        8 => format!("{name} {not}IN ({number}, '{text}')"),
        9 => format!("{not}EXISTS {name}"),
        10 => format!("{name} {order} {number}"),
        11 => format!("{number} {order} {name}"),
        12 => format!("INT({name}) {order} {number}"),
        13 => format!("UPPER({name}) = '{text}'"),
        14 => format!("{name} = {}", one(random, &NAMES)),
        15 => format!("LEFT({name}, {number}) {order} '{text}'"),
        16 => one(random, &["TRUE", "FALSE", "1 = 1", "1 = 2", "1 / 0 = 1"]).into(),
        _ => name.into(),
    }
}
