//! What the functions do (CESQL 1.0, section 3.5). Positions and lengths count characters.

use alloc::format;

use smallvec::SmallVec;

use super::ast::NodeId;
use super::eval::{Cell, Eval, Text};
use super::failure::{FailureKind, Failures};
use super::function::Function;
use super::like::width;
use super::span::Span;
use super::value::{parse_boolean, parse_integer};

impl<'a, F: Failures> Eval<'a, F> {
    /// The value of a call; the zero value of its type when an argument fails.
    pub(super) fn call(&mut self, function: Function, arguments: &[NodeId], span: Span) -> Cell<'a> {
        let value = match (function, arguments) {
            (Function::Concat, texts) => self.sound(|eval| eval.concat(Text::Given(&[]), texts)),
            (Function::ConcatWs, [delimiter, texts @ ..]) => self.sound(|eval| {
                let delimiter = eval.text_of(*delimiter);
                eval.concat(delimiter, texts)
            }),
            (Function::Left | Function::Right, [text, count]) => {
                let found = self.sound(|eval| (eval.text_of(*text), eval.integer(*count)));
                found.map(|(text, count)| self.end(function, text, count, span))
            }
            (Function::Substring, [text, position, rest @ ..]) => {
                let found = self.sound(|eval| {
                    let (text, position) = (eval.text_of(*text), eval.integer(*position));
                    (text, position, rest.first().map(|length| eval.integer(*length)))
                });
                found.map(|(text, position, length)| self.substring(text, position, length, span))
            }
            (_, arguments) => self.unary(function, arguments.first().copied(), span),
        };
        value.unwrap_or_else(|| Cell::zero(function.returns()))
    }

    fn unary(&mut self, function: Function, argument: Option<NodeId>, span: Span) -> Option<Cell<'a>> {
        let of = argument.expect("the parser finds a function by the number of its arguments");
        let value = self.sound(|eval| eval.value(of))?;
        match function {
            Function::Int => self.sound(|eval| Cell::Integer(eval.as_integer(value, of))),
            Function::Bool => self.sound(|eval| Cell::Boolean(eval.as_boolean(value, of))),
            Function::Abs => self.sound(|eval| eval.as_integer(value, of)).map(|x| self.absolute(x, span)),
            Function::IsInt => Some(Cell::Boolean(self.casts(value, |text| parse_integer(text).is_some()))),
            Function::IsBool => Some(Cell::Boolean(self.casts(value, |text| parse_boolean(text).is_some()))),
            _ => {
                let text = self.as_text(value);
                Some(self.textual(function, text))
            }
        }
    }

    fn textual(&mut self, function: Function, text: Text<'a>) -> Cell<'a> {
        match function {
            Function::Length => {
                // Attributes are bounded to far less than 2 GiB.
                Cell::Integer(i32::try_from(characters(self.bytes(text))).unwrap_or(i32::MAX))
            }
            Function::Lower => {
                Cell::Text(self.map(text, u8::to_ascii_lowercase, |c, put| c.to_lowercase().for_each(put)))
            }
            Function::Upper => {
                Cell::Text(self.map(text, u8::to_ascii_uppercase, |c, put| c.to_uppercase().for_each(put)))
            }
            Function::Trim => Cell::Text(self.trim(text)),
            _ => Cell::Text(text),
        }
    }

    fn casts(&self, value: Cell<'a>, reads: impl FnOnce(&[u8]) -> bool) -> bool {
        match value {
            Cell::Boolean(_) | Cell::Integer(_) => true,
            Cell::Text(text) => reads(self.bytes(text)),
        }
    }

    /// Section 3.5.2: the one that has no counterpart gives the greatest number, and an error.
    fn absolute(&mut self, x: i32, span: Span) -> Cell<'a> {
        Cell::Integer(x.checked_abs().unwrap_or_else(|| {
            self.failures.fail(FailureKind::Math, span, || format!("ABS({x}) has more than 32 bits"));
            i32::MAX
        }))
    }

    fn concat(&mut self, delimiter: Text<'a>, texts: &[NodeId]) -> Cell<'a> {
        // Parts are made one behind the other, and the whole behind all of them: each is copied once.
        let parts: SmallVec<[Text<'a>; 8]> = texts.iter().map(|id| self.text_of(*id)).collect();
        let Some((first, rest)) = parts.split_first() else { return Cell::Text(Text::Given(&[])) };
        if rest.is_empty() {
            return Cell::Text(*first);
        }
        let start = self.scratch.len();
        self.push(*first);
        for part in rest {
            self.push(delimiter);
            self.push(*part);
        }
        Cell::Text(Text::Made { start, end: self.scratch.len() })
    }

    fn push(&mut self, text: Text<'a>) {
        match text {
            Text::Given(bytes) => self.scratch.extend_from_slice(bytes),
            Text::Made { start, end } => {
                let behind = self.scratch.len();
                self.scratch.resize(behind + end - start, 0);
                self.scratch.copy_within(start..end, behind);
            }
        }
    }

    /// Maps each character; other than ASCII by Unicode's full mappings, without regard to its neighbours.
    fn map(
        &mut self,
        text: Text<'a>,
        ascii: fn(&u8) -> u8,
        unicode: fn(char, &mut dyn FnMut(char)),
    ) -> Text<'a> {
        let start = self.scratch.len();
        if self.bytes(text).is_ascii() {
            self.push(text);
            self.scratch[start..].iter_mut().for_each(|byte| *byte = ascii(byte));
            return Text::Made { start, end: self.scratch.len() };
        }
        let length = self.bytes(text).len();
        let mut at = 0;
        while at < length {
            let character = character_at(self.bytes(text), at);
            at += character.len_utf8();
            unicode(character, &mut |mapped| {
                self.scratch.extend_from_slice(mapped.encode_utf8(&mut [0; 4]).as_bytes());
            });
        }
        Text::Made { start, end: self.scratch.len() }
    }

    /// Without Unicode's white space at the ends.
    fn trim(&self, text: Text<'a>) -> Text<'a> {
        let whole = core::str::from_utf8(self.bytes(text)).unwrap_or_default();
        let start = whole.len() - whole.trim_start().len();
        part(text, start, start + whole.trim().len())
    }

    /// LEFT and RIGHT: with a count below zero the whole text, and an error.
    fn end(&mut self, function: Function, text: Text<'a>, count: i32, span: Span) -> Cell<'a> {
        let bytes = self.bytes(text);
        let Ok(count) = usize::try_from(count) else {
            let message = || format!("{} takes no count below zero, as {count} is", function.name());
            self.failures.fail(FailureKind::FunctionEvaluation, span, message);
            return Cell::Text(text);
        };
        Cell::Text(match function {
            Function::Left => part(text, 0, boundary(bytes, count)),
            _ => part(text, boundary(bytes, characters(bytes).saturating_sub(count)), bytes.len()),
        })
    }

    /// SUBSTRING: counted from 1, or from the end below zero; 0 is the empty text.
    fn substring(&mut self, text: Text<'a>, position: i32, length: Option<i32>, span: Span) -> Cell<'a> {
        let bytes = self.bytes(text);
        let count = characters(bytes);
        let distance = position.unsigned_abs() as usize;
        let wrong = if distance > count {
            Some(("position", position))
        } else {
            length.filter(|length| *length < 0).map(|length| ("length", length))
        };
        if let Some((what, number)) = wrong {
            let message = || format!("SUBSTRING has no {what} {number} in a text of {count} characters");
            self.failures.fail(FailureKind::FunctionEvaluation, span, message);
            return Cell::Text(Text::Given(&[]));
        }
        if position == 0 {
            return Cell::Text(Text::Given(&[]));
        }
        let start = boundary(bytes, if position > 0 { distance - 1 } else { count - distance });
        let taken = length.and_then(|length| usize::try_from(length).ok());
        let end = taken.map_or(bytes.len(), |taken| start + boundary(&bytes[start..], taken));
        Cell::Text(part(text, start, end))
    }
}

/// A part of a text, in bytes.
fn part(text: Text<'_>, from: usize, to: usize) -> Text<'_> {
    match text {
        Text::Given(bytes) => Text::Given(&bytes[from..to]),
        Text::Made { start, .. } => Text::Made { start: start + from, end: start + to },
    }
}

const fn begins_character(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| begins_character(**byte)).count()
}

/// The character that begins at a byte of a text.
fn character_at(text: &[u8], at: usize) -> char {
    let bytes = &text[at..(at + width(text[at])).min(text.len())];
    let text = core::str::from_utf8(bytes).expect("texts are UTF-8, and characters are taken whole");
    text.chars().next().expect("a character has bytes")
}

/// Where the character of this number begins, the first being 0; the end when there are fewer.
pub(super) fn boundary(text: &[u8], number: usize) -> usize {
    if text.get(..number).is_some_and(<[u8]>::is_ascii) {
        return number;
    }
    let mut begins = (0..text.len()).filter(|at| begins_character(text[*at]));
    begins.nth(number).unwrap_or(text.len())
}
