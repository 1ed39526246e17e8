//! What stands between operators: literals, attributes, calls, and expressions in brackets.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::{Found, Grip, Lost, Parser};
use crate::event::Name;
use crate::filter::cesql::ast::{Kind, NodeId};
use crate::filter::cesql::function::Function;
use crate::filter::cesql::lex::Token;
use crate::filter::cesql::problem::{Problem, What};
use crate::filter::cesql::span::Span;
use crate::filter::cesql::value::parse_integer;

impl Parser<'_> {
    pub(super) fn prefix(&mut self) -> Found {
        let (token, start) = (self.token, self.span);
        match token {
            Token::Not => {
                self.advance();
                let of = self.expression(Grip::Unary)?;
                self.add(Kind::Not(of), start.to(self.span_of(of)))
            }
            Token::Plus | Token::Minus if self.touches_digits() => {
                self.advance();
                self.integer(start)
            }
            Token::Minus => {
                self.advance();
                let of = self.expression(Grip::Unary)?;
                self.add(Kind::Negate(of), start.to(self.span_of(of)))
            }
            _ => self.primary(),
        }
    }

    fn primary(&mut self) -> Found {
        let span = self.span;
        match self.token {
            Token::Open => self.brackets(),
            Token::Digits => self.integer(span),
            Token::True | Token::False => {
                let value = self.token == Token::True;
                self.advance();
                self.add(Kind::Boolean(value), span)
            }
            Token::Text => {
                let text = unquoted(span.of(self.text));
                self.advance();
                self.add(Kind::Text(text.into()), span)
            }
            Token::Exists => {
                self.advance();
                let end = self.span;
                let name = self.attribute()?;
                self.add(Kind::Exists(name), span.to(end))
            }
            Token::Word if self.begins_call() => self.call(),
            Token::Word => {
                let name = self.attribute()?;
                self.add(Kind::Attribute(name), span)
            }
            _ => {
                self.complain("a value");
                Err(Lost)
            }
        }
    }

    fn brackets(&mut self) -> Found {
        let start = self.span;
        self.advance();
        let inner = self.expression(Grip::Logic);
        if inner.is_err() {
            self.recover();
        }
        let end = self.close(inner.is_ok())?;
        let inner = inner?;
        // Whoever points at the value points at its brackets, too.
        self.tree.widen(inner, start.to(end));
        Ok(inner)
    }

    /// The name of an attribute; those in upper case mean the same one in lower case.
    fn attribute(&mut self) -> Result<Name, Lost> {
        let word = self.span.of(self.text);
        match self.token {
            Token::Word if word.contains('_') => {
                self.tell(What::AttributeName(word.to_owned()));
                Err(Lost)
            }
            Token::Word | Token::Digits => {
                self.advance();
                Ok(Name::new(&word.to_ascii_lowercase()))
            }
            _ => {
                self.complain("the name of an attribute");
                Err(Lost)
            }
        }
    }

    /// Names of functions have no digits (section 2.4).
    fn begins_call(&self) -> bool {
        let has_digit = self.span.of(self.text).bytes().any(|byte| byte.is_ascii_digit());
        !has_digit && self.lexer.clone().next().0 == Token::Open
    }

    fn call(&mut self) -> Found {
        let start = self.span;
        let name = start.of(self.text);
        self.advance();
        let (arguments, end) = self.list(true)?;
        let list = self.tree.list(&arguments);
        let kind = match Function::find(name, arguments.len()) {
            Some(function) => Kind::Call(function, list),
            None => Kind::Unknown(name.into(), list),
        };
        self.add(kind, start.to(end))
    }

    /// Expressions in brackets with commas between them, and where the closing bracket is.
    pub(super) fn list(&mut self, may_be_empty: bool) -> Result<(Vec<NodeId>, Span), Lost> {
        if self.token != Token::Open {
            self.complain("`(`");
            return Err(Lost);
        }
        self.advance();
        let mut items = Vec::new();
        let mut fine = true;
        if !(may_be_empty && self.token == Token::Close) {
            loop {
                match self.expression(Grip::Logic) {
                    Ok(item) => items.push(item),
                    Err(Lost) => {
                        fine = false;
                        self.recover();
                    }
                }
                if self.token != Token::Comma {
                    break;
                }
                self.advance();
            }
        }
        let end = self.close(fine)?;
        if fine { Ok((items, end)) } else { Err(Lost) }
    }

    /// The closing bracket; missing, it is told only when nothing was before it.
    fn close(&mut self, tell: bool) -> Result<Span, Lost> {
        let span = self.span;
        if self.token == Token::Close {
            self.advance();
            return Ok(span);
        }
        if tell {
            self.complain("an operator or `)`");
        }
        Err(Lost)
    }

    /// The number whose digits come next, with a sign if `start` is before them.
    fn integer(&mut self, start: Span) -> Found {
        let span = start.to(self.span);
        let number = parse_integer(span.of(self.text).as_bytes());
        if number.is_none() {
            self.push(Problem { span, what: What::TooLarge });
        }
        self.advance();
        self.add(Kind::Integer(number.unwrap_or_default()), span)
    }

    /// Whether digits follow the sign without a gap.
    fn touches_digits(&self) -> bool {
        let (token, span) = self.lexer.clone().next();
        token == Token::Digits && span.start == self.span.end
    }
}

/// The text between the quotes. A backslash before the quote of the text stands for that quote; before anything
/// else it is itself (section 2.2).
pub(super) fn unquoted(literal: &str) -> String {
    let (quote, inner) = (&literal[..1], &literal[1..literal.len() - 1]);
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\\' {
            // A pair, as the lexer took it: what follows cannot escape in its turn.
            match rest.next() {
                Some(next) if quote.starts_with(next) => text.push(next),
                Some(next) => text.extend([character, next]),
                None => text.push(character),
            }
        } else {
            text.push(character);
        }
    }
    text
}
