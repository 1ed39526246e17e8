//! The life of one process that speaks HTTP: started, spoken to, asked to end, gone. [`attached`] is that of one which
//! somebody else starts, [`owner`] who that is.

mod attached;
mod handle;
mod lost;
mod owner;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use activator::delivery::Outcome;
use activator::id::DeliveryId;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper::upgrade::OnUpgrade;
use tokio::sync::{mpsc, watch};
use tokio::time::{Sleep, timeout_at};

pub(crate) use attached::attach;
pub(crate) use handle::{Handle, start};
pub(crate) use owner::{BECOMES_IT, News, PROTOCOL, Place as Attached};

use self::lost::Lost;
use super::door::{Door, Opened};
use super::exchange::{Context, Done, Place};
use super::output::{Bench, Output};
use super::pool::Pool;
use super::starting::{Start, spawn};
use super::waiting::{Load, Waiting};
use super::wire::Speaks;
use super::{Job, Order, Work};
use crate::config::resolved::{Level, Protocol};
use crate::process::{Child, Collector, Command, Exit, Stdin, Stream};

/// How long answers that a process wrote before it ended may take to be read.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

struct Instance {
    start: Arc<Start>,
    bench: Bench,
    context: Arc<Context>,
    in_flight: BTreeSet<DeliveryId>,
    lost: Lost,
    /// Of a function that takes events in batches: those that no request was made for yet.
    waiting: Option<Waiting>,
}

type Exchanges = FuturesUnordered<futures_util::future::BoxFuture<'static, Done>>;

impl Instance {
    fn new(start: Start, is_attached: bool) -> Self {
        let is_http2 = start.program.terms.protocol == Protocol::H2c;
        let speaks = if is_http2 { Speaks::Http2 } else { Speaks::Http1 };
        let context = Context {
            pool: Pool::new(speaks, Arc::clone(&start.learned)),
            learned: Arc::clone(&start.learned),
            place: watch::Sender::new(Place::Unknown),
            accepted: watch::Sender::new(None),
            listener: std::sync::OnceLock::new(),
            withdrawn: std::sync::Mutex::default(),
            asked: std::sync::atomic::AtomicBool::new(false),
            answered: tokio::sync::SetOnce::new(),
            is_attached,
            revision: format!("r{}", start.program.revision),
        };
        let waiting = start.program.terms.batch.map(Waiting::new);
        Self {
            start: Arc::new(start),
            bench: Bench::default(),
            context: Arc::new(context),
            in_flight: BTreeSet::new(),
            lost: Lost::default(),
            waiting,
        }
    }

    /// From the start to the end. Gives how it ended, for people.
    async fn live(mut self, orders: &mut mpsc::Receiver<Order>) -> String {
        let mut exchanges = Exchanges::new();
        let isolated = self.start.program.terms.isolation.level != Level::None;
        let can_swap = isolated && self.start.spawner.can_swap();
        let reason = match Door::new(Arc::clone(&self.start.learned), can_swap) {
            Ok(door) => self.live_behind(&door, orders, &mut exchanges).await,
            Err(error) => format!("no socket for it: {error}"),
        };
        self.let_go(exchanges).await;
        reason
    }

    async fn live_behind(
        &mut self,
        door: &Door,
        orders: &mut mpsc::Receiver<Order>,
        exchanges: &mut Exchanges,
    ) -> String {
        self.context.listener.set(Arc::clone(&door.listener)).ok();
        let mut child = match self.start_child(door, orders, exchanges).await {
            Ok(child) => child,
            Err(reason) => {
                self.end(exchanges).await;
                return reason;
            }
        };
        let collector = self.collect_output(&mut child);
        let (exit, why) = self.run(&mut child, door, orders, exchanges).await;
        if self.context.accepted.borrow().is_none() && self.context.took_a_request() {
            self.accepted(Opened::Listener, door).await;
        }
        let accepted = self.context.accepted.borrow().is_some();
        self.end(exchanges).await;
        collector.finish().await;
        self.tell_lost(Some(&exit)).await;
        if accepted {
            return exit.to_string();
        }
        door.start_failed();
        self.why_it_never_accepted(exit, why)
    }

    /// A first connection waits in the listener, empty, to see whether the process accepts there; it is the first, as the
    /// place of others is told only then. When earlier processes did, requests go there at once.
    async fn open(&self, door: &Door) {
        if let Ok(probe) = self.context.pool.connect(door.listener_address().port()).await {
            self.context.pool.keep(probe);
        }
        if let Some(address) = door.early_address() {
            self.context.place.send_replace(Place::At(address));
        }
    }

