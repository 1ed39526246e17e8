//! Following a stream of the admin API, until it ends, nobody reads what is written, or Ctrl-C.

use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::pin;
use std::process::ExitCode;

use serde::de::DeserializeOwned;
use tokio::signal::unix::{SignalKind, signal};

use super::daemon::Daemon;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::output::{self, count};
use super::sse::{Message, Reading};
use crate::admin::Gap;
use crate::process::reader_gone;

/// What of the stream is shown.
pub(super) const SHOWN: &str = "what comes from now on is shown (Ctrl-C ends it)";

/// Writes what `line` makes of each object of the stream, until that breaks it off, and tells what was left out.
pub(super) async fn follow<T: DeserializeOwned>(
    global: &Global,
    daemon: &Daemon,
    target: &str,
    told: &str,
    mut line: impl AsyncFnMut(&T) -> Result<ControlFlow<String, String>, Failure>,
) -> Result<ExitCode, Failure> {
    let mut stream = daemon.stream(target).await??;
    // Heard from now on, before anybody is told of it.
    let mut interrupts = signal(SignalKind::interrupt())
        .map_err(|error| Failure::failed(format!("cannot listen to signals: {error}")))?;
    global.talk(told);
    let mut reading = Reading::default();
    let mut unread = pin!(reader_gone());
    loop {
        let bytes = tokio::select! {
            biased;
            _ = interrupts.recv() => return Ok(Exit::Interrupted.into()),
            () = &mut unread => return Ok(ExitCode::SUCCESS),
            bytes = stream.next() => bytes,
        };
        let Some(bytes) = bytes else { return Err(gone()) };
        let mut text = String::new();
        for message in reading.push(&bytes) {
            match &*message.topic {
                "gap" => tell(global, read(&message)?),
                _ => match line(&read(&message)?).await? {
                    Continue(line) => text += &line,
                    Break(line) => return output::data(text + &line).map(|()| ExitCode::SUCCESS),
                },
            }
        }
        if !text.is_empty() && !output::more_data(text)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

fn read<T: DeserializeOwned>(message: &Message) -> Result<T, Failure> {
    let read = serde_json::from_str(&message.data);
    read.map_err(|_| Failure::failed("the runtime said something else: is it of another version?"))
}

fn tell(global: &Global, gap: Gap) {
    global.talk(&format!("{} of {} shown", count(gap.shown), count(gap.shown + gap.left_out)));
}

fn gone() -> Failure {
    Failure::new(Exit::Unreachable, "the runtime is gone").help("start it with `hydrant dev`")
}
