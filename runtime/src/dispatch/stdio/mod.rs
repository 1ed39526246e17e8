//! The life of a process that is spoken to in lines: an event a line on its stdin, an answer a line on its stdout,
//! in the same order.
//!
//! It accepts once it has read of its stdin, which the kernel tells ([`Feed`]). What it had not read when it ended,
//! nobody ran. [`conversation`] holds what it was asked, [`lines`] reads what it prints, [`answer`] what that means.

mod answer;
mod conversation;
mod lines;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use self::conversation::{Conversation, Why};
use self::lines::{LINE_BYTES_MAX, Next, Printed};
use super::output::{Bench, Output};
use super::starting::{Start, spawn};
use super::{Job, Order};
use crate::process::{Child, Collector, Exit, Feed, Stdin, Stream};

/// The first look whether it reads comes this long after the start, and each further one half as long again later.
const FIRST_LOOK: Duration = Duration::from_micros(200);
/// The longest time between two looks.
const LAST_LOOK: Duration = Duration::from_millis(20);
/// A process that was given nothing, and runs for as long, is taken to wait for something.
const QUIET: Duration = Duration::from_secs(1);
/// A process whose stdin is at its end is asked again, by SIGTERM, after this.
const END_WAIT: Duration = Duration::from_secs(1);
/// How long a process that closed a pipe may take to end by itself.
const CLOSED_WAIT: Duration = Duration::from_millis(200);

/// From the start to the end. Gives how it ended, for people.
pub(super) async fn live(start: Start, orders: &mut mpsc::Receiver<Order>) -> String {
    let mut early = Vec::new();
    let child = match start_child(&start, orders, &mut early).await {
        Ok(child) => child,
        Err(reason) => {
            for Job { delivery, work, .. } in early {
                start.inbox.not_taken(delivery, work).await;
            }
            return reason;
        }
    };
    let Some(mut instance) = Instance::new(start, child) else {
        return "no pipes to it".to_owned();
    };
    for job in early {
        instance.conversation.ask(job);
    }
    let why = instance.run(orders).await;
    instance.end(why).await
}

/// Starts the process; what is ordered in the meantime is kept.
async fn start_child(
    start: &Start,
    orders: &mut mpsc::Receiver<Order>,
    early: &mut Vec<Job>,
) -> Result<Child, String> {
    let spawning = spawn(start.spawner.clone(), || start.command(Stdin::Pipe));
    tokio::pin!(spawning);
    loop {
        tokio::select! {
            biased;
            result = &mut spawning => return result.map_err(|error| error.to_string()),
            order = orders.recv() => match order {
                Some(Order::Deliver(job)) => early.push(job),
                // Only servers stand by.
                Some(Order::Pause | Order::Resume) => {}
                Some(Order::Terminate | Order::Kill) | None => return Err(start.why_not_started()),
            },
        }
    }
}

struct Instance {
    start: Arc<Start>,
    child: Child,
    printed: Printed,
    errors: Collector,
    conversation: Conversation,
    /// When and how long after the last look the next one comes, until it accepts.
    look: (Instant, Duration),
    quiet_until: Instant,
    ending: Option<Ending>,
}

/// It was asked to end.
struct Ending {
    /// Nothing once that was done.
    terminate_at: Option<Instant>,
    kill_at: Instant,
}

enum Happened {
    Exited,
    Ordered(Option<Order>),
    Printed(Next),
    Wrote(bool),
    Due,
}

impl Instance {
    fn new(start: Start, mut child: Child) -> Option<Self> {
        let feed = Feed::new(child.stdin.take()?);
        let printed = Printed::new(child.stdout.take()?);
        let stderr = child.stderr.take().map(|pipe| (Stream::Stderr, pipe));
        let (start, now) = (Arc::new(start), Instant::now());
        let bench = Bench::default();
        let output = Output { start: Arc::clone(&start), bench: bench.clone() };
        let errors = Collector::start(stderr, &start.lines, output);
        let quiet = QUIET.min(start.program.terms.settings.start_timeout / 2);
        Some(Self {
            conversation: Conversation::new(Arc::clone(&start), bench, feed),
            start,
            child,
            printed,
            errors,
            look: (now + FIRST_LOOK, FIRST_LOOK),
            quiet_until: now + quiet,
            ending: None,
        })
    }

