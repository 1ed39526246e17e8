//! The fields of a cron expression: what each is called and takes, and what is wrong with one that is refused.

use std::ops::Range;

use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};

/// A field by its place in the six.
struct Field {
    name: &'static str,
    takes: &'static str,
    /// What it takes beside numbers.
    words: &'static [&'static str],
}

const FIELDS: [Field; 6] = [
    Field { name: "second", takes: "0 to 59", words: &[] },
    Field { name: "minute", takes: "0 to 59", words: &[] },
    Field { name: "hour", takes: "0 to 23", words: &[] },
    Field { name: "day of the month", takes: "1 to 31, or L for the last", words: &["L", "W", "LW"] },
    Field { name: "month", takes: "1 to 12 or JAN to DEC", words: &MONTHS },
    Field { name: "day of the week", takes: "0 to 7 or SUN to SAT, where 0 and 7 are Sunday", words: &DAYS },
];

pub(super) const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
pub(super) const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A field that is refused.
pub(super) struct BadField {
    /// In bytes of the expression.
    pub(super) part: Range<usize>,
    pub(super) name: &'static str,
    pub(super) takes: &'static str,
}

/// Each field with its place.
pub(super) fn split(text: &str) -> Vec<(usize, &str)> {
    let start = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    text.split_whitespace().map(|part| (start(part), part)).collect()
}

/// Reads five fields, or six with the second in front. The first that is wrong is told. There is one expression for each
/// time of the day, where those are named one by one: what the parser knows of the days when clocks are set, it knows of such.
pub(super) fn read(fields: &[(usize, &str)]) -> Result<Vec<Cron>, BadField> {
    let skipped = FIELDS.len() - fields.len();
    for ((start, text), (index, field)) in fields.iter().zip(FIELDS.iter().enumerate().skip(skipped)) {
        if !is_sound(text, field) || parse(&alone(text, index)).is_err() {
            let part = *start..start + text.len();
            return Err(BadField { part, name: field.name, takes: field.takes });
        }
    }
    let texts: Vec<&str> = fields.iter().map(|(_, text)| *text).collect();
    // Each is sound by itself, and they do not know of one another.
    let bad = |_| BadField { part: 0..0, name: "expression", takes: "five fields" };
    one_by_one(&texts).iter().map(|expression| parse(expression).map_err(bad)).collect()
}

/// `0 9,17 * * *` as `0 9 * * *` and `0 17 * * *`; what has `*`, a range or steps in its clock stays as it is.
fn one_by_one(fields: &[&str]) -> Vec<String> {
    let (clock, days) = fields.split_at(fields.len() - 3);
    let is_list = |field: &&str| field.chars().all(|c| c.is_ascii_digit() || c == ',');
    if !clock.iter().all(is_list) {
        return vec![fields.join(" ")];
    }
    let all = clock.iter().fold(vec![String::new()], |before, field| {
        let with =
            |start: &String| field.split(',').map(|item| format!("{start}{item} ")).collect::<Vec<_>>();
        before.iter().flat_map(with).collect()
    });
    all.into_iter().map(|time| time + &days.join(" ")).collect()
}

/// An expression that is all right but for this field.
fn alone(text: &str, index: usize) -> String {
    let fields: Vec<&str> = (0..FIELDS.len()).map(|other| if other == index { text } else { "*" }).collect();
    fields.join(" ")
}

fn parse(expression: &str) -> Result<Cron, CronError> {
    let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed);
    // `5/15` is every quarter of an hour from minute 5 on, as for Knative.
    parser.sloppy_ranges(true).build().parse(expression)
}

/// What the parser takes and Knative's does not, and nobody means: `1,,2`, `/5`, or a month among the days.
fn is_sound(text: &str, field: &Field) -> bool {
    let items = text.split(',').all(|item| !item.is_empty() && !item.starts_with('/'));
    let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    items && words.map(str::to_ascii_uppercase).all(|word| is_word(&word, field))
}

/// `FRI`, and as a day of the week `L` for the last and `FRIL` for the last Friday.
fn is_word(word: &str, field: &Field) -> bool {
    let of_week = field.words == DAYS;
    let plain = if of_week { word.strip_suffix('L').unwrap_or(word) } else { word };
    field.words.contains(&plain) || (of_week && plain.is_empty())
}
