//! What came back from an attempt, and what it means (CloudEvents HTTP delivery as Knative's data plane spec
//! "Event Acknowledgement and Delivery Retry" has it; exit codes as in the oneshot contract).

use alloc::string::String;
use core::time::Duration;

use bytes::Bytes;

use super::{Advice, Status};
use crate::event::Reply;

/// The end of one attempt, as the body saw it. Every attempt has exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An HTTP answer, with the event in it, if any.
    Answered {
        /// The status code.
        status: u16,
        /// The event in headers or body.
        reply: Option<Reply>,
        /// The start of a body that is no event.
        excerpt: Bytes,
        /// What its headers say of the next attempt.
        advice: Advice,
    },
    /// The process of a oneshot function ended.
    Ended {
        /// Its exit code; a signal `n` is `128 + n`, as shells have it.
        code: i32,
        /// The event it printed.
        reply: Option<Reply>,
        /// The start of what it printed that is no event.
        excerpt: Bytes,
    },
    /// A function that speaks no HTTP said that it handled the event.
    Handled {
        /// The event it replied with.
        reply: Option<Reply>,
    },
    /// A function said that it could not handle the event.
    Failed {
        /// Why, in its own words.
        reason: String,
        /// Whether another attempt may succeed.
        retry: bool,
    },
    /// An answer that claims to be an event and is none, or is not what the function was to answer.
    MalformedReply(String),
    /// The connection broke after the request was accepted, or nothing answers at a URL.
    Lost(String),
    /// No answer in time.
    TimedOut,
    /// No answer began in time; the text says in what time.
    NotBegun(String),
    /// The instance never took the request: nobody ran anything, so no attempt is counted.
    NotTaken,
}

/// What an outcome means for the delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is delivered; the reply, if any, is to be routed.
    Delivered(Option<Reply>),
    /// It failed, and another attempt may succeed.
    Retry,
    /// It failed for good.
    Reject,
    /// It never began.
    Again,
}

/// A oneshot's way to say: this event can never be handled (`EX_DATAERR` of sysexits.h).
const EXIT_REJECTED: i32 = 65;

