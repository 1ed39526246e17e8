//! Reading a body whole: up to a size, and not for ever.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::Response;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use super::reply::{self, Body};

/// Who sends slower than this, after the first wait, is not waited for.
const BYTES_PER_SECOND_MIN: u64 = 1024;

/// Reads a body of at most `limit` bytes, waiting `patience` for the first of them and for every pause.
///
/// # Errors
/// The answer to whoever sends too much, too slowly, or breaks off.
pub(super) async fn read(body: Incoming, limit: usize, patience: Duration) -> Result<Bytes, Response<Body>> {
    let body = Paced { body, patience, begun: Instant::now(), received: 0, alarm: None };
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(error) if error.is::<TooSlow>() => Err(reply::problem(408, &error.to_string(), "send it again")),
        Err(error) => Err(reply::problem(400, &format!("the body broke off: {error}"), "send it again")),
    }
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
    begun: Instant,
    received: u64,
    /// Made with the first wait: most bodies come with their head.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    fn due(&self) -> Instant {
        self.begun + self.patience + Duration::from_millis(self.received * 1000 / BYTES_PER_SECOND_MIN)
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
