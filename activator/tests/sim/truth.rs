//! What really happened in the world, and what it therefore owes to whom. Knows nothing of the mind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use activator::Time;
use activator::delivery::Exhausted;
use activator::event::{Event, Identity, Reply};
use activator::id::{ChannelId, Offset, Partition, SubscriptionId};
use activator::topology::{Destination, Start, Subscription, Topology};

use super::storage::{At, stamp_of};
use super::wiring::{REPLAY, REPLAYS};

/// One event of one subscription.
pub(crate) type Case = (SubscriptionId, At);

/// The attribute by which a reply is told from all others.
pub(crate) const MADE: &str = "made";
/// The attribute of a reply that was given no id.
pub(crate) const NAMELESS: &str = "nameless";

fn is_before(start: Start, at: At) -> bool {
    matches!(start, Start::Offset(first) if at.2 < first)
}

#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// Counts whatever changes what is owed.
    step: u64,
    records: BTreeMap<At, Record>,
    done: BTreeSet<Case>,
    versions: BTreeMap<SubscriptionId, Vec<Version>>,
    /// Replies that were given and are not stored yet, by what they are called.
    replies: BTreeMap<String, Case>,
    /// What fails there has nowhere else to go.
    last: BTreeSet<ChannelId>,
}

#[derive(Debug)]
struct Record {
    event: Event,
    stored: u64,
    time: Time,
    /// A rule of the user's or a power cut took it.
    gone: bool,
}

/// A subscription as it was wired from some step on; nothing while it is removed.
#[derive(Debug)]
struct Version {
    since: u64,
    what: Option<Subscription>,
    /// While it was removed, what remembered its place went down.
    forgotten: bool,
}

impl Truth {
    pub(crate) fn wired(&mut self, topology: &Topology) {
        self.step += 1;
        self.last = topology.channels.iter().filter(|c| c.is_last).map(|c| c.id).collect();
        let known: BTreeSet<_> = self.versions.keys().copied().collect();
        let now: BTreeMap<_, _> = topology.subscriptions.iter().map(|s| (s.id, s)).collect();
        for id in known.into_iter().chain(now.keys().copied()).collect::<BTreeSet<_>>() {
            let what = now.get(&id).map(|now| Subscription::clone(now));
            if what.as_ref().is_some_and(|s| s.reply.is_none()) {
                self.drop_replies(id);
            }
            let versions = self.versions.entry(id).or_default();
            if versions.last().is_none_or(|last| last.what != what) {
                versions.push(Version { since: self.step, what, forgotten: false });
            }
        }
    }

    /// A subscription without a reply channel drops what was to be routed.
    fn drop_replies(&mut self, id: SubscriptionId) {
        let dropped: Vec<_> = self.replies.values().filter(|case| case.0 == id).copied().collect();
        self.replies.retain(|_, case| case.0 != id);
        self.done.extend(dropped);
    }

    /// Places of removed subscriptions are forgotten: of all channels at a crash, of one when it is let go of.
    pub(crate) fn forget_removed(&mut self, channel: Option<ChannelId>) {
        for versions in self.versions.values_mut() {
            let of = versions.iter().rev().find_map(|v| v.what.as_ref()).map(|s| s.channel);
            if channel.is_some() && of != channel {
                continue;
            }
            if let Some(last) = versions.last_mut().filter(|v| v.what.is_none()) {
                last.forgotten = true;
            }
        }
    }

    fn case_of_reply(&self, made: &Event) -> Option<Case> {
        self.replies.get(made.get(MADE)?).copied()
    }

    /// What a reply answers that was given no id, and for whom.
    pub(crate) fn asked_of(&self, made: &Event) -> Option<(String, Arc<str>)> {
        made.get(NAMELESS)?;
        let case = self.case_of_reply(made)?;
        let name = &self.terms(case)?.name;
        Some((self.records.get(&case.1)?.event.id().to_owned(), Arc::clone(name)))
    }

    /// What a forwarded event or a reply was made of.
    pub(crate) fn origin_of(&self, made: &Event) -> Option<&Event> {
        let from = self.case_of_reply(made).map(|case| case.1).or_else(|| stamp_of(made))?;
        self.records.get(&from).map(|record| &record.event)
    }

