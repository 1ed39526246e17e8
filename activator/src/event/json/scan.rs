//! The grammar of JSON (RFC 8259), read in place: nothing is copied, and no depth of nesting takes stack.

use smallvec::SmallVec;

use crate::event::short;

/// What is wrong, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) what: &'static str,
    pub(super) at: usize,
}

/// A string between its quotes, as it is written. Its escapes have the right form.
#[derive(Clone, Copy)]
pub(super) struct Quoted<'a> {
    pub(super) inner: &'a [u8],
    pub(super) escaped: bool,
}

/// Reads one token after the other.
#[derive(Clone)]
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    /// The text must be UTF-8: that is not looked at here.
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self { text, rest: text }
    }

    #[cold]
    pub(super) const fn wrong(&self, what: &'static str) -> Wrong {
        Wrong { what, at: self.text.len() - self.rest.len() }
    }

    /// The next byte that is no white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    /// Goes past the next byte, if it is this one.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        self.peek();
        self.skip(byte)
    }

    /// Goes past a byte, if it is just here.
    #[inline]
    fn skip(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Wrong> {
        if self.take(byte) { Ok(()) } else { Err(self.wrong(what)) }
    }

    pub(super) fn end(&mut self) -> Result<(), Wrong> {
        if self.peek().is_none() { Ok(()) } else { Err(self.wrong("expected nothing more")) }
    }

    /// What was read since `start` was all that was left.
    #[inline]
    fn since(&self, start: &'a [u8]) -> &'a [u8] {
        &start[..start.len() - self.rest.len()]
    }

    /// A string.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Quoted<'a>, Wrong> {
        self.expect(b'"', "expected a string")?;
        let start = self.rest;
        let mut escaped = false;
        loop {
            self.rest = short::behind_literal(self.rest);
            match self.rest {
                [b'"', rest @ ..] => {
                    let inner = self.since(start);
                    self.rest = rest;
                    return Ok(Quoted { inner, escaped });
                }
                [b'\\', escape @ ..] => {
                    escaped = true;
                    self.rest = self.behind_escape(escape)?;
                }
                [_, ..] => return Err(self.wrong("a control character in a string is not escaped")),
                [] => return Err(self.wrong("a string does not end")),
            }
        }
    }

    fn behind_escape(&self, escape: &'a [u8]) -> Result<&'a [u8], Wrong> {
        match escape {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => Ok(rest),
            [b'u', a, b, c, d, rest @ ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => {
                Ok(rest)
            }
            _ => Err(self.wrong("an escape in a string is none of JSON's")),
        }
    }

    /// A number as it is written.
    pub(super) fn number(&mut self) -> Result<&'a [u8], Wrong> {
        let start = self.rest;
        self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _sign = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        Ok(self.since(start))
    }

    fn digits(&mut self) -> Result<(), Wrong> {
        let start = self.rest;
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
        if self.rest.len() == start.len() { Err(self.wrong("expected a digit")) } else { Ok(()) }
    }

    /// `true`, `false` or `null`.
    pub(super) fn literal(&mut self, literal: &'static [u8]) -> Result<&'static [u8], Wrong> {
        self.rest = self.rest.strip_prefix(literal).ok_or_else(|| self.wrong("expected a value"))?;
        Ok(literal)
    }

    /// Any value as it is written, white space around it left out.
    pub(super) fn value(&mut self) -> Result<&'a [u8], Wrong> {
        self.peek();
        let start = self.rest;
        // The brackets that will close what is open.
        let mut open: SmallVec<[u8; 64]> = SmallVec::new();
        loop {
            if let Some(closing) = self.opening() {
                if !self.take(closing) {
                    open.push(closing);
                    self.name_in(closing)?;
                    continue;
                }
            } else {
                self.scalar()?;
            }
            // Behind a value: close all that ends here, then go on with the next one.
            loop {
                let Some(&closing) = open.last() else {
                    return Ok(self.since(start));
                };
                if self.take(closing) {
                    open.pop();
                } else {
                    self.expect(b',', "expected a comma or the end of what is open")?;
                    self.name_in(closing)?;
                    break;
                }
            }
        }
    }

    /// Goes past an opening bracket, if there is one, and gives the one that closes it.
    #[inline]
    fn opening(&mut self) -> Option<u8> {
        let closing = match self.peek()? {
            b'{' => b'}',
            b'[' => b']',
            _ => return None,
        };
        self.rest = &self.rest[1..];
        Some(closing)
    }

    /// In an object a name precedes each value.
    #[inline]
    fn name_in(&mut self, closing: u8) -> Result<(), Wrong> {
        if closing == b'}' {
            self.string()?;
            self.expect(b':', "expected a colon")?;
        }
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), Wrong> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.literal(b"true").map(drop),
            Some(b'f') => self.literal(b"false").map(drop),
            Some(b'n') => self.literal(b"null").map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            _ => Err(self.wrong("expected a value")),
        }
    }
}

/// Whether this is one JSON text, and nothing else.
pub(super) fn is_json(text: &[u8]) -> bool {
    let mut scanner = Scanner::new(text);
    core::str::from_utf8(text).is_ok() && scanner.value().is_ok() && scanner.end().is_ok()
}
