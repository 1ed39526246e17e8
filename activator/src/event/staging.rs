//! Where attributes wait until their block is written: on the stack, as long as they are no more than usual.

use alloc::vec::Vec;
use bytes::Bytes;

use super::Value;
use super::block::{self, Head};
use super::short;

const HEADS: usize = 16;
const TEXT: usize = 512;

/// Names and values one after the other, and where each lies.
pub(super) struct Staging {
    text: [u8; TEXT],
    /// All of the text, once it is too long for `text`.
    long_text: Vec<u8>,
    text_len: usize,
    heads: [Head; HEADS],
    /// Those that do not fit `heads`.
    more_heads: Vec<Head>,
    count: usize,
}

impl Default for Staging {
    fn default() -> Self {
        Self {
            text: [0; TEXT],
            long_text: Vec::new(),
            text_len: 0,
            heads: [Head::NONE; HEADS],
            more_heads: Vec::new(),
            count: 0,
        }
    }
}

impl Staging {
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    pub(super) const fn text_len(&self) -> usize {
        self.text_len
    }

    /// Adds an attribute. There must be room for it in a block.
    #[inline(always)]
    pub(super) fn push(&mut self, name: &[u8], value: Value<'_>, signature: u8) {
        let (start, end) = (self.text_len, self.text_len + name.len() + value.bytes().len());
        let (to, value_to) = self.room(end)[start..end].split_at_mut(name.len());
        short::copy(name, to);
        short::copy(value.bytes(), value_to);
        let head = Head::new(start as u16, name.len() as u8, value.is_typed(), signature);
        match self.heads.get_mut(self.count) {
            Some(place) => *place = head,
            None => self.more_heads.push(head),
        }
        self.text_len = end;
        self.count += 1;
    }

    /// The memory of the text, with at least this size.
    #[inline(always)]
    fn room(&mut self, size: usize) -> &mut [u8] {
        if size <= TEXT && self.long_text.is_empty() { &mut self.text } else { self.long_room(size) }
    }

    #[cold]
    fn long_room(&mut self, size: usize) -> &mut [u8] {
        if self.long_text.is_empty() {
            self.long_text.extend_from_slice(&self.text);
        }
        if self.long_text.len() < size {
            self.long_text.resize(2 * size, 0);
        }
        &mut self.long_text
    }

    fn text(&self) -> &[u8] {
        if self.long_text.is_empty() { &self.text } else { &self.long_text }
    }

    fn heads(&self) -> impl Iterator<Item = Head> {
        let inline = &self.heads[..self.count.min(HEADS)];
        inline.iter().chain(&self.more_heads).copied()
    }

    /// Where a name is.
    #[inline(never)]
    pub(super) fn position(&self, name: &[u8], signature: u8) -> Option<usize> {
        let heads = self.heads().enumerate().filter(|(_, head)| head.signature == signature);
        heads.map(|(at, _)| at).find(|at| self.entry(*at).is_some_and(|(found, _)| found == name))
    }

    /// The name and the value of an attribute.
    pub(super) fn entry(&self, at: usize) -> Option<(&[u8], Value<'_>)> {
        let head = |at: usize| {
            self.heads[..self.count.min(HEADS)]
                .get(at)
                .or_else(|| self.more_heads.get(at.checked_sub(HEADS)?))
        };
        let end = head(at + 1).map_or(self.text_len, |next| usize::from(next.start));
        let head = head(at)?;
        let (name, value) =
            self.text().get(usize::from(head.start)..end)?.split_at_checked(head.name_len())?;
        Some((name, Value::new(value, head.is_typed())))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        (0..self.count).filter_map(|at| self.entry(at))
    }

    /// All of it as one block, in one allocation of just its size.
    pub(super) fn block(&mut self) -> Bytes {
        let size = block::size(self.text_len, self.count);
        let (heads, more, count) = (self.heads, core::mem::take(&mut self.more_heads), self.count);
        let text_len = self.text_len;
        let block = &mut self.room(size)[..size];
        let heads = heads[..count.min(HEADS)].iter().chain(&more).copied();
        block::write_tables(heads, count, text_len, &mut block[text_len..]);
        Bytes::copy_from_slice(block)
    }
}