    /// An event is stored: as itself, and as what it means for the one it was made of.
    pub(crate) fn stored(&mut self, time: Time, at: At, event: &Event, made_of: &Event) {
        self.step += 1;
        self.records.insert(at, Record { event: event.clone(), stored: self.step, time, gone: false });
        if let Some(case) = made_of.get(MADE).and_then(|made| self.replies.remove(made)) {
            self.done.insert(case);
            return;
        }
        let Some(from) = stamp_of(made_of) else { return };
        // It is put there for whom it names, whatever was made of it.
        if from.0 == REPLAYS {
            self.done.insert((REPLAY, from));
            return;
        }
        for (&id, versions) in &self.versions {
            let ever = versions.iter().filter_map(|v| v.what.as_ref());
            let mine = ever.filter(|s| s.channel == from.0).any(|s| {
                if self.last.contains(&at.0) {
                    made_of.get("hydrantsubscription") == Some(&*s.name)
                } else {
                    s.to == Destination::Channel(at.0)
                }
            });
            if mine {
                self.done.insert((id, from));
            }
        }
    }

    /// A function or URL did its work. With a reply to route it is done only when that is stored; of a dead letter
    /// it is the last.
    pub(crate) fn succeeded(&mut self, case: Case, reply: Option<Reply>) {
        let last = self.is_last(case.1.0);
        let routes = !last && self.terms(case).is_some_and(|s| s.reply.is_some());
        let event = self.records.get(&case.1).map(|record| &record.event).filter(|_| routes);
        let made = event.zip(reply).and_then(|(event, reply)| reply.to(event, "").ok());
        match made.as_ref().and_then(|made| made.get(MADE)) {
            Some(made) => drop(self.replies.insert(made.into(), case)),
            None => drop(self.done.insert(case)),
        }
    }

    pub(crate) fn gone(&mut self, at: At) {
        self.step += 1;
        if let Some(record) = self.records.get_mut(&at) {
            record.gone = true;
        }
    }

    pub(crate) fn current(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.versions.get(&id)?.last()?.what.as_ref()
    }

    /// The name under which a subscription's progress is stored.
    pub(crate) fn name_of(&self, id: SubscriptionId) -> Option<Arc<str>> {
        let versions = self.versions.get(&id)?;
        versions.iter().rev().find_map(|v| v.what.as_ref()).map(|s| s.name.clone())
    }

    /// Those who subscribe to a channel now.
    pub(crate) fn subscribers(&self, channel: ChannelId) -> Vec<(SubscriptionId, Arc<str>)> {
        let now = self.versions.values().filter_map(|v| v.last()?.what.as_ref());
        now.filter(|s| s.channel == channel).map(|s| (s.id, s.name.clone())).collect()
    }

    /// Whether what fails in a channel has nowhere else to go.
    pub(crate) fn is_last(&self, channel: ChannelId) -> bool {
        self.last.contains(&channel)
    }

    /// The subscription whose settings count: of what is delivered again, whom it names.
    pub(crate) fn terms(&self, case: Case) -> Option<&Subscription> {
        self.current(self.bearer(case)?)
    }

    /// Who bears the name now, or bore it last.
    fn bearer(&self, (id, at): Case) -> Option<SubscriptionId> {
        if id != REPLAY {
            return Some(id);
        }
        let name = self.records.get(&at)?.event.get("hydrantreplay")?;
        self.versions.keys().copied().find(|id| self.name_of(*id).is_some_and(|known| *known == *name))
    }

    /// The name of whose settings count.
    pub(crate) fn bearer_name(&self, case: Case) -> Option<Arc<str>> {
        self.name_of(self.bearer(case)?)
    }

    /// The subscription that bears a name now.
    pub(crate) fn named(&self, name: &str) -> Option<&Subscription> {
        self.versions.keys().filter_map(|id| self.current(*id)).find(|s| *s.name == *name)
    }

    pub(crate) fn identity(&self, at: At) -> Option<Identity> {
        self.records.get(&at).map(|record| Identity::of(&record.event))
    }

    pub(crate) fn stored_at(&self, at: At) -> Option<Time> {
        self.records.get(&at).map(|record| record.time)
    }

    /// Whether a subscription ever gave events up that nobody could take.
    pub(crate) fn may_drop(&self, case: Case) -> bool {
        let versions = self.bearer(case).and_then(|id| self.versions.get(&id));
        let ever = versions.into_iter().flatten().filter_map(|v| v.what.as_ref());
        ever.map(|s| s.delivery.exhausted).any(|exhausted| exhausted == Exhausted::Drop)
    }

