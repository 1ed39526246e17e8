//! The life of a process that handles one event: data on stdin, attributes in the environment, the answer on
//! stdout and in the exit code.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use activator::delivery::{Format, Outcome};
use activator::event::{Event, http as binding, json};
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderValue;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::answer::excerpt;
use super::call::CallError;
use super::event_file::EventFile;
use super::output::{Bench, Output};
use super::plain::{self, Times};
use super::starting::{LAST_WORDS_MAX, Start, spawn};
use super::{Order, Work};
use crate::process::{Capture, Captured, Child, Collector, Command, Exit, Isolation, Stdin, Stream};

/// What is kept of its answer.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// From the event to the end. Gives how it ended, for people.
pub(super) async fn live(start: Start, orders: &mut mpsc::Receiver<Order>) -> String {
    let start = Arc::new(start);
    let Some(Order::Deliver(job)) = orders.recv().await else {
        return "stopped before it started".to_owned();
    };
    let bench = Bench::default();
    bench.begin(job.delivery, &job.work);
    let output = || Output { start: Arc::clone(&start), bench: bench.clone() };
    match job.work {
        Work::Event(event, format) => {
            let ended = match file_of(&event, format).await {
                Ok(file) => run(output(), &event, file.as_ref(), job.timeout, orders).await,
                Err(error) => Err(format!("cannot write its event into a file: {error}")),
            };
            let (outcome, reason) = match ended {
                Ok(ended) => (ended.outcome(), ended.how()),
                Err(reason) => (Outcome::NotTaken, reason),
            };
            start.inbox.outcome(job.delivery, outcome).await;
            reason
        }
        Work::Call(mut call) => {
            let arrived = Instant::now();
            let event = plain::event_of(&mut call);
            match run(output(), &event, None, job.timeout, orders).await {
                Ok(ended) => {
                    let (outcome, reason) = (ended.outcome(), ended.how());
                    call.answer.send(ended.answer(&start, call.arrived, arrived)).ok();
                    start.inbox.outcome(job.delivery, outcome).await;
                    reason
                }
                Err(reason) => {
                    start.inbox.not_taken(job.delivery, Work::Call(call)).await;
                    reason
                }
            }
        }
    }
}

/// How a run ended, with what it printed.
struct Ended {
    exit: Option<Exit>,
    printed: Captured,
    /// What it printed last to stderr.
    last_words: String,
}

/// The file in which a job finds its event; others need none.
async fn file_of(event: &Event, format: Format) -> io::Result<Option<EventFile>> {
    if format == Format::File { EventFile::write(event).await.map(Some) } else { Ok(None) }
}

/// Runs the process for an event.
///
/// # Errors
/// When it did not start, and why.
async fn run(
    output: Output,
    event: &Event,
    file: Option<&EventFile>,
    timeout: Duration,
    orders: &mut mpsc::Receiver<Order>,
) -> Result<Ended, String> {
    let start = Arc::clone(&output.start);
    let mut child = tokio::select! {
        child = spawn(start.spawner.clone(), || command(&start, event, file)) => child.map_err(|e| e.to_string())?,
        () = ordered_to_end(orders) => return Err(start.why_not_started()),
    };
    start.inbox.ready(start.id).await;
    let printed = child.stdout.take().map(|stdout| Capture::start(stdout, ANSWER_BYTES_MAX));
    let stderr = child.stderr.take().map(|pipe| (Stream::Stderr, pipe));
    let errors = Collector::start(stderr, &start.lines, output);
    let exit = feed_and_wait(&mut child, event.data().clone(), timeout, orders).await;
    errors.finish().await;
    let printed = match printed {
        Some(capture) => capture.finish().await,
        None => Captured::default(),
    };
    let last_words = start.lines.last_words(start.id.generation, LAST_WORDS_MAX);
    let last_words: Vec<&str> = last_words.iter().map(|line| &*line.text).collect();
    Ok(Ended { exit, printed, last_words: last_words.join("\n") })
}

/// Its exit; nothing when its time was up.
async fn feed_and_wait(
    child: &mut Child,
    data: Bytes,
    timeout: Duration,
    orders: &mut mpsc::Receiver<Order>,
) -> Option<Exit> {
    let stdin = child.stdin.take();
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A program that does not read its data is free not to.
            stdin.write_all(&data).await.ok();
        }
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        exit = child.wait() => Some(exit),
        () = feed => None,
        () = tokio::time::sleep(timeout) => None,
        () = ordered_to_end(orders) => None,
    };
    if ended.is_none() {
        child.kill();
        child.wait().await;
    }
    ended
}

async fn ordered_to_end(orders: &mut mpsc::Receiver<Order>) {
    // An order to terminate lets it finish: it ends by itself.
    while let Some(order) = orders.recv().await {
        if matches!(order, Order::Kill) {
            return;
        }
    }
    std::future::pending().await
}

fn command(start: &Start, event: &Event, file: Option<&EventFile>) -> Command {
    let mut command = start.command(Stdin::Pipe);
    command.env.push(("CE_SPECVERSION".into(), activator::event::SPECVERSION.into()));
    // Each fits: an event has at most 64,000 bytes of attributes, and an environment takes strings of 128 KiB.
    let attributes = event.attributes().iter();
    command.env.extend(
        attributes.map(|(name, value)| (format!("CE_{}", name.to_ascii_uppercase()), value.to_owned())),
    );
    if let Some(file) = file {
        let path = file.path().to_string_lossy().into_owned();
        command.env.extend([("K_EXECUTION_MODE".into(), "batch".into()), ("K_EVENT_PATH".into(), path)]);
        if let Isolation::Strict(fence) = &mut command.isolation {
            fence.read.push(file.folder().to_owned());
        }
    }
    command
}

impl Ended {
    fn outcome(&self) -> Outcome {
        let printed = &self.printed.bytes;
        let Some(exit) = self.exit else { return Outcome::TimedOut };
        let code = match exit {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128 + signal,
        };
        if code == 0 && json::claims_event(printed) {
            return match json::decode_reply(printed) {
                Ok(reply) => Outcome::Ended { code, reply: Some(reply), excerpt: Bytes::new() },
                Err(reason) => Outcome::MalformedReply(format!("what it printed is not an event: {reason}")),
            };
        }
        if code == 0 && self.printed.truncated && printed.trim_ascii_start().starts_with(b"{") {
            let reason =
                format!("what it printed may be an event, and has more than {ANSWER_BYTES_MAX} bytes");
            return Outcome::MalformedReply(reason);
        }
        // Of a failure without an answer, its complaint says most.
        let complains = code != 0 && printed.is_empty();
        let says = if complains { self.last_words.clone().into() } else { printed.clone() };
        Outcome::Ended { code, reply: None, excerpt: excerpt(&says) }
    }

    fn how(&self) -> String {
        self.exit.map_or_else(|| "killed: its time was up".to_owned(), |exit| exit.to_string())
    }

    /// The answer for a caller: what it printed, or how it failed.
    fn answer(self, start: &Start, arrived: Instant, started: Instant) -> super::Answer {
        let Some(exit) = self.exit else { return Err(CallError::TimedOut) };
        let event = json::claims_event(&self.printed.bytes);
        let media_type = if event { binding::STRUCTURED } else { plain::TEXT };
        let mut response = plain::response(self.printed.bytes, media_type);
        if !exit.is_success() {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            if let Ok(exit) = HeaderValue::from_str(&exit.to_string()) {
                response.headers_mut().insert("hydrant-exit", exit);
            }
        }
        plain::mark(&mut response, start.program.revision, Times { arrived, started, cold: true });
        Ok(response)
    }
}
