//! What a process was asked and has not answered yet, oldest first.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use activator::delivery::Outcome;
use activator::event::{http as binding, json};
use activator::id::DeliveryId;
use bytes::Bytes;
use hyper::StatusCode;
use tokio::time::Instant;

use super::answer;
use crate::dispatch::call::{Call, CallError};
use crate::dispatch::output::Bench;
use crate::dispatch::plain::{self, Times};
use crate::dispatch::starting::Start;
use crate::dispatch::{Answer, Job, Work};
use crate::process::{Exit, Feed};

/// Why a conversation is over.
#[derive(Debug)]
pub(super) enum Why {
    /// The process ended by itself.
    Exited,
    /// We were told to end it.
    Killed,
    /// It closed its stdin or stdout.
    Closed(&'static str),
    /// The oldest answer did not come in time. Those behind it cannot come before it.
    TimedOut,
    /// It printed what nobody asked for, or what is no answer: from there on nobody knows which line answers what.
    Broke(String),
}

pub(super) struct Conversation {
    start: Arc<Start>,
    bench: Bench,
    /// Nothing once its stdin was ended.
    feed: Option<Feed>,
    /// Lines that are still to be written, the first of them perhaps in part.
    unwritten: VecDeque<Bytes>,
    asked: VecDeque<Asked>,
    /// The bytes of all lines so far.
    bytes: u64,
    accepted: bool,
    /// Since when the process has nothing else to do than the oldest.
    oldest_since: Instant,
}

struct Asked {
    delivery: DeliveryId,
    call: Option<Called>,
    timeout: Duration,
    /// Where in all that is written its line begins.
    begins: u64,
}

struct Called {
    call: Box<Call>,
    times: Times,
}

impl Conversation {
    pub(super) fn new(start: Arc<Start>, bench: Bench, feed: Feed) -> Self {
        Self {
            start,
            bench,
            feed: Some(feed),
            unwritten: VecDeque::new(),
            asked: VecDeque::new(),
            bytes: 0,
            accepted: false,
            oldest_since: Instant::now(),
        }
    }

    pub(super) const fn is_accepted(&self) -> bool {
        self.accepted
    }

    pub(super) fn is_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    pub(super) fn ask(&mut self, job: Job) {
        self.bench.begin(job.delivery, &job.work);
        let (event, call) = match job.work {
            Work::Event(event, _) => (event, None),
            Work::Call(mut call) => {
                let times =
                    Times { arrived: call.arrived, started: std::time::Instant::now(), cold: !self.accepted };
                (plain::event_of(&mut call), Some(Called { call, times }))
            }
        };
        if self.asked.is_empty() {
            self.oldest_since = Instant::now();
        }
        let line = Bytes::from(json::encode_line(&event));
        let begins = self.bytes;
        self.bytes += line.len() as u64;
        self.unwritten.push_back(line);
        self.asked.push_back(Asked { delivery: job.delivery, call, timeout: job.timeout, begins });
    }

    /// Writes some of what is to be written; waits for ever when that is nothing.
    ///
    /// # Errors
    /// When the process has closed its stdin.
    pub(super) async fn write(&mut self) -> io::Result<()> {
        let (Some(feed), Some(line)) = (&mut self.feed, self.unwritten.front_mut()) else {
            return std::future::pending().await;
        };
        feed.write(line).await?;
        if line.is_empty() {
            self.unwritten.pop_front();
        }
        Ok(())
    }

    /// Ends its stdin, unless it still holds something.
    pub(super) fn end_when_done(&mut self) {
        if self.asked.is_empty() {
            self.feed = None;
        }
    }

    /// When the oldest answer is overdue. Its time runs from when the process accepts, and has answered what was
    /// before it.
    pub(super) fn answer_due(&self) -> Option<Instant> {
        let oldest = self.asked.front().filter(|_| self.accepted)?;
        self.oldest_since.checked_add(oldest.timeout)
    }

    /// Looks whether the process has read anything. One that was given nothing accepts once it `is_quiet`.
    pub(super) async fn look(&mut self, is_quiet: bool) {
        if self.taken() > 0 || is_quiet && self.asked.is_empty() {
            self.accept().await;
        }
    }

