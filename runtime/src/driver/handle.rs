//! How the rest of the program asks the driver for something.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use activator::Input;
use activator::delivery::extension;
use activator::event::{Event, EventError};
use activator::id::{CallId, ChannelId, FunctionId, Revision, SubscriptionId};
use activator::lifecycle::Declined;
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use tokio::sync::{oneshot, watch};

use super::callers::Callers;
use super::inbox::{Attaching, Inbox, Message};
use super::pausing::Pausing;
use super::{Callee, Directory, Route, Stats};
use crate::channel::{AppendError, Position};
use crate::config::resolved::{ChannelKind, REPLAYS, Resolved};
use crate::dispatch::{Answer, Call, CallError, CallerBody};
use crate::history::Place;
use crate::letters::Desk;
use crate::logs::Logs;
use crate::sources::{container, file_watch, poll};

/// How long a record may take to be read again.
const READ_MAX: Duration = Duration::from_secs(5);

/// An event is not delivered again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error("it cannot be marked: {0}")]
    Event(#[from] EventError),
    #[error("the channel of what is delivered again is not open")]
    Closed,
    #[error("it cannot be kept until it is delivered: {0}")]
    Append(#[from] AppendError),
}

/// A clone is the same driver.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    inbox: Inbox,
    config: watch::Receiver<Arc<Resolved>>,
    directory: watch::Receiver<Arc<Directory>>,
    letters: Arc<Desk>,
    logs: Logs,
    callers: Callers,
    containers: container::Board,
    polls: poll::Board,
    file_watches: file_watch::Board,
    next_call: Arc<AtomicU64>,
}

/// A function as people see it.
#[derive(Clone, Debug)]
pub(crate) struct FunctionRow {
    pub(crate) state: activator::State,
    pub(crate) stats: Stats,
    pub(crate) revision: Option<Revision>,
    /// Since its last delivery ended.
    pub(crate) idle: Option<Duration>,
    /// At how many processes somebody pinned it.
    pub(crate) pinned: Option<u32>,
}

impl Handle {
    pub(super) fn new(
        inbox: Inbox,
        config: watch::Receiver<Arc<Resolved>>,
        directory: watch::Receiver<Arc<Directory>>,
        (letters, logs): (Arc<Desk>, Logs),
        callers: Callers,
    ) -> Self {
        Self {
            inbox,
            config,
            directory,
            letters,
            logs,
            callers,
            containers: container::Board::default(),
            polls: poll::Board::default(),
            file_watches: file_watch::Board::default(),
            next_call: Arc::default(),
        }
    }

    /// The configuration in force.
    pub(crate) fn config(&self) -> Arc<Resolved> {
        Arc::clone(&self.config.borrow())
    }

    /// Tells when another configuration is in force.
    pub(crate) fn configured(&self) -> watch::Receiver<Arc<Resolved>> {
        self.config.clone()
    }

