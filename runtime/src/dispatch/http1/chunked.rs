//! A chunked body (RFC 9112, section 7.1), put together where it was read to.

use bytes::BytesMut;
use httparse::Status;

use super::Broken;

/// A line with a chunk's size or a trailer; extensions and trailers are passed over.
const LINE_BYTES_MAX: usize = 16 << 10;

/// How far one is put together.
#[derive(Debug)]
pub(super) struct Chunks {
    begin: usize,
    /// The end of what is put together, and of what has been looked at.
    end: usize,
    seen: usize,
    /// What is missing of the chunk at hand.
    missing: usize,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Size,
    Data,
    /// Behind the data of a chunk.
    Break,
    Trailer,
    End,
}

impl Chunks {
    /// Of a body that begins there.
    pub(super) const fn behind(head: usize) -> Self {
        Self { begin: head, end: head, seen: head, missing: 0, at: At::Size }
    }

    /// Bytes of the body so far, those of a chunk whose size is known included.
    pub(super) const fn length(&self) -> usize {
        (self.end - self.begin).saturating_add(self.missing)
    }

    /// Whether the last chunk was there.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.at, At::End)
    }

    /// Gives away what is put together, whose length this is: the body goes on where it began.
    pub(super) const fn give(&mut self) -> usize {
        let length = self.end - self.begin;
        (self.end, self.seen) = (self.begin, self.begin);
        length
    }

    /// Takes what was read, and leaves no room to what is not the body's. Once the last chunk is there this gives true;
    /// what stands behind the body then belongs to nobody.
    pub(super) fn take(&mut self, read: &mut BytesMut) -> Result<bool, Broken> {
        while self.at != At::End && self.step(read)? {}
        read.copy_within(self.seen.., self.end);
        read.truncate(read.len() - (self.seen - self.end));
        self.seen = self.end;
        Ok(self.at == At::End)
    }

    /// Goes on by one part; false when that is not here yet.
    fn step(&mut self, read: &mut BytesMut) -> Result<bool, Broken> {
        match self.at {
            At::Size => self.size(&read[self.seen..]),
            At::Data => Ok(self.data(read)),
            At::Break => self.line_break(&read[self.seen..]),
            At::Trailer => self.trailer(&read[self.seen..]),
            At::End => Ok(false),
        }
    }

    fn size(&mut self, rest: &[u8]) -> Result<bool, Broken> {
        let wrong = Broken::Malformed("the size of a chunk is no number");
        match httparse::parse_chunk_size(rest) {
            Ok(Status::Complete((line, size))) => {
                self.seen += line;
                self.missing = usize::try_from(size).map_err(|_| wrong)?;
                self.at = if size == 0 { At::Trailer } else { At::Data };
                Ok(true)
            }
            Ok(Status::Partial) if rest.len() <= LINE_BYTES_MAX => Ok(false),
            Ok(Status::Partial) | Err(_) => Err(wrong),
        }
    }

    fn data(&mut self, read: &mut BytesMut) -> bool {
        let came = self.missing.min(read.len() - self.seen);
        read.copy_within(self.seen..self.seen + came, self.end);
        self.seen += came;
        self.end += came;
        self.missing -= came;
        if self.missing == 0 {
            self.at = At::Break;
        }
        came > 0
    }

    fn line_break(&mut self, rest: &[u8]) -> Result<bool, Broken> {
        match rest {
            [b'\r', b'\n', ..] => {
                self.seen += 2;
                self.at = At::Size;
                Ok(true)
            }
            [] | [b'\r'] => Ok(false),
            _ => Err(Broken::Malformed("a chunk is longer than it says")),
        }
    }

    /// Passes over one trailer, or the blank line behind them.
    fn trailer(&mut self, rest: &[u8]) -> Result<bool, Broken> {
        match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                if rest[..end].trim_ascii_end().is_empty() {
                    self.at = At::End;
                }
                self.seen += end + 1;
                Ok(true)
            }
            None if rest.len() <= LINE_BYTES_MAX => Ok(false),
            None => Err(Broken::Malformed("a trailer is too long")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIKI: &str =
        "4\r\nWiki\r\n6;a=b\r\npedia \r\nE \r\nin \r\n\r\nchunks.\r\n0\r\nexpires: now\r\n\r\n";
    const WHOLE: &str = "Wikipedia in \r\n\r\nchunks.";

    /// What becomes of a body that comes in these pieces behind a head.
    fn put_together<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Result<Option<String>, Broken> {
        let mut read = BytesMut::from("head");
        let mut chunks = Chunks::behind(read.len());
        for piece in pieces {
            read.extend_from_slice(piece.as_bytes());
            if chunks.take(&mut read)? {
                let body = 4..4 + chunks.length();
                assert_eq!(&read[..4], b"head");
                return Ok(Some(String::from_utf8(read[body].to_vec()).unwrap()));
            }
        }
        Ok(None)
    }

    #[test]
    fn a_body_is_the_same_wherever_its_pieces_were_cut() {
        for cut in 0..WIKI.len() {
            let found = put_together([&WIKI[..cut], &WIKI[cut..]]).unwrap();
            assert_eq!(found.as_deref(), Some(WHOLE), "{cut}");
            assert_eq!(put_together([&WIKI[..cut]]).unwrap(), None, "{cut}");
        }
        let bytes = (0..WIKI.len()).map(|at| &WIKI[at..=at]);
        assert_eq!(put_together(bytes).unwrap().as_deref(), Some(WHOLE));
        assert_eq!(put_together(["0\r\n\r\n"]).unwrap().as_deref(), Some(""));
    }

    #[test]
    fn what_stands_behind_the_body_is_left() {
        let mut read = BytesMut::from("1\r\nx\r\n0\r\n\r\nHTTP/1.1 200");
        assert!(Chunks::behind(0).take(&mut read).unwrap());
        assert_eq!(&read[..], b"xHTTP/1.1 200");
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = "x".repeat(LINE_BYTES_MAX + 1);
        for wrong in [
            "x\r\n",
            "-1\r\n",
            "1\r\nxy\r\n",
            "10000000000000000\r\n",
            &format!("1;{long}"),
            &format!("0\r\n{long}"),
        ] {
            assert!(matches!(put_together([wrong]), Err(Broken::Malformed(_))), "{wrong:.30}");
        }
    }

    #[test]
    fn room_is_taken_by_the_body_alone() {
        let mut read = BytesMut::new();
        let mut chunks = Chunks::behind(0);
        for _ in 0..1_000 {
            read.extend_from_slice(b"1;a=long-extension\r\nx\r\n");
            assert!(!chunks.take(&mut read).unwrap());
        }
        assert_eq!(read.len(), 1_000);
        read.extend_from_slice(b"ffffffff\r\n");
        assert!(!chunks.take(&mut read).unwrap());
        assert!(chunks.length() > 0xffff_ffff, "known before it comes");
    }
}
