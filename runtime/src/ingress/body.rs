//! Reading a body whole: up to a size, and not for ever.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::Response;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use super::reply::{self, Body};

/// Who sends slower than this, after the first wait, is not waited for.
const BYTES_PER_SECOND_MIN: u64 = 1024;

/// Half of the least that hyper makes room for.
const COPIED_BELOW: usize = 4 << 10;

/// Reads a body of at most `limit` bytes, waiting `patience` for the first of them and for every pause.
///
/// # Errors
/// The answer to whoever sends too much, too slowly, or breaks off.
pub(super) async fn read(body: Incoming, limit: usize, patience: Duration) -> Result<Bytes, Response<Body>> {
    let body = Paced { body, patience, received: 0, begun: None, alarm: None };
    match whole(Limited::new(body, limit)).await {
        Ok(body) => Ok(body),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(error) if error.is::<TooSlow>() => Err(reply::problem(408, &error.to_string(), "send it again")),
        Err(error) => Err(reply::problem(400, &format!("the body broke off: {error}"), "send it again")),
    }
}

/// All of a body; one that comes in one piece is that piece.
async fn whole<B: hyper::body::Body<Data = Bytes> + Unpin>(mut body: B) -> Result<Bytes, B::Error> {
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if first.is_empty() {
            first = data;
            continue;
        }
        if more.is_empty() {
            more.extend_from_slice(&first);
        }
        more.extend_from_slice(&data);
    }
    Ok(if more.is_empty() { on_its_own(first) } else { more.freeze() })
}

/// A small piece of what was read from a connection keeps all of that in memory, and the connection from reading the
/// next request to the same place. To copy it costs less than either.
fn on_its_own(piece: Bytes) -> Bytes {
    if piece.len() < COPIED_BELOW { Bytes::copy_from_slice(&piece) } else { piece }
}

/// The answer to a body that is too large.
pub(super) fn too_large(limit: usize) -> Response<Body> {
    let message = format!("the body has more than {limit} bytes");
    reply::problem(413, &message, "raise [runtime] body_max, or send less")
}

#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
struct TooSlow;

/// A body with a time by which the next of it must be here. Each byte buys a little more, so that one byte now and
/// then buys hardly any.
struct Paced {
    body: Incoming,
    patience: Duration,
    received: u64,
    /// When it was first waited for: most bodies come with their head.
    begun: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    fn due(&mut self) -> Instant {
        let begun = *self.begun.get_or_insert_with(Instant::now);
        begun + self.patience + Duration::from_millis(self.received * 1000 / BYTES_PER_SECOND_MIN)
    }
}

impl hyper::body::Body for Paced {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let length = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref().map(Bytes::len));
            self.received += length.unwrap_or(0) as u64;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let due = self.due();
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if alarm.deadline() != due {
            alarm.as_mut().reset(due);
        }
        alarm.as_mut().poll(cx).map(|()| Some(Err(TooSlow.into())))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
