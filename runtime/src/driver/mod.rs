//! The one loop: takes what happened, tells the activator, and does what it asks for. It never waits for an
//! effect: each goes to the task that owns that part of the world, and comes back as an input.
//!
//! - [`inbox`]: how those tasks tell the loop what happened. [`handle`]: how the rest of the program asks it.
//! - [`keeper`]: the task that owns one channel; [`kept`]: what it does with an open one. [`directory`]: what the ingress needs to know.
//! - [`fleet`]: functions, their revisions and their processes; [`terms`]: how those are run. [`perform`]: one arm per effect.
//! - [`callers`]: who waits for the answer to an event. [`alarm`]: what wakes the loop when nothing happens. [`mirror`]: the names under which others see how far subscriptions are.
//! - [`repeats`]: what subscriptions had that want the same event once. [`pausing`], [`pauses`]: those for which nothing is begun.
//! - [`heirs`]: what the life before did and no cursor says. [`orphans`]: cursors that nobody bears any more. [`record`]: what is told to the history, the statistics and the log.

mod alarm;
mod callers;
mod clock;
mod directory;
mod fleet;
mod handle;
mod heirs;
mod inbox;
mod keeper;
mod kept;
mod mirror;
mod orphans;
mod pauses;
mod pausing;
mod perform;
mod record;
mod repeats;
mod stats;
mod terms;

use std::sync::Arc;
use std::time::{Duration, Instant};

use activator::effect::Report;
use activator::id::{AttachId, CallId, ChannelId, SinkId};
use activator::input::{OpenedPartition, Progress};
use activator::lifecycle::Availability;
use activator::{Activator, Effect, Input, Limits};
use hashbrown::HashMap;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use self::alarm::Alarm;
use self::callers::Callers;
use self::clock::Clock;
use self::fleet::Fleet;
use self::heirs::Heirs;
use self::inbox::{Attaching, Message};
use self::keeper::Keeper;
use self::orphans::Orphans;
use self::pauses::Pauses;
use self::record::Record;
use self::repeats::Repeats;
use crate::channel::Channel;
use crate::config::resolved::Resolved;
use crate::dispatch::{Call, Sink};
use crate::history::{History, channel_label};
use crate::letters::Desk;
use crate::logs::Logs;
use crate::process::Spawner;

pub(crate) use directory::{Callee, Directory, Route};
pub(crate) use handle::{FunctionRow, Handle};
pub(crate) use inbox::Inbox;
#[cfg(test)]
pub(crate) use inbox::{Listening, Said};
pub(crate) use stats::Stats;

/// Messages that wait for the loop; whoever has more waits.
const INBOX_MAX: usize = 4096;
/// How long channels may take to close at the end.
const CLOSE_MAX: Duration = Duration::from_secs(2);
/// Messages taken in one turn.
const TURN_MAX: usize = 512;

/// Owns the activator and everything that acts for it.
pub(crate) struct Driver {
    activator: Activator,
    clock: Clock,
    messages: mpsc::Receiver<Message>,
    inbox: Inbox,
    config: watch::Sender<Arc<Resolved>>,
    directory: watch::Sender<Arc<Directory>>,
    keepers: HashMap<ChannelId, Keeper>,
    fleet: Fleet,
    sinks: HashMap<SinkId, Sink>,
    callers: Callers,
    /// Whatever acts for the driver and has no owner of its own.
    tasks: JoinSet<()>,
    calls: HashMap<CallId, Box<Call>>,
    /// Wishes that the activator has not answered; the next one bears this number.
    attaching: HashMap<AttachId, Attaching>,
    next_attach: AttachId,
    heirs: Heirs,
    orphans: Orphans,
    repeats: Repeats,
    pauses: Pauses,
    letters: Arc<Desk>,
    record: Record,
}

impl Driver {
    /// A driver of `config`, and the handle to it.
    pub(crate) fn new(config: Arc<Resolved>, spawner: Spawner, history: Arc<History>) -> (Self, Handle) {
        let (sender, messages) = mpsc::channel(INBOX_MAX);
        let inbox = Inbox::new(sender);
        let limits = Limits {
            budget_bytes: config.runtime.budget_bytes,
            drain: config.runtime.drain,
            ..Limits::default()
        };
        let orphans = Orphans::open(config.runtime.state.as_deref());
        let repeats = Repeats::new(config.runtime.state.as_deref());
        let pauses = Pauses::open(config.runtime.state.as_deref());
        let config = watch::Sender::new(config);
        let directory = watch::Sender::new(Arc::new(Directory::default()));
        let (letters, callers, logs) = (Arc::new(Desk::default()), Callers::default(), Logs::default());
        let (told, names) = (config.subscribe(), directory.subscribe());
        let kept = (Arc::clone(&letters), logs.clone());
        let handle = Handle::new(inbox.clone(), told, names, kept, callers.clone());
        let driver = Self {
            activator: Activator::new(limits),
            clock: Clock::start(),
            messages,
            fleet: Fleet::new(spawner, inbox.clone(), logs),
            inbox,
            config,
            directory,
            keepers: HashMap::new(),
            sinks: HashMap::new(),
            callers,
            tasks: JoinSet::new(),
            calls: HashMap::new(),
            attaching: HashMap::new(),
            next_attach: AttachId::default(),
            heirs: Heirs::default(),
            orphans,
            repeats,
            pauses,
            letters,
            record: Record::new(history),
        };
        (driver, handle)
    }