    /// Starts the process, while the requests for it are being written already.
    async fn start_child(
        &mut self,
        door: &Door,
        orders: &mut mpsc::Receiver<Order>,
        exchanges: &mut Exchanges,
    ) -> Result<Child, String> {
        let start = Arc::clone(&self.start);
        let spawning = spawn(start.spawner.clone(), || command(&start, door));
        tokio::pin!(spawning);
        // It is asked for before anything else: what is connected and written meanwhile waits for the process.
        let mut started = poll_fn(|context| Poll::Ready(spawning.as_mut().poll(context))).await;
        self.open(door).await;
        loop {
            if let Poll::Ready(result) = started {
                return result.map_err(|e| e.to_string());
            }
            tokio::select! {
                biased;
                result = &mut spawning => started = Poll::Ready(result),
                order = orders.recv() => match order {
                    Some(Order::Deliver(job)) => self.deliver(job, exchanges),
                    // Before it accepts anything it is never paused.
                    Some(Order::Pause | Order::Resume) => {}
                    Some(Order::Terminate | Order::Kill) | None => return Err(start.why_not_started()),
                },
                () = std::future::ready(()), if self.is_batch_due(exchanges) => self.send_batch(exchanges),
                // This writes requests; hardly anybody answers before we hear that he runs.
                Some(done) = exchanges.next(), if !exchanges.is_empty() => self.answered(done, door).await,
            }
        }
    }

    fn collect_output(&self, child: &mut Child) -> Collector {
        let pipes = [(Stream::Stdout, child.stdout.take()), (Stream::Stderr, child.stderr.take())];
        let pipes = pipes.into_iter().filter_map(|(stream, pipe)| Some((stream, pipe?)));
        let output = Output { start: Arc::clone(&self.start), bench: self.bench.clone() };
        Collector::start(pipes, &self.start.lines, output)
    }

    async fn run(
        &mut self,
        child: &mut Child,
        door: &Door,
        orders: &mut mpsc::Receiver<Order>,
        exchanges: &mut Exchanges,
    ) -> (Exit, Option<String>) {
        let context = Arc::clone(&self.context);
        let opened = door.opened(&context);
        tokio::pin!(opened);
        let grace = tokio::time::sleep(Duration::MAX);
        let never = grace.deadline();
        tokio::pin!(grace);
        let mut why = None;
        loop {
            let starting = self.context.accepted.borrow().is_none();
            tokio::select! {
                biased;
                exit = child.wait() => return (exit, why),
                order = orders.recv() => match order {
                    Some(Order::Deliver(job)) => self.deliver(job, exchanges),
                    Some(Order::Pause) => self.pause(child),
                    Some(Order::Resume) => child.resume(),
                    Some(Order::Terminate) => self.terminate(child, grace.as_mut()),
                    Some(Order::Kill) | None => {
                        if starting {
                            why = Some(listens_elsewhere(child, door).await);
                        }
                        child.kill();
                        return (child.wait().await, why);
                    }
                },
                found = &mut opened, if starting => {
                    self.accepted(found, door).await;
                    opened.set(door.opened(&context));
                }
                // When no order waits any more: all of them go together.
                () = std::future::ready(()), if self.is_batch_due(exchanges) => self.send_batch(exchanges),
                () = Waiting::waited(self.waiting.as_ref()), if self.may_send_batch(exchanges) => {}
                // Only the wait is given up when something else happens first: what ended is told in any case.
                Some(done) = exchanges.next(), if !exchanges.is_empty() => self.answered(done, door).await,
                () = self.lost.waited() => self.tell_lost(None).await,
                () = &mut grace => {
                    child.kill();
                    grace.as_mut().reset(never);
                }
            }
        }
    }

    fn deliver(&mut self, job: Job, exchanges: &mut Exchanges) {
        self.in_flight.insert(job.delivery);
        self.bench.begin(job.delivery, &job.work);
        match &mut self.waiting {
            Some(waiting) => waiting.push(tokio::time::Instant::now(), job),
            None => exchanges.push(carry_out(&self.context, job)),
        }
    }

    fn is_batch_due(&self, exchanges: &Exchanges) -> bool {
        let is_due = |waiting: &Waiting| waiting.is_due(tokio::time::Instant::now());
        self.may_send_batch(exchanges) && self.waiting.as_ref().is_some_and(is_due)
    }