    /// It was given up, as it may be.
    pub(crate) fn dropped(&mut self, case: Case) {
        self.done.insert(case);
    }

    /// Whether nothing was wired anew that the attempts of a case depend on.
    pub(crate) fn is_steady(&self, (id, _): Case) -> bool {
        // Any change of the wiring lets a replay look for its bearer again.
        id != REPLAY && self.rewirings(id) == 1
    }

    /// Whether a subscription was ever removed, or is unknown.
    pub(crate) fn was_removed(&self, case: Case) -> bool {
        let versions = self.bearer(case).and_then(|id| self.versions.get(&id));
        versions.is_none_or(|versions| versions.len() > 1)
    }

    /// How often it was wired anew.
    pub(crate) fn rewirings(&self, id: SubscriptionId) -> usize {
        self.versions.get(&id).map_or(0, Vec::len)
    }

    pub(crate) fn is_gone(&self, at: At) -> bool {
        self.records.get(&at).is_none_or(|r| r.gone)
    }

    pub(crate) fn is_done(&self, case: Case) -> bool {
        self.done.contains(&case)
    }

    /// Whether the event is to reach the subscription: stored while it existed, there still, and wanted ever since.
    pub(crate) fn owes(&self, (id, at): Case) -> bool {
        let Some(record) = self.records.get(&at).filter(|r| !r.gone) else { return false };
        if id == REPLAY {
            return at.0 == REPLAYS && self.owes_replay((id, at), record.stored);
        }
        let Some(versions) = self.versions.get(&id) else { return false };
        let Some(first) = versions.iter().rposition(|v| v.since <= record.stored) else { return false };
        versions[first..].iter().enumerate().all(|(i, version)| match &version.what {
            Some(s) => s.channel == at.0 && !is_before(s.start, at) && s.filter.matches(&record.event),
            None => i > 0 && !version.forgotten,
        })
    }

    /// To whom it names, who was there ever since.
    fn owes_replay(&self, case: Case, stored: u64) -> bool {
        let Some(versions) = self.bearer(case).and_then(|id| self.versions.get(&id)) else { return false };
        let Some(first) = versions.iter().rposition(|v| v.since <= stored) else { return false };
        versions[first..].iter().all(|version| version.what.is_some())
    }

    /// An event of the same key, stored before, that the subscription is owed and has not.
    pub(crate) fn owed_before(&self, (id, at): Case) -> Option<At> {
        let order = &self.current(id)?.order;
        let key = order.key_of(&self.records.get(&at)?.event)?;
        let before = self.places(at.0, at.1).take_while(|before| before.2 < at.2);
        let same = |before: &At| order.key_of(&self.records[before].event) == Some(key);
        before.filter(same).find(|before| !self.is_done((id, *before)) && self.owes((id, *before)))
    }

    /// Whether a subscription begins in its own way: as often as nothing is stored for its name.
    pub(crate) fn begins_elsewhere(&self, id: SubscriptionId) -> bool {
        self.current(id).is_some_and(|s| s.start != Start::Tail)
    }

    /// Whether anyone at all subscribed to the record's channel at or after its storing.
    pub(crate) fn anyone_since(&self, at: At) -> bool {
        let Some(record) = self.records.get(&at) else { return true };
        self.versions.values().any(|versions| {
            let first = versions.iter().rposition(|v| v.since <= record.stored).unwrap_or(0);
            versions[first..].iter().any(|v| v.what.as_ref().is_some_and(|s| s.channel == at.0))
        })
    }

    /// Whatever is owed to subscriptions that are wired, and not done.
    pub(crate) fn unpaid(&self) -> Vec<Case> {
        let wired = self.versions.iter().filter(|(_, v)| v.last().is_some_and(|v| v.what.is_some()));
        wired
            .flat_map(|(&id, _)| self.records.keys().map(move |&at| (id, at)))
            .filter(|&case| !self.is_done(case) && self.owes(case))
            .collect()
    }

    pub(crate) fn stored_count(&self) -> u64 {
        self.records.len() as u64
    }

    /// All records of a partition, by place.
    pub(crate) fn places(&self, channel: ChannelId, partition: Partition) -> impl Iterator<Item = At> {
        let (first, end) = ((channel, partition, Offset(0)), (channel, partition, Offset(u64::MAX)));
        self.records.range(first..end).map(|(&at, _)| at)
    }
}