    /// Runs until everything is at zero after [`Handle::drain`].
    pub(crate) async fn run(mut self) {
        self.recall_paused();
        let config = Arc::clone(&self.config.borrow());
        self.configure(config);
        self.act();
        let mut messages = Vec::with_capacity(TURN_MAX);
        let mut alarm = Alarm::new();
        while !self.activator.is_stopped() {
            alarm.set(self.activator.poll_timeout().map(|due| self.clock.instant(due)));
            tokio::select! {
                biased;
                _ = self.messages.recv_many(&mut messages, TURN_MAX) => {}
                () = alarm.ring() => {}
                Some(_) = self.tasks.join_next() => {}
            }
            // Under load the arm above is hardly ever reached.
            while self.tasks.try_join_next().is_some() {}
            self.turn(&mut messages);
        }
        self.close().await;
    }

    /// Lets go of the channels, so that what they store is stored when the program ends.
    async fn close(mut self) {
        // Whoever still tells or asks something hears that nobody listens, rather than waiting for us.
        self.messages.close();
        while self.messages.try_recv().is_ok() {}
        self.calls.clear();
        self.letters.close();
        self.repeats.close();
        self.keepers.clear();
        self.directory.send_replace(Arc::default());
        let closed = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(CLOSE_MAX, closed).await.is_err() {
            tracing::warn!("a channel was still in use at the end");
        }
    }

    /// One turn: outcomes first, since they free what the rest needs; then timers, then the rest in order.
    fn turn(&mut self, messages: &mut Vec<Message>) {
        let begin = Instant::now();
        self.record.it_is(begin);
        let mut outcomes = Vec::with_capacity(messages.len());
        messages.retain_mut(|message| {
            // Told before what it then answered, whose time it explains.
            if let Message::Happened(Input::Ready { instance }) = message {
                self.fleet.ready(*instance, begin);
            }
            let Some((delivery, outcome)) = message.take_outcome() else { return true };
            self.record.ended(delivery, &outcome, &self.fleet);
            outcomes.push((delivery, outcome));
            false
        });
        let now = self.clock.now();
        if !outcomes.is_empty() {
            self.activator.handle(now, Input::Outcomes(outcomes));
        }
        if self.activator.poll_timeout().is_some_and(|due| due <= now) {
            self.activator.handle_timeout(now);
        }
        for message in messages.drain(..) {
            self.receive(message);
        }
        self.act();
    }

    fn receive(&mut self, message: Message) {
        match message {
            Message::Happened(input) => self.happened(input),
            Message::Outcome(..) => {}
            Message::Returned(delivery, call) => self.returned(delivery, call),
            Message::Opened { channel, opened, life, epoch, mut partitions } => {
                if self.is_of_dead_letters(channel) {
                    self.follow_letters(&opened, &mut partitions);
                } else {
                    self.let_go_of_orphans(channel, &mut partitions);
                }
                self.keepers.get_mut(&channel).into_iter().for_each(|k| k.opened(opened.clone(), life));
                self.publish_directory();
                self.happened(Input::Opened { channel, epoch, partitions });
            }
            Message::Trouble(channel, reason) => {
                self.keepers.get_mut(&channel).into_iter().for_each(|k| k.failed(reason.clone()));
                self.publish_directory();
            }
            Message::Called(id, Callee { function, tagged, .. }, call) => {
                self.calls.insert(id, call);
                self.happened(Input::Called { call: id, function, tagged });
            }
            Message::Attaching(function, asks) => {
                let attach = self.next_attach;
                self.next_attach = AttachId(attach.0 + 1);
                self.attaching.insert(attach, asks);
                self.happened(Input::Attaching { attach, function });
            }
            Message::Configured(config) => self.configure(config),
            Message::Pinned(function, number) => {
                if let Some(now) = self.fleet.pin(function, number) {
                    self.happened(Input::Revised { function, now });
                }
            }
            Message::Pausing(wish) => self.pausing(wish),
            Message::Paused(answer) => drop(answer.send(self.paused())),
            Message::Functions(answer) => drop(answer.send(self.function_rows())),
        }
    }

