//! The rest of an answer whose head was read: piece by piece as it comes, for whoever passes it on.

use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};

use super::chunked::Chunks;
use super::head::{Fields, Framing, Head};
use super::{BUFFER, Broken, Line};

/// What is read at a time of a long body, and of one whose length nobody knows.
const LONG: usize = 64 << 10;
const UNKNOWN: usize = 16 << 10;

/// How far the body of an answer was given.
#[derive(Debug)]
pub(in crate::dispatch) struct Rest {
    left: Left,
    is_kept: bool,
}

#[derive(Debug)]
enum Left {
    Bytes(u64),
    Chunks(Chunks),
    UntilClosed,
}

impl Line {
    /// The head of the answer: its status, its fields, and the rest. Nothing when none was asked for.
    pub(in crate::dispatch) fn begun(&mut self) -> Option<(u16, Fields, Rest)> {
        let Head { status, length, fields, framing, is_kept } = self.head.take()?;
        let fields = fields.of(self.read.split_to(length).freeze());
        let left = match framing {
            Framing::Length(bytes) => Left::Bytes(bytes),
            Framing::Chunked => Left::Chunks(Chunks::behind(0)),
            Framing::UntilClosed => Left::UntilClosed,
        };
        Some((status, fields, Rest { left, is_kept }))
    }

    /// All of the rest, where that is here already.
    pub(in crate::dispatch) fn whole(&mut self, rest: &Rest) -> Option<Bytes> {
        let Left::Bytes(bytes) = rest.left else { return None };
        let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes <= self.read.len())?;
        let whole = self.read.split_to(bytes).freeze();
        self.end(rest.is_kept);
        Some(whole)
    }

    /// The next piece of the rest; nothing behind the last.
    ///
    /// # Errors
    /// When the connection breaks before, or its chunks are not HTTP.
    pub(in crate::dispatch) fn poll_piece(
        &mut self,
        rest: &mut Rest,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Broken>>> {
        loop {
            let piece = rest.next(&mut self.read)?;
            if rest.is_over() {
                self.end(rest.is_kept);
            }
            if piece.is_some() || rest.is_over() {
                return Poll::Ready(piece.map(Ok));
            }
            let room = rest.room();
            if self.read.capacity() - self.read.len() < room.min(BUFFER) {
                self.read.reserve(room);
            }
            if ready!(self.poll_more(cx))? {
                continue;
            }
            match rest.left {
                Left::UntilClosed => rest.left = Left::Bytes(0),
                Left::Bytes(_) | Left::Chunks(_) => return Poll::Ready(Some(Err(self.broke_off()))),
            }
        }
    }
}

impl Rest {
    /// Whether all of it was given.
    pub(in crate::dispatch) const fn is_over(&self) -> bool {
        match &self.left {
            Left::Bytes(bytes) => *bytes == 0,
            Left::Chunks(chunks) => chunks.is_over(),
            Left::UntilClosed => false,
        }
    }

    /// Its length, where that was told.
    pub(in crate::dispatch) const fn length(&self) -> Option<u64> {
        match self.left {
            Left::Bytes(bytes) => Some(bytes),
            Left::Chunks(_) | Left::UntilClosed => None,
        }
    }

    /// Takes what is here of it.
    fn next(&mut self, read: &mut BytesMut) -> Result<Option<Bytes>, Broken> {
        let here = match &mut self.left {
            Left::Bytes(bytes) => {
                let here = usize::try_from(*bytes).map_or(read.len(), |bytes| bytes.min(read.len()));
                *bytes -= here as u64;
                here
            }
            Left::Chunks(chunks) => {
                chunks.take(read)?;
                chunks.give()
            }
            Left::UntilClosed => read.len(),
        };
        Ok((here > 0).then(|| read.split_to(here).freeze()))
    }

    fn room(&self) -> usize {
        match self.left {
            Left::Bytes(bytes) => usize::try_from(bytes).map_or(LONG, |bytes| bytes.min(LONG)),
            Left::Chunks(_) | Left::UntilClosed => UNKNOWN,
        }
    }
}