impl Outcome {
    /// What it means, as the contract's table has it.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Answered { advice: Advice::DeadLetter, .. } => Verdict::Reject,
            // Knative routes the event of a 202; the specification does not let it be one.
            Self::Answered { status: 202 | 204, .. } => Verdict::Delivered(None),
            Self::Answered { status: 200..=299, reply, .. } => Verdict::Delivered(reply.clone()),
            Self::Answered { status: 404 | 408 | 409 | 429, .. } => Verdict::Retry,
            Self::Answered { status: 100..=499, .. } => Verdict::Reject,
            Self::Ended { code: 0, reply, .. } => Verdict::Delivered(reply.clone()),
            Self::Ended { code: EXIT_REJECTED, .. } => Verdict::Reject,
            Self::Answered { .. } | Self::Ended { .. } => Verdict::Retry,
            Self::Handled { reply } => Verdict::Delivered(reply.clone()),
            Self::Failed { retry: false, .. } => Verdict::Reject,
            Self::Failed { .. } => Verdict::Retry,
            Self::MalformedReply(_) | Self::Lost(_) | Self::TimedOut | Self::NotBegun(_) => Verdict::Retry,
            Self::NotTaken => Verdict::Again,
        }
    }

    /// How long the next attempt is asked to wait: of those who are too busy, as Knative's `retryAfterMax` has it.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answered { status: 429 | 503, advice: Advice::RetryAfter(wait), .. } => Some(*wait),
            _ => None,
        }
    }

    /// What it was, without what came with it.
    pub const fn status(&self) -> Status {
        match self {
            Self::Answered { status, .. } => Status::Http(*status),
            Self::Ended { code, .. } => Status::Exit(*code),
            Self::Handled { .. } => Status::Handled,
            Self::Failed { .. } => Status::Failed,
            Self::MalformedReply(_) => Status::MalformedReply,
            Self::Lost(_) => Status::Lost,
            Self::TimedOut | Self::NotBegun(_) => Status::TimedOut,
            Self::NotTaken => Status::NotTaken,
        }
    }

    /// The same without the event that came with it, which may be large.
    #[must_use]
    pub fn without_reply(mut self) -> Self {
        if let Self::Answered { reply, .. } | Self::Ended { reply, .. } | Self::Handled { reply } = &mut self
        {
            *reply = None;
        }
        self
    }

    /// What went wrong, where the status alone does not tell.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::MalformedReply(reason)
            | Self::Lost(reason)
            | Self::NotBegun(reason)
            | Self::Failed { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// The start of what was answered, for the `knativeerrordata` extension: what says most about the failure.
    pub fn excerpt(&self) -> &[u8] {
        match self {
            Self::Answered { excerpt, .. } | Self::Ended { excerpt, .. } => excerpt,
            _ => self.error().unwrap_or_default().as_bytes(),
        }
    }

    /// The code for the `knativeerrorcode` extension: HTTP's, or what HTTP would say, or the exit code, or 0 where
    /// nothing answered.
    pub fn code(&self) -> i32 {
        match self {
            Self::Answered { status, .. } => i32::from(*status),
            Self::Ended { code, .. } => *code,
            Self::Handled { .. } => 200,
            Self::Failed { retry: true, .. } => 500,
            Self::Failed { .. } => 400,
            Self::MalformedReply(_) | Self::Lost(_) | Self::TimedOut | Self::NotBegun(_) | Self::NotTaken => {
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Reply {
        let mut event = crate::event::Event::builder();
        for name in ["id", "source", "type"] {
            event.attribute(name, "x").unwrap();
        }
        event.build(Bytes::new()).unwrap().into()
    }

    fn answered(status: u16, reply: Option<Reply>, advice: Advice) -> Outcome {
        Outcome::Answered { status, reply, excerpt: Bytes::new(), advice }
    }

    #[test]
    fn a_function_may_say_that_no_attempt_will_succeed() {
        for status in [200, 202, 404, 503] {
            assert_eq!(answered(status, Some(event()), Advice::DeadLetter).verdict(), Verdict::Reject);
        }
    }

    #[test]
    fn who_is_too_busy_says_when_to_come_back() {
        let wait = Duration::from_secs(7);
        let asked = |status| answered(status, None, Advice::RetryAfter(wait)).retry_after();
        assert_eq!([429, 503].map(asked), [Some(wait); 2]);
        assert_eq!([500, 404, 200].map(asked), [None; 3], "the others have no business to");
    }

    #[test]
    fn statuses_mean_what_the_contract_says() {
        let check = |statuses: &[u16], expected: Verdict| {
            for &status in statuses {
                let verdict = answered(status, None, Advice::None).verdict();
                assert_eq!(verdict, expected, "{status}");
            }
        };
        check(&[200, 201, 202, 204, 299], Verdict::Delivered(None));
        check(&[404, 408, 409, 429, 500, 502, 503, 599, 600, 999, 99], Verdict::Retry);
        check(&[100, 300, 301, 307, 400, 401, 403, 410, 413, 422], Verdict::Reject);
    }

    #[test]
    fn an_event_in_a_202_is_not_routed() {
        let answer = |status| answered(status, Some(event()), Advice::None).verdict();
        assert_eq!(answer(202), Verdict::Delivered(None));
        assert_eq!(answer(200), Verdict::Delivered(Some(event())));
    }

    #[test]
    fn exit_codes_mean_what_the_contract_says() {
        let ended = |code| Outcome::Ended { code, reply: None, excerpt: Bytes::new() }.verdict();
        assert_eq!(ended(0), Verdict::Delivered(None));
        assert_eq!(ended(65), Verdict::Reject);
        assert_eq!(ended(1), Verdict::Retry);
        assert_eq!(ended(137), Verdict::Retry);
    }

    #[test]
    fn a_function_says_itself_whether_to_try_again() {
        let failed = |retry| Outcome::Failed { reason: "no stock".into(), retry };
        assert_eq!((failed(true).verdict(), failed(true).code()), (Verdict::Retry, 500));
        assert_eq!((failed(false).verdict(), failed(false).code()), (Verdict::Reject, 400));
        assert_eq!(failed(false).error(), Some("no stock"));
        let handled = |reply| Outcome::Handled { reply }.verdict();
        assert_eq!(handled(None), Verdict::Delivered(None));
        assert_eq!(handled(Some(event())), Verdict::Delivered(Some(event())));
    }

    #[test]
    fn what_never_began_is_no_attempt() {
        assert_eq!(Outcome::NotTaken.verdict(), Verdict::Again);
        assert_eq!(Outcome::TimedOut.verdict(), Verdict::Retry);
    }

    #[test]
    fn an_answer_that_did_not_begin_timed_out_and_says_in_what_time() {
        let late = Outcome::NotBegun("no response began within 10s".into());
        assert_eq!((late.verdict(), late.status(), late.code()), (Verdict::Retry, Status::TimedOut, 0));
        assert_eq!(late.error(), Some("no response began within 10s"));
        assert_eq!(late.excerpt(), b"no response began within 10s");
    }
}
