//! HTTP/1.1 for a request whose body is here already (RFC 9112): an answer is read to its end, or passed on as it comes.
//!
//! No task of its own drives the connection, and nothing passes between tasks: whoever asks writes and reads. A request that
//! is streamed, or becomes something else, goes over hyper; a [`Line`] between two requests is a plain socket again.

mod chunked;
mod head;
mod rest;
#[cfg(test)]
mod tests;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio_util::io::poll_read_buf;

use self::chunked::Chunks;
pub(super) use self::head::Fields;
use self::head::{Framing, Head};
pub(super) use self::rest::Rest;

/// Room for most answers, and made again when a large one is done with.
const BUFFER: usize = 4 << 10;
/// Room for the heads of most requests.
const HEAD: usize = 512;
/// The largest head of an answer: a reply's attributes are in it.
const HEAD_BYTES_MAX: usize = 256 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("the connection was closed before the answer was whole")]
    Closed,
    #[error("connection error: {0}")]
    Io(#[from] io::Error),
    #[error("the answer is not HTTP: {0}")]
    Malformed(&'static str),
}

/// One connection.
#[derive(Debug)]
pub(super) struct Line {
    stream: TcpStream,
    /// The head of the request, then its body; and how much of both was written.
    request: Vec<u8>,
    body: Bytes,
    written: usize,
    /// What kept the rest from being written.
    unwritable: Option<io::Error>,
    /// The answer: its head, then what was read of its body.
    read: BytesMut,
    head: Option<Head>,
    is_done: bool,
}

/// An answer that is here whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) fields: Fields,
    /// Nothing when it is larger than was allowed.
    pub(super) body: Option<Bytes>,
}

/// Writes a field of a head. Nothing in it may end a line.
pub(super) fn put_field(head: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}

impl Line {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            request: Vec::new(),
            body: Bytes::new(),
            written: 0,
            unwritable: None,
            read: BytesMut::new(),
            head: None,
            is_done: true,
        }
    }

    /// The socket, between two requests.
    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Whether another request can be sent: the last answer was read to its end, and the other side said nothing since.
    pub(super) fn is_free(&self) -> bool {
        let mut unasked = [0];
        // Mostly no system call: what the other side does is told to the socket's owner.
        let said = if self.is_done { self.stream.try_read(&mut unasked) } else { return false };
        said.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Sends a request and reads the head of its answer. Informational ones are passed over
    /// (RFC 9110, section 15.2). `write` puts down the head of the request, the blank line included, and gives its body.
    ///
    /// # Errors
    /// When the connection breaks before, or what comes is not HTTP.
    pub(super) async fn ask(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Bytes) -> Result<(), Broken> {
        self.request.clear();
        self.request.reserve(HEAD);
        self.body = write(&mut self.request);
        (self.written, self.unwritable, self.head, self.is_done) = (0, None, None, false);
        self.read.clear();
        self.read.reserve(BUFFER);
        loop {
            match Head::parse(&mut self.read)? {
                Some(head) if head.is_informational() => self.read.advance(head.length),
                Some(head) => {
                    self.head = Some(head);
                    return Ok(());
                }
                None if self.read.len() > HEAD_BYTES_MAX => {
                    return Err(Broken::Malformed("its head is too large"));
                }
                None => self.need().await?,
            }
        }
    }

    /// Reads the rest of the answer. Of one whose body has more than `most` bytes the rest is left, and the connection
    /// is of no use any more.
    ///
    /// # Errors
    /// When the connection breaks before its end, or its chunks are not HTTP.
    pub(super) async fn answer(&mut self, most: usize) -> Result<Answer, Broken> {
        let Head { status, length, fields, framing, is_kept } = self.head.take().ok_or(Broken::Closed)?;
        let body = match framing {
            Framing::Length(bytes) => self.exactly(length, bytes, most).await?,
            Framing::Chunked => self.chunks(length, most).await?,
            Framing::UntilClosed => self.until_closed(length, most).await?,
        };
        let mut whole = self.read.split_to(length + body.unwrap_or(0));
        let head = whole.split_to(length);
        let fields = fields.of(head.freeze());
        self.end(is_kept && body.is_some());
        if length + whole.len() > BUFFER {
            self.read = BytesMut::new();
        }
        Ok(Answer { status, fields, body: body.map(|_| whole.freeze()) })
    }

    /// The body's length, once it is here.
    async fn exactly(&mut self, head: usize, bytes: u64, most: usize) -> Result<Option<usize>, Broken> {
        let Some(bytes) = usize::try_from(bytes).ok().filter(|bytes| *bytes <= most) else { return Ok(None) };
        while self.read.len() < head + bytes {
            self.read.reserve(head + bytes - self.read.len());
            self.need().await?;
        }
        Ok(Some(bytes))
    }

    async fn chunks(&mut self, head: usize, most: usize) -> Result<Option<usize>, Broken> {
        let mut chunks = Chunks::behind(head);
        while !chunks.take(&mut self.read)? {
            if chunks.length() > most {
                return Ok(None);
            }
            self.need().await?;
        }
        Ok(Some(chunks.length()).filter(|length| *length <= most))
    }

    async fn until_closed(&mut self, head: usize, most: usize) -> Result<Option<usize>, Broken> {
        while self.read.len() <= head + most {
            if !self.more().await? {
                return Ok(Some(self.read.len() - head));
            }
        }
        Ok(None)
    }

    /// Waits for more of the answer.
    async fn need(&mut self) -> Result<(), Broken> {
        if self.more().await? { Ok(()) } else { Err(self.broke_off()) }
    }

    /// Why nothing more comes.
    fn broke_off(&mut self) -> Broken {
        self.unwritable.take().map_or(Broken::Closed, Broken::Io)
    }

    /// Writes what is to be written until something was read: a server may answer before it has read all. Gives
    /// whether anything came, and not the end.
    async fn more(&mut self) -> Result<bool, Broken> {
        self.read.reserve(1);
        Ok(std::future::poll_fn(|cx| self.poll_more(cx)).await?)
    }

    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        self.write(cx);
        let read = poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.read);
        read.map_ok(|bytes| bytes > 0)
    }

    fn is_written(&self) -> bool {
        self.written == self.request.len() + self.body.len()
    }

    /// What keeps the rest from being written is only kept: an answer may have come before.
    fn write(&mut self, cx: &mut Context<'_>) {
        while !self.is_written() && self.unwritable.is_none() {
            let head = self.request.get(self.written..).unwrap_or_default();
            let body = &self.body[self.written.saturating_sub(self.request.len())..];
            let parts = [io::IoSlice::new(head), io::IoSlice::new(body)];
            match Pin::new(&mut self.stream).poll_write_vectored(cx, &parts) {
                Poll::Ready(Ok(0)) => self.unwritable = Some(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => self.written += written,
                Poll::Ready(Err(error)) => self.unwritable = Some(error),
                Poll::Pending => return,
            }
        }
    }

    /// The answer is at its end; nothing is kept of its request.
    fn end(&mut self, is_kept: bool) {
        self.is_done = is_kept && self.read.is_empty() && self.is_written();
        (self.body, self.written) = (Bytes::new(), 0);
        self.request.clear();
        self.request.shrink_to(BUFFER);
    }
}
