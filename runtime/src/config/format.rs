//! A configuration file written as all are written. Only blanks and line ends change: every other token stays as it is and
//! where it is, so nothing that is said can get lost.

use std::path::Path;

use toml_parser::Source as Lexed;
use toml_parser::lexer::{Token, TokenKind};

use super::diagnostic::{Diagnostic, Problems};
use super::document::Document;
use super::source::Source;

/// Of each bracket that is open at the beginning of a line.
const INDENT: usize = 4;
const BLANKS: [char; 2] = [' ', '\t'];

/// A file, as it is and as it should be.
pub(crate) struct Formatted {
    pub(crate) before: String,
    pub(crate) after: String,
}

/// Reads a file that people know by this name; what keeps it from being read is told as any load does.
pub(crate) fn format_file(path: &Path, name: &str) -> Result<Formatted, Vec<Diagnostic>> {
    let before =
        std::fs::read_to_string(path).map_err(|error| vec![Diagnostic::cannot_read(name, &error)])?;
    let problems = Problems::default();
    if Document::parse(&before, &Source::new(name, &before), &problems).is_none() {
        return Err(problems.into_sorted());
    }
    Ok(Formatted { after: format(&before), before })
}

/// The text in the form that all have. It is one that was read without an error.
pub(crate) fn format(text: &str) -> String {
    // The mark that some editors begin a file with is no blank.
    let (mark, text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    let lines = with_blank_lines(lines(text));
    mark.to_owned() + &lines.iter().map(|line| format!("{}\n", line.text)).collect::<String>()
}

/// A line as it will be; one with a text of several lines in it is one.
#[derive(Default)]
struct Line {
    text: String,
    kind: Kind,
    /// Brackets that are open before it, and behind it.
    depth: (usize, usize),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Blank,
    Comment,
    /// `[table]`, or `[[table]]`.
    Header,
    Other,
}

fn lines(text: &str) -> Vec<Line> {
    let tokens = Lexed::new(text).lex().into_vec();
    let mut depth = 0;
    let lines = tokens.split(|token| token.kind() == TokenKind::Newline).map(|tokens| {
        let line = Line::of(text, tokens, depth);
        depth = line.depth.1;
        line
    });
    lines.collect()
}

impl Line {
    fn of(text: &str, tokens: &[Token], depth: usize) -> Self {
        let is_empty = |token: &&Token| matches!(token.kind(), TokenKind::Whitespace | TokenKind::Eof);
        let tokens: Vec<&Token> = tokens.iter().filter(|token| !is_empty(token)).collect();
        let kind = match tokens.first().map(|token| token.kind()) {
            None => Kind::Blank,
            Some(TokenKind::Comment) => Kind::Comment,
            Some(TokenKind::LeftSquareBracket) if depth == 0 => Kind::Header,
            Some(_) => Kind::Other,
        };
        let closing = tokens.iter().take_while(|token| step(token.kind()) < 0).count();
        // A blank line is one, however deep it is.
        let indent = if kind == Kind::Blank { 0 } else { INDENT * depth.saturating_sub(closing) };
        let mut line = " ".repeat(indent);
        let mut before = None;
        for token in &tokens {
            let kind_now = token.kind();
            let said = &text[token.span().start()..token.span().end()];
            match (kind_now, before) {
                (TokenKind::Comment, Some(_)) => line.push_str(&" ".repeat(gap(text, token, &line))),
                (_, Some(before)) if is_apart(before, kind_now, kind) => line.push(' '),
                _ => {}
            }
            line.push_str(if kind_now == TokenKind::Comment { said.trim_end_matches(BLANKS) } else { said });
            before = Some(kind_now);
        }
        let after = tokens.iter().fold(depth, |depth, token| depth.saturating_add_signed(step(token.kind())));
        Self { text: line, kind, depth: (depth, after) }
    }
}

/// How many more brackets are open behind it.
const fn step(kind: TokenKind) -> isize {
    match kind {
        TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => 1,
        TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => -1,
        _ => 0,
    }
}

/// Whether a blank stands between two that follow each other in a line.
fn is_apart(before: TokenKind, after: TokenKind, line: Kind) -> bool {
    use TokenKind::{Comma, Dot, LeftCurlyBracket, LeftSquareBracket, RightCurlyBracket, RightSquareBracket};
    if line == Kind::Header {
        return false;
    }
    match (before, after) {
        (LeftCurlyBracket, RightCurlyBracket) | (LeftSquareBracket, _) | (_, RightSquareBracket | Comma) => {
            false
        }
        // Of a key, or of a number.
        (Dot, _) | (_, Dot) => false,
        // Behind a `,` and a `{`, around a `=`, and in a time such as `2026-11-26 08:00:00`.
        _ => true,
    }
}

/// A comment behind a value stays in its column where there is room, so that comments below each other stay so.
fn gap(text: &str, comment: &Token, line: &str) -> usize {
    let width = |text: &str| text.rsplit('\n').next().unwrap_or_default().chars().count();
    width(&text[..comment.span().start()]).saturating_sub(width(line)).max(1)
}

/// One blank line before each table and what is said above it; elsewhere those there are, but never two.
fn with_blank_lines(lines: Vec<Line>) -> Vec<Line> {
    let mut all: Vec<Line> = Vec::new();
    for line in lines {
        if line.kind == Kind::Header {
            let above = all.iter().rev().take_while(|line| line.kind == Kind::Comment).count();
            let at = all.len() - above;
            if at > 0 && all[at - 1].kind != Kind::Blank {
                all.insert(at, Line::default());
            }
        }
        if line.kind == Kind::Blank && !takes_blank(all.last()) {
            continue;
        }
        // None before what closes.
        if line.depth.1 < line.depth.0 && all.last().is_some_and(|line| line.kind == Kind::Blank) {
            all.pop();
        }
        all.push(line);
    }
    if all.last().is_some_and(|line| line.kind == Kind::Blank) {
        all.pop();
    }
    all
}

/// Whether a blank line may follow: not at the beginning, not behind another, and not behind what opens.
fn takes_blank(before: Option<&Line>) -> bool {
    before.is_some_and(|line| line.kind != Kind::Blank && line.depth.1 <= line.depth.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(format(text), expected, "{text:?}");
        assert_eq!(format(expected), expected, "a second time");
    }

    #[test]
    fn blanks_are_where_all_have_them() {
        check("a=1", "a = 1\n");
        check("  a . b   =  { c=1,d = [1 ,2,] }  \t\n", "a.b = { c = 1, d = [1, 2,] }\n");
        check("e={ }\nf=[ ]", "e = {}\nf = []\n");
        check("[ a . \"b c\" ]\n[[ d ]]", "[a.\"b c\"]\n\n[[d]]\n");
        check("t=2026-11-26 08:00:00.5\nn=-1.5e3", "t = 2026-11-26 08:00:00.5\nn = -1.5e3\n");
        check("a='x=[ 1,2 ]  '\r\nb=1\r\n", "a = 'x=[ 1,2 ]  '\nb = 1\n");
        check("\u{feff}a=1", "\u{feff}a = 1\n");
        check("", "");
        check(" \n\n", "");
    }

    #[test]
    fn comments_stay_and_those_below_each_other_too() {
        check("#x \n  # y\na=1#z", "#x\n# y\na = 1 #z\n");
        check("a=1      # x\nbb=2     # y", "a = 1    # x\nbb = 2   # y\n");
        check("a = 'ü'  # x", "a = 'ü'  # x\n");
    }

    #[test]
    fn a_table_stands_apart_with_what_is_said_of_it() {
        check("a=1\n# of b\n[b]\nc=1\n[d]\n[d.e]", "a = 1\n\n# of b\n[b]\nc = 1\n\n[d]\n\n[d.e]\n");
        check("\n\n# of b\n[b]\n\n\n\nc=1\n\n", "# of b\n[b]\n\nc = 1\n");
    }

    #[test]
    fn lists_of_several_lines_stay_so() {
        check("a = [\n  1,\n  \n  2,\n]", "a = [\n    1,\n\n    2,\n]\n");
        check(
            "a=[\n\n1,# one\n  # two\n [2,\n3],\n\n]\nb={\nc=1\n}",
            "a = [\n    1, # one\n    # two\n    [2,\n        3],\n]\nb = {\n    c = 1\n}\n",
        );
        check("a = \"\"\"\n x = 1  \n\n\n[y]\n\"\"\"   # z", "a = \"\"\"\n x = 1  \n\n\n[y]\n\"\"\"   # z\n");
    }
}
