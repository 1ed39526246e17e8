//! The format string of `tail`: what is shown of each event, in what order.

use super::output::one_line;
use crate::history::view::Ended;

/// The letters, and what they stand for.
const LETTERS: [(char, &str); 15] = [
    ('t', "when it was over"),
    ('i', "id"),
    ('T', "type"),
    ('s', "source"),
    ('S', "subject"),
    ('c', "channel"),
    ('p', "partition"),
    ('o', "offset"),
    ('g', "trigger"),
    ('f', "function"),
    ('v', "verdict"),
    ('r', "status of the last attempt"),
    ('e', "error of the last attempt"),
    ('a', "attempts"),
    ('m', "milliseconds of the last attempt"),
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Letter(char),
}

impl Format {
    /// Reads `'%t %i %T %v\n'`.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            match (character, rest.clone().next()) {
                ('%', Some('%')) => plain.push('%'),
                ('%', Some(letter)) if LETTERS.iter().any(|(known, _)| *known == letter) => {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(Part::Letter(letter));
                }
                ('%', other) => return Err(unknown(other)),
                ('\\', Some('n')) => plain.push('\n'),
                ('\\', Some('t')) => plain.push('\t'),
                ('\\', Some('0')) => plain.push('\0'),
                ('\\', Some('\\')) => plain.push('\\'),
                ('\\', _) => return Err("a backslash is followed by n, t, 0 or a backslash".into()),
                (other, _) => {
                    plain.push(other);
                    continue;
                }
            }
            rest.next();
        }
        parts.push(Part::Text(plain));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Ok(Self(parts))
    }

    pub(super) fn write(&self, ended: &Ended) -> String {
        let written = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            // Whatever it holds, it stays one value.
            Part::Letter(letter) => one_line(&value(*letter, ended), usize::MAX),
        });
        written.collect()
    }
}

fn value(letter: char, ended: &Ended) -> String {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    match letter {
        't' => ended.at.clone(),
        'i' => ended.id.clone(),
        'T' => ended.ty.clone(),
        's' => ended.source.clone(),
        'S' => or_dash(&ended.subject),
        'c' => ended.channel.clone(),
        'p' => ended.partition.to_string(),
        'o' => ended.offset.to_string(),
        'g' => or_dash(&ended.trigger),
        'f' => or_dash(&ended.function),
        'v' => ended.outcome.text().into(),
        'r' => or_dash(&ended.status),
        'e' => or_dash(&ended.error),
        'a' => ended.attempt.to_string(),
        _ => ended.ms.map_or_else(|| "-".into(), |ms| format!("{ms:.1}")),
    }
}

fn unknown(letter: Option<char>) -> String {
    let known = LETTERS.map(|(letter, what)| format!("%{letter} {what}")).join(", ");
    let shown = letter.map_or_else(String::new, |letter| letter.to_string());
    format!("there is no %{shown}; there are {known}, and %% for a percent sign")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::history::view::Outcome;

    pub(in crate::cli) fn ended() -> Ended {
        Ended {
            id: "o-17".into(),
            ty: "order.created".into(),
            source: "/shop".into(),
            subject: None,
            time: None,
            channel: "broker/default".into(),
            partition: 0,
            offset: 7,
            arrived: "2026-11-26T20:00:16.955258Z".into(),
            trigger: Some("bill".into()),
            to: Some("fn/bill".into()),
            function: Some("bill".into()),
            outcome: Outcome::DeadLetter,
            status: Some("exit 101".into()),
            error: Some("it\nbroke".into()),
            attempt: 5,
            ms: Some(2.345),
            total_ms: 100.0,
            at: "2026-11-26T20:00:17.055258Z".into(),
        }
    }

    fn written(format: &str) -> String {
        Format::parse(format).unwrap().write(&ended())
    }

    #[test]
    fn a_format_says_what_is_shown() {
        for (format, expected) in [
            ("%t %i %T %v\\n", "2026-11-26T20:00:17.055258Z o-17 order.created dead letter\n"),
            ("%s|%S|%c|%p|%o", "/shop|-|broker/default|0|7"),
            ("%g>%f: %r %a %m ms", "bill>bill: exit 101 5 2.3 ms"),
            ("100%% %%i\\t\\\\n\\0", "100% %i\t\\n\0"),
            ("%e.", "it broke."),
            ("", ""),
        ] {
            assert_eq!(written(format), expected, "{format}");
        }
    }

    #[test]
    fn every_letter_has_a_value_and_others_are_refused() {
        for (letter, _) in LETTERS {
            assert_ne!(written(&format!("%{letter}")), "", "{letter}");
        }
        for format in ["%x", "%", "a %", "%é"] {
            assert!(Format::parse(format).unwrap_err().contains("%i id"), "{format}");
        }
        assert!(Format::parse("a\\q").is_err());
    }
}