    fn happened(&mut self, mut input: Input) {
        match &mut input {
            Input::Assigned { channel, partitions, .. } => self.let_go_of_orphans(*channel, partitions),
            Input::Records { channel, partition, from, batch, .. } => {
                self.record.arrived(*channel, *partition, *from, batch);
            }
            Input::Exited { instance, .. } => self.fleet.gone(*instance),
            Input::HungUp { call } => drop(self.calls.remove(call)),
            _ => {}
        }
        self.activator.handle(self.clock.now(), input);
    }

    /// Partitions are about to be taken over, with whatever cursors are stored there.
    fn let_go_of_orphans(&mut self, channel: ChannelId, partitions: &mut [OpenedPartition]) {
        let config = self.config.borrow();
        let Some(named) = config.channels.get(&channel) else { return };
        let wired: Vec<_> = config.subscriptions(channel).map(|s| Arc::clone(&s.name)).collect();
        let label = channel_label(named);
        if let Some(note) = self.orphans.look(jiff::Timestamp::now(), &label, &wired, partitions) {
            self.tasks.spawn_blocking(note);
        }
    }

    /// Whether people work with what is in it, and nobody subscribes to it.
    fn is_of_dead_letters(&self, channel: ChannelId) -> bool {
        self.config.borrow().topology.dead_letters == channel
    }

    /// What is done with the dead letters is stored in their channel as well, and by others: the activator is to find
    /// nothing there that it would store.
    fn follow_letters(&mut self, channel: &Channel, partitions: &mut [OpenedPartition]) {
        for follows in self.letters.opened(channel, partitions) {
            self.tasks.spawn(follows);
        }
        for opened in partitions {
            opened.committed = Some(Progress { position: opened.begin, behind: Vec::new() });
        }
    }

    /// A call that nobody took waits here again.
    fn returned(&mut self, delivery: activator::id::DeliveryId, call: Box<Call>) {
        if let Some(id) = self.record.call_of(delivery) {
            self.calls.insert(id, call);
        }
        let outcome = activator::delivery::Outcome::NotTaken;
        self.activator.handle(self.clock.now(), Input::Outcomes(vec![(delivery, outcome)]));
    }

    /// Takes over a configuration: what there is to run, then the wiring, which shares it out, and then what there is not
    /// any more. So nothing goes to the latest revision in between that is another's.
    fn configure(&mut self, config: Arc<Resolved>) {
        self.sinks.retain(|id, sink| config.sinks.get(id) == Some(sink.uri()));
        for (id, uri) in &config.sinks {
            self.sinks.entry(*id).or_insert_with(|| Sink::new(uri.clone()));
        }
        let (gone, there): (Vec<_>, Vec<_>) =
            self.fleet.configure(&config).into_iter().partition(|(_, now)| *now == Availability::Absent);
        self.record.configure(&config);
        let opens = |id: &ChannelId| !self.keepers.contains_key(id);
        self.heirs.expect(config.durable_channels().filter(opens));
        self.config.send_replace(Arc::clone(&config));
        let now = self.clock.now();
        let revised = |(function, availability)| Input::Revised { function, now: availability };
        let wired = Input::Wired(config.topology.clone());
        let repeats = self.repeats.configure(&config, &mut self.tasks);
        let told = there.into_iter().map(revised).chain(repeats);
        let news = told.chain([wired]).chain(gone.into_iter().map(revised));
        for input in news.collect::<Vec<_>>() {
            self.activator.handle(now, input);
        }
        self.mirror();
        self.publish_directory();
    }

    fn publish_directory(&self) {
        let config = self.config.borrow();
        self.directory.send_replace(Arc::new(Directory::new(&config, &self.keepers)));
    }

    fn function_rows(&self) -> std::collections::BTreeMap<activator::id::FunctionId, FunctionRow> {
        let states = self.activator.states();
        states
            .into_iter()
            .map(|(id, state)| {
                (id, self.record.row(id, state, self.fleet.revision(id), self.fleet.pinned(id)))
            })
            .collect()
    }

    /// Does what the activator asks for, and tells the history what it reports.
    fn act(&mut self) {
        self.record.it_is(Instant::now());
        while let Some(effect) = self.activator.poll_effect() {
            match effect {
                Effect::Report(report) => {
                    if let Report::Renamed { from, to } = &report {
                        self.repeats.renamed(from, to);
                        self.renamed_paused(from, to);
                    }
                    self.record.reported(report, &self.fleet);
                }
                effect => self.perform(effect),
            }
        }
        self.record.flush();
    }
}
