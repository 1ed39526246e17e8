//! Patterns of the LIKE operator (CESQL 1.0, section 3.4.3).

use alloc::{boxed::Box, vec::Vec};

use memchr::memmem;

use crate::event::short;

/// A pattern, by what it takes to match it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::filter) enum Pattern {
    /// No wildcard.
    Exact(Box<[u8]>),
    /// `start%end`, either of which may be empty.
    Ends { start: Box<[u8]>, end: Box<[u8]> },
    /// `%middle%`.
    Contains(Box<[u8]>),
    /// All others.
    Steps(Box<[Step]>),
}

/// One step through a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::filter) enum Step {
    /// Exactly these bytes, whole characters.
    Text(Box<[u8]>),
    /// `_`: one character, whichever.
    One,
    /// `%`: any number of characters.
    Any,
}

impl Pattern {
    /// `%` and `_` behind a backslash are themselves; a backslash before anything else is, too.
    pub(super) fn parse(pattern: &str) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        let mut text: Vec<u8> = Vec::new();
        let mut bytes = pattern.bytes().peekable();
        while let Some(byte) = bytes.next() {
            let wildcard = match byte {
                b'%' => Step::Any,
                b'_' => Step::One,
                b'\\' => {
                    text.push(bytes.next_if(|b| matches!(b, b'%' | b'_')).unwrap_or(byte));
                    continue;
                }
                _ => {
                    text.push(byte);
                    continue;
                }
            };
            if !text.is_empty() {
                steps.push(Step::Text(core::mem::take(&mut text).into()));
            }
            // `%%` says no more than `%`.
            if wildcard != Step::Any || steps.last() != Some(&Step::Any) {
                steps.push(wildcard);
            }
        }
        if !text.is_empty() {
            steps.push(Step::Text(text.into()));
        }
        Self::of(steps)
    }

    fn of(steps: Vec<Step>) -> Self {
        use Step::{Any, Text};
        match &steps[..] {
            [] => Self::Exact(Box::default()),
            [Text(text)] => Self::Exact(text.clone()),
            [Any] => Self::Ends { start: Box::default(), end: Box::default() },
            [Text(start), Any] => Self::Ends { start: start.clone(), end: Box::default() },
            [Any, Text(end)] => Self::Ends { start: Box::default(), end: end.clone() },
            [Text(start), Any, Text(end)] => Self::Ends { start: start.clone(), end: end.clone() },
            [Any, Text(middle), Any] => Self::Contains(middle.clone()),
            _ => Self::Steps(steps.into()),
        }
    }

    /// Whether the whole text matches; `text` is UTF-8.
    #[inline]
    pub(in crate::filter) fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(wanted) => short::equal(text, wanted),
            Self::Ends { start, end } => {
                text.len() >= start.len() + end.len()
                    && short::starts_with(text, start)
                    && short::ends_with(text, end)
            }
            Self::Contains(middle) => memmem::find(text, middle).is_some(),
            Self::Steps(steps) => walk(steps, text),
        }
    }

    /// What every text that matches begins with, and what it ends with.
    pub(in crate::filter) fn ends(&self) -> (&[u8], &[u8]) {
        match self {
            Self::Exact(whole) => (whole, whole),
            Self::Ends { start, end } => (start, end),
            Self::Contains(_) => (&[], &[]),
            Self::Steps(steps) => (literal(steps.first()), literal(steps.last())),
        }
    }

    /// Whether every text matches.
    pub(super) fn is_anything(&self) -> bool {
        matches!(self, Self::Ends { start, end } if start.is_empty() && end.is_empty())
    }
}

fn literal(step: Option<&Step>) -> &[u8] {
    match step {
        Some(Step::Text(text)) => text,
        _ => &[],
    }
}

/// Steps through the text. After a miss only the last `%` takes a character more: what an earlier one could take,
/// the last one can.
fn walk(steps: &[Step], text: &[u8]) -> bool {
    let (mut step, mut at) = (0, 0);
    let mut last_any: Option<(usize, usize)> = None;
    loop {
        let next = match steps.get(step) {
            None if at == text.len() => return true,
            None => None,
            Some(Step::Any) => {
                step += 1;
                last_any = Some((step, at));
                continue;
            }
            Some(Step::One) => (at < text.len()).then(|| at + width(text[at])),
            Some(Step::Text(wanted)) => text[at..].starts_with(wanted).then(|| at + wanted.len()),
        };
        match (next, last_any) {
            (Some(next), _) => (step, at) = (step + 1, next),
            (None, Some((behind, taken))) if taken < text.len() => {
                let taken = taken + width(text[taken]);
                last_any = Some((behind, taken));
                (step, at) = (behind, taken);
            }
            (None, _) => return false,
        }
    }
}

/// The bytes of the character that begins with this one.
pub(super) const fn width(first: u8) -> usize {
    match first {
        0..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, pattern: &str, expected: bool) {
        assert_eq!(Pattern::parse(pattern).matches(text.as_bytes()), expected, "{text:?} LIKE {pattern:?}");
    }

    #[test]
    fn wildcards_take_characters_not_bytes() {
        check("äöü", "___", true);
        check("äöü", "____", false);
        check("a😀c", "a_c", true);
        check("a😀c", "a%c", true);
        // Nor does what `%` leaves begin in the middle of one.
        check("😀", "%__", false);
        check("€äb😀", "%__b%_", true);
    }

    #[test]
    fn an_escaped_wildcard_is_itself_and_nothing_else() {
        check("a%zz", r"a\%zz", true);
        check(r"a\zz", r"a\%", false);
        check(r"a\zz", r"a\zz", true);
        check(r"a\%", r"a\\%", true);
        check(r"a\b", r"a\\%", false);
        check("a_c", r"a\_c", true);
        check("abc", r"a\_c", false);
    }

    #[test]
    fn the_ends_do_not_overlap() {
        check("aba", "ab%ba", false);
        check("abba", "ab%ba", true);
        check("aXbYc", "a%b%c", true);
        check("aXbY", "a%b%c", false);
        check("abcbc", "a%bc", true);
        check("aaa", "%a_", true);
        check("", "%", true);
        check("", "_", false);
        check("x", "", false);
    }
}
