//! Whatever is formatted means what it meant, and is the same when it is formatted again.

use toml_parser::Source as Lexed;
use toml_parser::lexer::TokenKind;

use super::super::MANUAL;
use super::super::format::format;
use super::manual_in_full;

/// Every token that is no blank and no line end, as it is written.
fn said(text: &str) -> Vec<String> {
    let tokens = Lexed::new(text).lex().into_vec();
    let is_said = |kind| !matches!(kind, TokenKind::Whitespace | TokenKind::Newline | TokenKind::Eof);
    let tokens = tokens.iter().filter(|token| is_said(token.kind()));
    tokens
        .map(|token| text[token.span().start()..token.span().end()].trim_end_matches([' ', '\t']).into())
        .collect()
}

fn check(text: &str) {
    let value = |text: &str| text.parse::<toml::Table>();
    let before = value(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let once = format(text);
    assert_eq!(value(&once).as_ref(), Ok(&before), "{text}\nbecame\n{once}");
    assert_eq!(said(&once), said(text), "nothing is lost and nothing moves");
    assert_eq!(format(&once), once, "of\n{text}");
    let ends = once.lines().all(|line| !line.ends_with([' ', '\t'])) || once.contains("\"\"\"");
    assert!(ends && !once.starts_with('\n') && !once.ends_with("\n\n"), "{once:?}");
}

#[test]
fn the_manual_and_what_we_ship_keep_their_meaning() {
    check(MANUAL);
    check(&manual_in_full());
    check(include_str!("../../../../examples/broker-and-triggers/runtime.toml"));
    check(include_str!("../../../../examples/source-to-sink/runtime.toml"));
    check(include_str!("../../../../examples/channel-and-subscriptions/runtime.toml"));
    check(include_str!("../../../../functions/shout.toml"));
    check(include_str!("../../../Cargo.toml"));
    check(include_str!("../../../../deny.toml"));
}

#[test]
fn what_we_ship_is_written_as_all_are() {
    for text in [
        MANUAL,
        include_str!("../../../../examples/broker-and-triggers/runtime.toml"),
        include_str!("../../../../examples/source-to-sink/runtime.toml"),
        include_str!("../../../../examples/channel-and-subscriptions/runtime.toml"),
        include_str!("../../../../examples/deploy-a-service/runtime.toml"),
        include_str!("../../../../functions/shout.toml"),
        include_str!("../../cli/new/templates/project/runtime.toml"),
    ] {
        assert_eq!(format(text), text);
    }
}

/// A file that a hand might have written, by a seed.
struct Hand {
    state: u64,
    keys: u32,
}

impl Hand {
    /// A number below `most` (xorshift).
    fn pick(&mut self, most: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % most
    }

    fn one<'c>(&mut self, choices: &[&'c str]) -> &'c str {
        choices[usize::try_from(self.pick(choices.len() as u64)).unwrap()]
    }

    fn blank(&mut self) -> &'static str {
        self.one(&["", "", " ", "  ", "\t", " \t "])
    }

    fn end(&mut self) -> String {
        let comment = self.one(&["", "", "", "# x", "#", "# ä = [ # ]  ", "#\"\"\""]);
        let end = self.one(&["\n", "\n", "\r\n", "\n\n", "\n \n\n\n"]);
        format!("{}{comment}{}{end}", self.blank(), self.blank())
    }

    /// None is there twice.
    fn key(&mut self) -> String {
        self.keys += 1;
        let number = self.keys;
        let gap = self.blank();
        match self.pick(4) {
            0 => format!("k{number}{gap}.{gap}\"a b\""),
            1 => format!("'[x]{number} = #'"),
            _ => format!("k{number}"),
        }
    }

    fn value(&mut self, depth: u32) -> String {
        match self.pick(if depth == 0 { 4 } else { 7 }) {
            0 | 1 => {
                self.one(&["1", "-1.5e3", "0xff", "true", "2026-11-26 08:00:00.5", "inf", "1_000"]).into()
            }
            2 => self.one(&["'a  b'", "\"x=[ 1,2 ]#\"", "''", "\"\\\"  \""]).into(),
            3 => self.one(&["\"\"\"a\n\n\n [x]  \n\"\"\"", "'''\n  # no\n'''", "'''x'''"]).into(),
            4 | 5 => self.list(depth),
            _ => self.table(depth),
        }
    }

    fn list(&mut self, depth: u32) -> String {
        let mut text = format!("[{}", self.blank());
        for _ in 0..self.pick(4) {
            let (between, value) = (self.between(), self.value(depth - 1));
            text += &format!("{between}{value}{}{},", self.between(), self.blank());
        }
        format!("{text}{}]", self.between())
    }

    fn table(&mut self, depth: u32) -> String {
        let count = self.pick(3);
        let pairs: Vec<String> = (0..count)
            .map(|_| {
                let (key, value) = (self.key(), self.value(depth - 1));
                format!("{}{key}{}={}{value}{}", self.blank(), self.blank(), self.blank(), self.blank())
            })
            .collect();
        format!("{{{}{}}}", pairs.join(","), self.blank())
    }

    /// In a list there may be line ends and comments anywhere.
    fn between(&mut self) -> String {
        if self.pick(3) == 0 { self.end() + self.blank() } else { self.blank().into() }
    }

    fn file(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.pick(12) {
            text += self.blank();
            text += &match self.pick(8) {
                0 => {
                    let (number, gap) = (self.keys, self.blank());
                    self.keys += 1;
                    format!("[{gap}t{number}{gap}.{gap}'u v'{gap}]")
                }
                1 => {
                    let (number, gap) = (self.keys, self.blank());
                    self.keys += 1;
                    format!("[[{gap}l{number}{gap}]]")
                }
                2 => String::new(),
                _ => {
                    let (key, value) = (self.key(), self.value(3));
                    format!("{key}{}={}{value}", self.blank(), self.blank())
                }
            };
            text += &self.end();
        }
        if self.pick(3) == 0 { text.trim_end().to_owned() } else { text }
    }
}

#[test]
fn what_a_hand_writes_keeps_its_meaning_and_settles_at_once() {
    let mut written = 0;
    for seed in 1..=3000 {
        let text = Hand { state: 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed), keys: 0 }.file();
        written += usize::from(text.lines().count() > 5);
        check(&text);
    }
    assert!(written > 1000, "{written} of several lines");
}