    /// Starting -> Warm.
    async fn accept(&mut self) {
        if !self.accepted {
            self.accepted = true;
            self.oldest_since = Instant::now();
            self.start.inbox.ready(self.start.id).await;
        }
    }

    /// How much of what was written the process has read. Where nobody can tell any more, all of it.
    fn taken(&self) -> u64 {
        self.feed.as_ref().map_or(Ok(u64::MAX), Feed::taken).unwrap_or(u64::MAX)
    }

    /// The process printed a line.
    ///
    /// # Errors
    /// When it answers nothing that was asked.
    pub(super) async fn answered(&mut self, line: &Bytes) -> Result<(), Why> {
        let Some(oldest) = self.asked.front() else {
            let shown = answer::shown(line);
            return Err(Why::Broke(format!("it printed `{shown}` when it was asked nothing")));
        };
        if self.taken() <= oldest.begins {
            let shown = answer::shown(line);
            return Err(Why::Broke(format!("it printed `{shown}` before it read the event")));
        }
        self.accept().await;
        let outcome = answer::read(line).map_err(Why::Broke)?;
        if let Some(asked) = self.asked.pop_front() {
            self.oldest_since = Instant::now();
            self.bench.end(asked.delivery);
            self.report(asked, outcome).await;
        }
        Ok(())
    }

    /// The process is gone: what it had read and not answered is lost, the rest goes to another. Says whether it ever
    /// read anything.
    pub(super) async fn settle(mut self, why: &Why, exit: Exit) -> bool {
        let taken = self.taken();
        if taken > 0 && self.bytes > 0 {
            self.accept().await;
        }
        let mut oldest = true;
        for asked in std::mem::take(&mut self.asked) {
            let outcome = match why {
                _ if taken <= asked.begins => Outcome::NotTaken,
                Why::TimedOut if oldest => Outcome::TimedOut,
                Why::Broke(reason) if oldest => Outcome::MalformedReply(reason.clone()),
                _ => Outcome::Lost(format!("the process ended before it answered: {exit}")),
            };
            oldest = false;
            self.report(asked, outcome).await;
        }
        self.accepted
    }

    async fn report(&self, asked: Asked, outcome: Outcome) {
        let Asked { delivery, call, .. } = asked;
        let Some(Called { mut call, times }) = call else {
            return self.start.inbox.outcome(delivery, outcome).await;
        };
        if outcome == Outcome::NotTaken {
            return self.start.inbox.not_taken(delivery, Work::Call(call)).await;
        }
        let answer = self.answer(&outcome, &mut call, times);
        call.answer.send(answer).ok();
        self.start.inbox.outcome(delivery, outcome).await;
    }

    /// The answer for a caller.
    fn answer(&self, outcome: &Outcome, call: &mut Call, times: Times) -> Answer {
        let mut response = match outcome {
            Outcome::Handled { reply: Some(reply) } => {
                let reply = reply.clone().to(&plain::event_of(call), &self.start.name);
                let reply = reply.map_err(|error| CallError::Malformed(error.to_string()))?;
                plain::response(json::encode(&reply).into(), binding::STRUCTURED)
            }
            Outcome::Failed { reason, .. } => plain::response(reason.clone().into(), plain::TEXT),
            Outcome::TimedOut => return Err(CallError::TimedOut),
            Outcome::MalformedReply(reason) => return Err(CallError::Malformed(reason.clone())),
            Outcome::Lost(reason) => return Err(CallError::Lost(reason.clone())),
            _ => plain::response(Bytes::new(), plain::TEXT),
        };
        let status = match outcome {
            Outcome::Failed { retry: true, .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Outcome::Failed { .. } => StatusCode::BAD_REQUEST,
            Outcome::Handled { reply: None } => StatusCode::NO_CONTENT,
            _ => StatusCode::OK,
        };
        *response.status_mut() = status;
        plain::mark(&mut response, self.start.program.revision, times);
        Ok(response)
    }
}
