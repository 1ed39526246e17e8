//! From the text of an expression to tokens (CESQL 1.0, section 2).
//!
//! Signs are tokens of their own: whether `-3` is a number or a subtraction is the parser's to know. So `5-3` is 2,
//! where a lexer that takes `-3` for one token is left with two numbers side by side.

use super::span::Span;

/// The smallest part of an expression that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    Comma,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Digits only.
    Digits,
    /// A text in quotes of either kind, quotes included.
    Text,
    /// A text whose closing quote is missing.
    Unclosed,
    And,
    Or,
    Xor,
    Not,
    Like,
    In,
    Exists,
    True,
    False,
    /// Letters, digits and underscores: the name of an attribute or a function.
    Word,
    /// Nothing CESQL knows.
    Unknown,
    End,
}

/// All keywords, in their canonical spelling; any mix of cases is the same word (section 2).
pub(super) const KEYWORDS: &[(&str, Token)] = &[
    ("AND", Token::And),
    ("OR", Token::Or),
    ("XOR", Token::Xor),
    ("NOT", Token::Not),
    ("LIKE", Token::Like),
    ("IN", Token::In),
    ("EXISTS", Token::Exists),
    ("TRUE", Token::True),
    ("FALSE", Token::False),
];

/// Gives one token after the other, [`Token::End`] for ever after the last.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn next(&mut self) -> (Token, Span) {
        let rest = self.text.as_bytes()[self.at..].iter();
        self.at += rest.take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
        let start = self.at;
        let (token, length) = token(&self.text[start..]);
        self.at += length;
        (token, Span::new(start, self.at))
    }
}

/// The token a text begins with, and its bytes.
fn token(text: &str) -> (Token, usize) {
    let bytes = text.as_bytes();
    let Some(&first) = bytes.first() else { return (Token::End, 0) };
    let second = bytes.get(1);
    match (first, second) {
        (b'(', _) => (Token::Open, 1),
        (b')', _) => (Token::Close, 1),
        (b',', _) => (Token::Comma, 1),
        (b'+', _) => (Token::Plus, 1),
        (b'-', _) => (Token::Minus, 1),
        (b'*', _) => (Token::Star, 1),
        (b'/', _) => (Token::Slash, 1),
        (b'%', _) => (Token::Percent, 1),
        // `==` is no operator: it is told in one piece.
        (b'=', Some(b'=')) => (Token::Unknown, 2),
        (b'=', _) => (Token::Equal, 1),
        (b'!', Some(b'=')) | (b'<', Some(b'>')) => (Token::NotEqual, 2),
        (b'<', Some(b'=')) => (Token::LessOrEqual, 2),
        (b'<', _) => (Token::Less, 1),
        (b'>', Some(b'=')) => (Token::GreaterOrEqual, 2),
        (b'>', _) => (Token::Greater, 1),
        (b'&', Some(b'&')) | (b'|', Some(b'|')) => (Token::Unknown, 2),
        (b'\'' | b'"', _) => quoted(bytes, first),
        _ if is_word(first) => word(text),
        _ => (Token::Unknown, text.chars().next().map_or(1, char::len_utf8)),
    }
}

/// A text up to the next quote of its kind; a backslash takes the character behind it along.
fn quoted(bytes: &[u8], quote: u8) -> (Token, usize) {
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        if byte == quote {
            return (Token::Text, at + 1);
        }
        at += if byte == b'\\' { 2 } else { 1 };
    }
    (Token::Unclosed, bytes.len())
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn word(text: &str) -> (Token, usize) {
    let length = text.bytes().take_while(|b| is_word(*b)).count();
    let word = &text[..length];
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return (Token::Digits, length);
    }
    let keyword = KEYWORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    (keyword.map_or(Token::Word, |(_, token)| *token), length)
}
