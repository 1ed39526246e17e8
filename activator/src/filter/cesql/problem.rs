//! What is wrong with the text of an expression.

use alloc::{borrow::ToOwned, format, string::String};
use core::fmt;

use super::function;
use super::lex::KEYWORDS;
use super::span::Span;

/// Why a text is no expression, and where (CESQL 1.0, section 3.3 "ParseError").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub span: Span,
    /// What it is.
    pub what: What,
}

/// What can be wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Something else must stand here.
    Expected {
        /// What must.
        expected: &'static str,
        /// What does, as it is written; nothing at the end of the text.
        found: Option<String>,
    },
    /// A text without its closing quote.
    Unclosed,
    /// A number of more than 32 bits.
    TooLarge,
    /// A name of an attribute that holds an underscore.
    AttributeName(String),
    /// More than [`DEPTH_MAX`](super::DEPTH_MAX) levels.
    TooDeep,
    /// More text than anyone writes.
    TooLong,
    /// Characters that mean nothing.
    Unknown(String),
}

impl What {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Unclosed => {
                Some("close it with the quote it began with; inside it, write that quote as \\' or \\\"")
            }
            Self::TooLarge => {
                Some("integers go from -2147483648 to 2147483647; compare longer ones as texts, in quotes")
            }
            Self::AttributeName(_) => {
                Some("attributes are written in a-z and 0-9; only functions have underscores")
            }
            Self::TooDeep => Some("write it with fewer brackets, or as several filters under `all` or `any`"),
            Self::TooLong => Some("split it into several filters under `all` or `any`"),
            Self::Unknown(found) => foreign(found),
            Self::Expected { found: Some(found), .. } => foreign(found),
            Self::Expected { found: None, .. } => None,
        }
    }

    /// The word that may be a slip of the pen, and the words it may have meant.
    pub fn slip(&self) -> Option<(&str, impl Iterator<Item = &'static str> + use<>)> {
        let Self::Expected { found: Some(found), .. } = self else { return None };
        let is_word = found.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
        let known = KEYWORDS.iter().map(|(word, _)| *word).chain(function::NAMES.iter().copied());
        is_word.then_some((&**found, known))
    }
}

/// What other languages write in its place.
fn foreign(found: &str) -> Option<&'static str> {
    Some(match found {
        "==" => "equality is one `=`",
        "&&" | "&" => "write AND",
        "||" | "|" => "write OR",
        "!" => "write NOT, or != between two values",
        "~" => "write LIKE, with % for any characters",
        "\u{a0}" => "this is a no-break space: write a plain one",
        "\u{2018}" | "\u{2019}" | "\u{201c}" | "\u{201d}" | "`" => {
            "texts stand in straight quotes: 'text' or \"text\""
        }
        "[" | "]" | "{" | "}" => "only round brackets are used",
        "." => {
            "attributes have no parts: a name is a-z and 0-9, and the data of an event cannot be looked into"
        }
        ";" => "an expression stands alone, with nothing behind it",
        _ if found.starts_with(['\'', '"']) => {
            "between two values stands an operator, such as = or LIKE; inside a text, write a quote as \\'"
        }
        _ => return None,
    })
}

impl Problem {
    pub(super) fn expected(expected: &'static str, found: &str, span: Span) -> Self {
        let found = (!found.is_empty()).then(|| found.to_owned());
        Self { span, what: What::Expected { expected, found } }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected { expected, found: Some(found) } => {
                write!(f, "expected {expected}, found {}", quoted(found))
            }
            Self::Expected { expected, found: None } => write!(f, "expected {expected}, found the end"),
            Self::Unclosed => f.write_str("a text without a closing quote"),
            Self::TooLarge => f.write_str("a number of more than 32 bits"),
            Self::AttributeName(name) => write!(f, "{} is no name of an attribute", quoted(name)),
            Self::TooDeep => write!(f, "nested deeper than {} levels", super::DEPTH_MAX),
            Self::TooLong => write!(f, "longer than {} bytes", super::LENGTH_MAX),
            Self::Unknown(found) => write!(f, "{} means nothing here", quoted(found)),
        }
    }
}

/// As it is written, in ticks; shortened where it is long, and what does not print escaped.
fn quoted(found: &str) -> String {
    const SHOWN_MAX: usize = 32;
    let mut shown = String::new();
    for character in found.chars().take(SHOWN_MAX) {
        match character {
            '\'' | '"' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    let cut = if found.chars().nth(SHOWN_MAX).is_some() { ".." } else { "" };
    format!("`{shown}{cut}`")
}