    /// Until it ends, or is to be ended for what it did or did not do.
    async fn run(&mut self, orders: &mut mpsc::Receiver<Order>) -> Why {
        loop {
            let went_on = match self.next(orders).await {
                Happened::Exited => return Why::Exited,
                Happened::Ordered(Some(Order::Deliver(job))) => {
                    self.conversation.ask(job);
                    Ok(())
                }
                Happened::Ordered(Some(Order::Pause | Order::Resume)) => Ok(()),
                Happened::Ordered(Some(Order::Terminate)) => {
                    self.ask_to_end();
                    Ok(())
                }
                Happened::Ordered(Some(Order::Kill) | None) => return Why::Killed,
                Happened::Printed(Next::Line(line)) => self.conversation.answered(&line).await,
                Happened::Printed(Next::TooLong) => {
                    Err(Why::Broke(format!("it printed a line of more than {LINE_BYTES_MAX} bytes")))
                }
                Happened::Printed(Next::End) => Err(Why::Closed("stdout")),
                Happened::Wrote(true) => Ok(()),
                Happened::Wrote(false) => Err(Why::Closed("stdin")),
                Happened::Due => self.due_now().await,
            };
            if let Err(why) = went_on {
                return why;
            }
            if self.ending.is_some() {
                self.conversation.end_when_done();
            }
        }
    }

    async fn next(&mut self, orders: &mut mpsc::Receiver<Order>) -> Happened {
        let due = self.due();
        let Self { child, printed, conversation, .. } = self;
        tokio::select! {
            biased;
            _ = child.wait() => Happened::Exited,
            order = orders.recv() => Happened::Ordered(order),
            next = printed.next() => Happened::Printed(next),
            wrote = conversation.write() => Happened::Wrote(wrote.is_ok()),
            () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => Happened::Due,
        }
    }

    fn due(&self) -> Option<Instant> {
        let look = (!self.conversation.is_accepted()).then(|| {
            if self.conversation.is_asked() { self.look.0 } else { self.quiet_until.max(self.look.0) }
        });
        let ending = self.ending.as_ref().map(|ending| ending.terminate_at.unwrap_or(ending.kill_at));
        [look, ending, self.conversation.answer_due()].into_iter().flatten().min()
    }

    async fn due_now(&mut self) -> Result<(), Why> {
        let now = Instant::now();
        if let Some(ending) = &mut self.ending {
            if now >= ending.kill_at {
                return Err(Why::Killed);
            }
            if ending.terminate_at.is_some_and(|at| now >= at) {
                ending.terminate_at = None;
                self.child.terminate();
            }
        }
        if !self.conversation.is_accepted() && now >= self.look.0 {
            let wait = (self.look.1 * 3 / 2).min(LAST_LOOK);
            self.look = (now + wait, wait);
            self.conversation.look(now >= self.quiet_until).await;
        }
        if self.conversation.answer_due().is_some_and(|due| now >= due) {
            return Err(Why::TimedOut);
        }
        Ok(())
    }

    /// Its stdin ends when it has answered what it holds; then SIGTERM, and at the end of its grace SIGKILL.
    fn ask_to_end(&mut self) {
        let grace = self.start.program.terms.settings.drain_timeout;
        let now = Instant::now();
        self.ending =
            Some(Ending { terminate_at: Some(now + END_WAIT.min(grace / 2)), kill_at: now + grace });
    }

    /// Ends the process, if it did not by itself, and answers for what it did not. Gives how it ended.
    async fn end(mut self, why: Why) -> String {
        let (exit, why) = self.exit(why).await;
        let why = match why {
            Why::Exited | Why::Closed(_) => self.last_answers().await.unwrap_or(why),
            why => why,
        };
        self.errors.finish().await;
        let accepted = self.conversation.settle(&why, exit).await;
        if let Why::Broke(reason) = &why {
            tracing::warn!(function = %self.start.name, "replaced: {reason}");
        }
        if accepted {
            return exit.to_string();
        }
        self.start.with_last_lines(match why {
            Why::Broke(reason) => reason,
            Why::Killed => "it read nothing from its stdin within its start time".to_owned(),
            Why::Closed(pipe) => format!("it closed its {pipe} before it read an event"),
            Why::Exited | Why::TimedOut => format!("{exit} before it read an event"),
        })
    }

    /// One that ends closes its pipes, too, and that may be seen first.
    async fn exit(&mut self, why: Why) -> (Exit, Why) {
        if matches!(why, Why::Closed(_))
            && let Ok(exit) = tokio::time::timeout(CLOSED_WAIT, self.child.wait()).await
        {
            return (exit, Why::Exited);
        }
        self.child.kill();
        (self.child.wait().await, why)
    }

    /// What it answered before it ended. Gives what was wrong with that, if anything.
    async fn last_answers(&mut self) -> Option<Why> {
        while self.conversation.is_asked() {
            let Next::Line(line) = self.printed.next_of_the_rest() else { return None };
            if let Err(why) = self.conversation.answered(&line).await {
                return Some(why);
            }
        }
        None
    }
}
