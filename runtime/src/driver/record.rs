//! What is told to the history, the statistics and the log, one batch a turn.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use activator::cursor::Cursor;
use activator::delivery::Outcome;
use activator::effect::{End, EventRef, FunctionNews, Report, Target};
use activator::id::{
    CallId, ChannelId, DeliveryId, FunctionId, InstanceId, Offset, Partition, Revision, SubscriptionId,
};
use activator::input::Batch;
use activator::topology::Subscription;
use hashbrown::HashMap;

use super::fleet::Fleet;
use super::{FunctionRow, Stats};
use crate::config::resolved::Resolved;
use crate::config::short_name;
use crate::history::{Attempt, History, Note};

pub(super) struct Record {
    /// When this turn was at what it does now.
    now: Instant,
    history: Arc<History>,
    /// What subscriptions are called.
    names: Names,
    notes: Vec<Note>,
    under_way: HashMap<DeliveryId, UnderWay>,
    stats: HashMap<FunctionId, Counted>,
    /// What of each partition was seen, so that an event read twice arrives once.
    seen: HashMap<(ChannelId, Partition), Cursor>,
}

/// An attempt that has not ended.
struct UnderWay {
    event: Option<EventRef>,
    call: Option<CallId>,
    instance: Option<InstanceId>,
    revision: Option<Revision>,
    cold: bool,
    started: Instant,
}

impl UnderWay {
    const fn new(event: Option<EventRef>, call: Option<CallId>, started: Instant) -> Self {
        Self { event, call, instance: None, revision: None, cold: false, started }
    }

    /// What of a cold attempt the start of the process took, where that is known.
    fn start_ms(&self, fleet: &Fleet) -> Option<f64> {
        let ready = fleet.ready_at(self.instance.filter(|_| self.cold)?)?;
        Some(ready.saturating_duration_since(self.started).as_secs_f64() * 1000.0)
    }
}

/// By their numbers, which are given one after the other.
#[derive(Default)]
struct Names(Vec<Option<Arc<Subscription>>>);

impl Names {
    fn learn(&mut self, config: &Resolved) {
        let all = &config.topology.subscriptions;
        let numbers = all.iter().map(|s| s.id.0 as usize + 1).max().unwrap_or(0);
        self.0.resize(self.0.len().max(numbers), None);
        for subscription in all {
            self.0[subscription.id.0 as usize] = Some(Arc::clone(subscription));
        }
    }

    fn get(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.0.get(id.0 as usize)?.as_deref()
    }
}

#[derive(Default)]
struct Counted {
    stats: Stats,
    last: Option<Instant>,
}

impl Record {
    pub(super) fn new(history: Arc<History>) -> Self {
        Self {
            now: Instant::now(),
            history,
            names: Names::default(),
            notes: Vec::new(),
            under_way: HashMap::new(),
            stats: HashMap::new(),
            seen: HashMap::new(),
        }
    }

    pub(super) fn configure(&mut self, config: &Arc<Resolved>) {
        self.notes.push(Note::Wired(Arc::clone(config)));
        // Also of those that are wired no more: what is under way for them still ends.
        self.names.learn(config);
    }

    /// These subscriptions are paused from now on.
    pub(super) fn paused(&mut self, names: BTreeSet<Arc<str>>) {
        self.notes.push(Note::Paused(names));
    }

    /// All that follows happens now: the clock is not looked at for each of it.
    pub(super) fn it_is(&mut self, now: Instant) {
        self.now = now;
    }

    /// Records were read, for the first time or again.
    pub(super) fn arrived(&mut self, channel: ChannelId, partition: Partition, from: Offset, batch: &Batch) {
        let seen = self.seen.entry((channel, partition)).or_default();
        let records = batch.records.iter().cloned();
        let (again, records): (Vec<_>, Vec<_>) = records.partition(|(offset, _)| seen.contains(*offset));
        seen.mark_range(from, batch.next);
        if !records.is_empty() {
            self.notes.push(Note::Arrived { channel, partition, records });
        }
        if !again.is_empty() {
            self.notes.push(Note::Again { channel, partition, records: again });
        }
    }

    /// A call is about to be handed over.
    pub(super) fn calling(&mut self, delivery: DeliveryId, call: CallId) {
        self.under_way.insert(delivery, UnderWay::new(None, Some(call), self.now));
    }

    /// A delivery is handed over: its time runs.
    pub(super) fn handed_over(&mut self, delivery: DeliveryId, to: Target, fleet: &Fleet) {
        let Some(under_way) = self.under_way.get_mut(&delivery) else { return };
        if let Target::Instance(instance) = to {
            under_way.instance = Some(instance);
            under_way.revision = fleet.revision_of(instance);
            under_way.cold = !fleet.is_ready(instance);
        }
        under_way.started = self.now;
    }

    /// The call a delivery is about, when nobody took it.
    pub(super) fn call_of(&mut self, delivery: DeliveryId) -> Option<CallId> {
        self.under_way.remove(&delivery)?.call
    }

    /// A delivery ended.
    pub(super) fn ended(&mut self, delivery: DeliveryId, outcome: &Outcome, fleet: &Fleet) {
        let Some(under_way) = self.under_way.remove(&delivery) else { return };
        if *outcome == Outcome::NotTaken {
            return;
        }
        let took = self.now.saturating_duration_since(under_way.started);
        let ms = took.as_secs_f64() * 1000.0;
        if let Some(instance) = under_way.instance {
            let counted = self.stats.entry(instance.function).or_default();
            counted.stats.count(outcome, under_way.cold, ms);
            counted.last = Some(self.now);
        }
        let Some(event) = under_way.event else { return };
        let attempt = Attempt {
            started: SystemTime::now().checked_sub(took).unwrap_or(SystemTime::UNIX_EPOCH),
            ms,
            start_ms: under_way.start_ms(fleet),
            status: outcome.status(),
            error: outcome.error().map(str::to_owned),
            revision: under_way.revision,
            cold: under_way.cold,
        };
        self.notes.push(Note::Attempted { event, attempt });
    }

