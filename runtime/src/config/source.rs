//! A text that was read, places in it, and values that remember where they were written.

use std::ops::Range;
use std::sync::Arc;

/// A text with the name people know it by: `runtime.toml`, `functions/bill.toml`, `--listen`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn new(name: &str, text: &str) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }
}

/// A part of a source, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) source: Arc<Source>,
    pub(crate) span: Range<usize>,
}

impl Place {
    /// The line it begins in, from 1.
    pub(crate) fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// The character of the line it begins at, from 1.
    pub(crate) fn column(&self) -> usize {
        let line = self.before().rsplit('\n').next().unwrap_or_default();
        line.chars().count() + 1
    }

    fn before(&self) -> &str {
        self.source.text.get(..self.span.start).unwrap_or(&self.source.text)
    }
}

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

impl At<String> {
    /// A text that comes from no file, but from a flag or the environment.
    pub(crate) fn given(origin: &str, text: &str) -> Self {
        Self { value: text.into(), place: Place { source: Source::new(origin, text), span: 0..text.len() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let source = Source::new("x", "a = 1\nü = 2");
        let at = |needle: &str| {
            let start = source.text.find(needle).unwrap();
            let place = Place { source: source.clone(), span: start..start + needle.len() };
            (place.line(), place.column())
        };
        assert_eq!(at("a"), (1, 1));
        assert_eq!(at("ü"), (2, 1));
        assert_eq!(at("2"), (2, 5), "a character is one column however many bytes it has");
    }
}