    /// What the ingress needs to know, as it is now.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.borrow())
    }

    /// The dead letters.
    pub(crate) const fn letters(&self) -> &Arc<Desk> {
        &self.letters
    }

    /// How sources stand that are programs.
    pub(crate) const fn containers(&self) -> &container::Board {
        &self.containers
    }

    /// How sources stand that ask a URL.
    pub(crate) const fn polls(&self) -> &poll::Board {
        &self.polls
    }

    /// How sources stand that watch folders.
    pub(crate) const fn file_watches(&self) -> &file_watch::Board {
        &self.file_watches
    }

    /// What functions print.
    pub(crate) const fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Puts a configuration in force.
    pub(crate) async fn configure(&self, config: Arc<Resolved>) {
        self.inbox.tell(Message::Configured(config)).await;
    }

    /// Every function as it stands.
    pub(crate) async fn functions(&self) -> BTreeMap<FunctionId, FunctionRow> {
        let (answer, rows) = oneshot::channel();
        self.inbox.tell(Message::Functions(answer)).await;
        rows.await.unwrap_or_default()
    }

    /// Pauses a subscription, or lets it go on, by its name: `trigger/bill`. Says whether that is kept over a restart.
    ///
    /// # Errors
    /// When it cannot be written; it is so until the next start all the same.
    pub(crate) async fn pause(&self, name: &Arc<str>, paused: bool) -> io::Result<bool> {
        let (answer, written) = oneshot::channel();
        let name = Arc::clone(name);
        self.inbox.tell(Message::Pausing(Pausing { name, paused, answer })).await;
        written.await.unwrap_or_else(|_| Err(io::Error::other("hydrant is stopping")))
    }

    /// The names of the subscriptions that are paused.
    pub(crate) async fn paused(&self) -> BTreeSet<Arc<str>> {
        let (answer, names) = oneshot::channel();
        self.inbox.tell(Message::Paused(answer)).await;
        names.await.unwrap_or_default()
    }

    /// Asks for a function to be brought to zero.
    pub(crate) async fn reap(&self, function: FunctionId) {
        self.inbox.happened(Input::Reap { function }).await;
    }

    /// Asks that what failed at a subscription is tried now.
    pub(crate) async fn retry(&self, subscription: SubscriptionId) {
        self.inbox.happened(Input::Retry { subscription }).await;
    }

    /// Asks for a function to be pinned at so many processes, or to be let go of.
    pub(crate) async fn pin(&self, function: FunctionId, number: Option<u32>) {
        self.inbox.tell(Message::Pinned(function, number)).await;
    }

    /// Asks for the place of a function's processes, for one that somebody else starts at the other end of a connection
    /// that is about to be upgraded.
    pub(crate) async fn attach(&self, function: FunctionId, upgrade: OnUpgrade) -> Result<(), Declined> {
        let (answer, said) = oneshot::channel();
        self.inbox.tell(Message::Attaching(function, Attaching { upgrade, answer })).await;
        said.await.unwrap_or(Err(Declined::Stopping))
    }

    /// Delivers an event again, to this subscription alone: `trigger/bill`. Its attempts begin anew.
    ///
    /// # Errors
    /// When it cannot be kept until it is delivered, or may not bear the name.
    pub(crate) async fn replay(&self, event: &Event, subscription: &str) -> Result<Position, ReplayError> {
        let event = event.with(extension::REPLAY, subscription)?;
        let directory = self.directory();
        let route = directory.route(ChannelKind::Replay, REPLAYS).ok_or(ReplayError::Closed)?;
        Ok(route.channel.as_ref().ok_or(ReplayError::Closed)?.append(event).await?)
    }

    /// The event at a place, if its channel holds it still.
    pub(crate) async fn read(&self, place: Place) -> Option<Event> {
        let directory = self.directory();
        let channel = directory.channels().find(|route| route.id == place.channel)?.channel.clone()?;
        // At the end of the log, a read waits for the next record; this one was there.
        let read = channel.read(place.partition, place.offset, 1, 1);
        let batch = tokio::time::timeout(READ_MAX, read).await.ok()?.ok()?;
        batch.records.into_iter().find(|(offset, _)| *offset == place.offset).map(|(_, event)| event)
    }

    /// Whoever waits for the answer to an event.
    pub(crate) const fn callers(&self) -> &Callers {
        &self.callers
    }

    /// Waits until all is at zero, and all channels are closed.
    pub(crate) async fn stopped(&self) {
        // There is always one channel until then.
        self.directory.clone().wait_for(|directory| directory.channels().next().is_none()).await.ok();
    }

    /// Asks for everything to be brought to zero.
    pub(crate) async fn drain(&self) {
        self.inbox.happened(Input::Drain).await;
    }

    /// Waits until the channels of this machine are open, or cannot be. A Kafka may take its time: what does not
    /// need it works meanwhile.
    pub(crate) async fn wait_open(&self) {
        let config = self.config();
        let local =
            |id: &ChannelId| config.channels.get(id).is_some_and(|channel| channel.spec.topic().is_none());
        let wanted = config.channels.keys().filter(|id| local(id)).count();
        let known = |route: &Route| route.channel.is_some() || route.trouble.is_some();
        let open = |directory: &Arc<Directory>| {
            directory.channels().filter(|route| local(&route.id) && known(route)).count() >= wanted
        };
        self.directory.clone().wait_for(open).await.ok();
    }

    /// Waits until this channel takes events.
    pub(crate) async fn wait_route(&self, kind: ChannelKind, name: &str) {
        let open = |directory: &Arc<Directory>| {
            directory.route(kind, name).is_some_and(|route| route.channel.is_some())
        };
        self.directory.clone().wait_for(open).await.ok();
    }

    /// Each channel: whether it is open, and what went wrong last if it is not.
    pub(crate) fn open_channels(&self) -> Vec<(ChannelId, bool, Option<String>)> {
        let directory = self.directory.borrow();
        directory.channels().map(|route| (route.id, route.channel.is_some(), route.trouble.clone())).collect()
    }

    /// Calls a function and waits for its answer. Who drops this hangs up.
    pub(crate) async fn call(&self, callee: Callee, head: Parts, body: CallerBody) -> Answer {
        let id = CallId(self.next_call.fetch_add(1, Ordering::Relaxed));
        let (answer, waiting) = oneshot::channel();
        let call = Call { head, body, answer, arrived: Instant::now() };
        self.inbox.tell(Message::Called(id, callee, Box::new(call))).await;
        let line = Line { inbox: &self.inbox, call: Some(id) };
        let answer = waiting.await.unwrap_or(Err(CallError::Stopping));
        line.done();
        answer
    }
}

/// Hangs up when the caller goes away.
struct Line<'a> {
    inbox: &'a Inbox,
    call: Option<CallId>,
}

impl Line<'_> {
    fn done(mut self) {
        self.call = None;
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.call {
            self.inbox.hung_up(call);
        }
    }
}