    fn may_send_batch(&self, exchanges: &Exchanges) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.may_send(exchanges.len()))
    }

    /// The connections it kept go: it will have had no chance to close those that are too old by then.
    fn pause(&self, child: &Child) {
        self.context.pool.clear();
        child.pause();
    }

    fn send_batch(&mut self, exchanges: &mut Exchanges) {
        let context = Arc::clone(&self.context);
        match self.waiting.as_mut().and_then(|waiting| waiting.next(tokio::time::Instant::now())) {
            Some(Load::Call(job)) => exchanges.push(carry_out(&self.context, job)),
            Some(Load::Events(events)) => {
                exchanges.push(Box::pin(async move { context.carry_out_batch(events).await }));
            }
            None => {}
        }
    }

    fn terminate(&self, child: &Child, grace: std::pin::Pin<&mut Sleep>) {
        child.terminate();
        let deadline = tokio::time::Instant::now() + self.start.program.terms.settings.drain_timeout;
        grace.reset(deadline);
    }

    /// Starting -> Warm: it accepts. One that only listens yet is given requests, too.
    async fn accepted(&self, opened: Opened, door: &Door) {
        match opened {
            Opened::Swapped => {
                self.context.place.send_replace(Place::At(door.listener_address()));
                return;
            }
            Opened::Listener => {
                self.context.place.send_replace(Place::At(door.listener_address()));
            }
            Opened::Port(address, stream) => {
                self.context.pool.clear();
                self.context.withdraw();
                if let Ok(connection) = self.context.pool.adopt(stream).await {
                    self.context.pool.keep(connection);
                }
                self.context.place.send_replace(Place::At(address));
            }
        }
        self.context.accepted.send_replace(Some(Instant::now()));
        self.start.inbox.ready(self.start.id).await;
    }

    fn forget(&mut self, delivery: DeliveryId) {
        self.in_flight.remove(&delivery);
        self.bench.end(delivery);
    }

    /// That it accepts is told before what it answered: so it is known what of the time its start took.
    async fn answered(&mut self, done: Done, door: &Door) {
        if self.context.accepted.borrow().is_none() && self.context.answered.initialized() {
            self.accepted(door.accepts_at_listener(), door).await;
        }
        self.report(done).await;
    }

    async fn report(&mut self, done: Done) {
        match done {
            Done::Outcome(delivery, outcome) => self.tell(delivery, outcome).await,
            Done::Outcomes(outcomes) => {
                for (delivery, outcome) in outcomes {
                    self.tell(delivery, outcome).await;
                }
            }
            Done::Returned(delivery, call) => {
                self.forget(delivery);
                self.start.inbox.not_taken(delivery, Work::Call(call)).await;
            }
        }
    }

    async fn tell(&mut self, delivery: DeliveryId, outcome: Outcome) {
        if let Outcome::Lost(reason) = outcome {
            return self.lost.push(delivery, reason);
        }
        self.forget(delivery);
        self.start.inbox.outcome(delivery, outcome).await;
    }

    /// What was lost with the process is told with its end.
    async fn tell_lost(&mut self, end: Option<&Exit>) {
        for (delivery, reason) in self.lost.take() {
            self.forget(delivery);
            let reason = match end {
                Some(exit) => self.start.with_last_lines(format!("{reason}: {exit}")),
                None => reason,
            };
            self.start.inbox.outcome(delivery, Outcome::Lost(reason)).await;
        }
    }

    /// The process is gone, or never was: what it never accepted is given back, and what it answered is read.
    async fn end(&mut self, exchanges: &mut Exchanges) {
        self.context.withdraw();
        self.context.place.send_replace(Place::Gone);
        for Job { delivery, work, .. } in self.waiting.as_mut().map(Waiting::take).unwrap_or_default() {
            self.forget(delivery);
            self.start.inbox.not_taken(delivery, work).await;
        }
        let deadline = tokio::time::Instant::now() + LAST_ANSWERS;
        while let Ok(Some(done)) = timeout_at(deadline, exchanges.next()).await {
            self.report(done).await;
        }
    }

    /// Whatever is still unanswered gets its outcome: the process is gone.
    async fn let_go(mut self, mut exchanges: Exchanges) {
        let accepted = self.context.accepted.borrow().is_some();
        self.end(&mut exchanges).await;
        self.tell_lost(None).await;
        drop(exchanges);
        for delivery in std::mem::take(&mut self.in_flight) {
            let outcome = if accepted {
                Outcome::Lost("the process ended before it answered".to_owned())
            } else {
                Outcome::NotTaken
            };
            self.start.inbox.outcome(delivery, outcome).await;
        }
    }

    fn why_it_never_accepted(&self, exit: Exit, why: Option<String>) -> String {
        self.start.with_last_lines(why.unwrap_or_else(|| format!("{exit} before it accepted a request")))
    }
}

fn carry_out(context: &Arc<Context>, job: Job) -> futures_util::future::BoxFuture<'static, Done> {
    let context = Arc::clone(context);
    Box::pin(async move { context.carry_out(job).await })
}

/// An HTTP server's process.
fn command(start: &Start, door: &Door) -> Command {
    let mut command = start.command(Stdin::Null);
    command.env.push(("PORT".into(), door.port().to_string()));
    command.env.push(("LISTEN_FDS".into(), "1".into()));
    command.listener = Some(Arc::clone(&door.listener));
    command.swap = door.swap().cloned();
    command
}

/// Why a process that runs takes no requests.
async fn listens_elsewhere(child: &Child, door: &Door) -> String {
    let group = child.pid();
    // It reads all of /proc.
    let elsewhere = tokio::task::spawn_blocking(move || crate::process::listening(group)).await;
    let elsewhere: Vec<String> = elsewhere.unwrap_or_default().iter().map(ToString::to_string).collect();
    if elsewhere.is_empty() {
        return "it listened nowhere within its start time".to_owned();
    }
    format!("it listens on {}, expected $PORT={} or fd 3 (LISTEN_FDS=1)", elsewhere.join(", "), door.port())
}
