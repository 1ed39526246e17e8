//! A TOML text as a tree in which every key and value knows its place.
//!
//! We walk the tree ourselves instead of deriving: serde stops at the first error and words it its own way,
//! and the messages are our interface.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::codes::Code;
use super::diagnostic::{Diagnostic, Problems};
use super::source::{Place, Source};

/// A text that parsed.
pub(super) struct Document<'t> {
    source: Arc<Source>,
    pub(super) root: Spanned<DeValue<'t>>,
    pub(super) problems: &'t Problems,
}

impl<'t> Document<'t> {
    /// Reads a text whose places are those of the source; reports every syntax error in it.
    pub(super) fn parse(text: &'t str, source: &Arc<Source>, problems: &'t Problems) -> Option<Self> {
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            problems.report(syntax(error, source));
        }
        let (span, table) = (root.span(), root.into_inner());
        errors.is_empty().then(|| Self {
            source: source.clone(),
            root: Spanned::new(span, DeValue::Table(table)),
            problems,
        })
    }

    pub(super) fn place(&self, span: std::ops::Range<usize>) -> Place {
        Place { source: self.source.clone(), span }
    }
}

fn syntax(error: &toml::de::Error, source: &Arc<Source>) -> Diagnostic {
    let end = source.text.len();
    let span = error.span().unwrap_or(end..end);
    let place = Place { source: source.clone(), span: span.start.min(end)..span.end.min(end) };
    // The parser says what it found and what it expected; the second part is the help.
    let (message, expected) = match error.message().split_once(", expected ") {
        Some((message, expected)) => (message, Some(expected)),
        None => (error.message(), None),
    };
    let code = if message.contains("duplicate key") { Code::Twice } else { Code::Syntax };
    let diagnostic = Diagnostic::new(code, format!("invalid TOML: {message}")).at(&place, "here");
    match expected {
        Some(expected) => diagnostic.help(format!("expected {expected}")),
        None => diagnostic,
    }
}