    /// The activator reports something.
    pub(super) fn reported(&mut self, report: Report, fleet: &Fleet) {
        match &report {
            Report::Attempting { delivery, event, .. } => {
                self.under_way.insert(*delivery, UnderWay::new(Some(*event), None, self.now));
                // The history hears of an attempt when it ends.
                return;
            }
            Report::Retrying { event, attempt, outcome, wait } if **outcome != Outcome::NotTaken => {
                let name = self.subscription(*event);
                tracing::warn!(
                    subscription = name,
                    "FAIL {} (attempt {attempt}, next in {wait:?}){}",
                    outcome.status(),
                    outcome.error().map(|e| format!(": {e}")).unwrap_or_default(),
                );
            }
            Report::Held { event, attempts, outcome } => self.held(*event, *attempts, outcome),
            Report::MadeWay { event, most } => {
                let name = self.subscription(*event);
                tracing::error!(
                    subscription = name, offset = %event.offset,
                    "DEAD  more than {most} events are held: the oldest becomes a dead letter (hydrant dlq ls)",
                );
            }
            Report::Settled { event, attempts, end } => self.settled(*event, *attempts, end),
            Report::Function { function, news } => log_function(fleet, *function, news),
            Report::Renamed { from, to } => {
                tracing::info!("{from} is {to} now, and goes on where it was");
            }
            Report::Retrying { .. } | Report::Matched { .. } => {}
        }
        self.notes.push(Note::Reported(report));
    }

    /// Says also what to do: it waits for a person.
    fn held(&self, event: EventRef, attempts: u32, outcome: &Outcome) {
        let name = self.subscription(event);
        let to = self.names.get(event.subscription).map(|subscription| &*subscription.to_name);
        let mend = match to.and_then(|to| to.strip_prefix("fn/")) {
            Some(function) => format!("fix functions/{function} and save: it goes again at once; or "),
            // Of what is delivered again, the event knows for whom it is.
            None if name.starts_with("replay/") => {
                "fix its function and save: it goes again at once; or ".to_owned()
            }
            None => String::new(),
        };
        let short = short_name(name);
        let plural = if attempts == 1 { "" } else { "s" };
        tracing::error!(
            subscription = name, offset = %event.offset,
            "HELD  {} after {attempts} attempt{plural}: {mend}hydrant retry {short}", outcome.status(),
        );
    }

    fn settled(&self, event: EventRef, attempts: u32, end: &End) {
        let name = self.subscription(event);
        let offset = event.offset;
        match end {
            End::Delivered { outcome, .. } => tracing::debug!(
                subscription = name, %offset,
                "{}", outcome.as_ref().map_or_else(|| "stored".to_owned(), |o| o.status().to_string()),
            ),
            End::DeadLetter(outcome) => tracing::error!(
                subscription = name, %offset,
                "DEAD  {} after {attempts} attempts: stored as a dead letter (hydrant dlq ls)", outcome.status(),
            ),
            End::Dropped(outcome) => tracing::error!(
                subscription = name, %offset,
                "DROP  {} after {attempts} attempts: given up, as it says on_exhausted = \"drop\"", outcome.status(),
            ),
            End::Gone => tracing::error!(subscription = name, %offset, "GONE  no longer in its channel"),
            End::Removed => tracing::warn!(
                subscription = name, %offset,
                "LEFT  its trigger was removed; it is kept for a week, should that come back"
            ),
            End::Duplicate => tracing::debug!(subscription = name, %offset, "delivered before"),
            End::Unmatched | End::Elsewhere => {}
        }
    }

    fn subscription(&self, event: EventRef) -> &str {
        self.names.get(event.subscription).map_or("?", |subscription| &*subscription.name)
    }

    /// A function as people see it.
    pub(super) fn row(
        &self,
        id: FunctionId,
        state: activator::State,
        revision: Option<Revision>,
        pinned: Option<u32>,
    ) -> FunctionRow {
        let counted = self.stats.get(&id);
        let busy = state.in_flight > 0;
        let idle = counted.and_then(|c| c.last).filter(|_| !busy).map(|last| last.elapsed());
        FunctionRow {
            state,
            stats: counted.map(|c| c.stats.clone()).unwrap_or_default(),
            revision,
            idle,
            pinned,
        }
    }

    /// Hands the turn's notes to the history.
    pub(super) fn flush(&mut self) {
        if !self.notes.is_empty() {
            self.history.apply(self.notes.drain(..));
        }
    }
}

fn log_function(fleet: &Fleet, function: FunctionId, news: &FunctionNews) {
    let name = fleet.name(function);
    match news {
        FunctionNews::Starting(_) => tracing::debug!(function = name, "starting"),
        FunctionNews::Warm(_) => tracing::debug!(function = name, "warm"),
        FunctionNews::Attached(_) => {
            tracing::info!(function = name, "attached: somebody else starts its process");
        }
        FunctionNews::Detached { reason } => tracing::info!(function = name, "attached no more: {reason}"),
        FunctionNews::Zero => tracing::info!(function = name, "zero"),
        FunctionNews::PassedOver { reason } => {
            tracing::warn!(function = name, "its share of traffic goes to the latest revision: {reason}");
        }
        FunctionNews::StartFailed { reason, wait } => {
            tracing::error!(function = name, "did not start: {reason} (next try in {wait:?})");
            for line in fleet.last_lines(function, 5) {
                tracing::error!(function = name, "| {line}");
            }
        }
    }
}
