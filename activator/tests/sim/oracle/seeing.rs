//! What the oracle demands of every effect.

use std::time::Duration;

use activator::Time;
use activator::delivery::Exhausted;
use activator::effect::{Effect, Payload, Refusal, Target};
use activator::id::{CallId, DeliveryId, FunctionId, InstanceId};
use activator::lifecycle::Settings;
use activator::scale::{Idle, Policy, Scaling};

use super::{Call, Known, Oracle, UnderWay};
use crate::truth::Case;

/// Timeouts in a row after which a process is hung.
const HUNG: u32 = 3;

impl Oracle {
    /// Sees what the mind asks for. `settings` are those of the revision it spawns; `case` is what it delivers.
    pub(crate) fn sees(
        &mut self,
        now: Time,
        effect: &Effect,
        settings: Option<Settings>,
        case: Option<Case>,
    ) {
        if !matches!(effect, Effect::Report(_)) {
            self.pace(now);
        }
        match effect {
            Effect::Deliver { delivery, to, what, timeout, .. } => {
                self.expect(!timeout.is_zero(), || format!("{delivery:?} has no time at all"));
                self.delivers(now, *delivery, *to, what, case);
            }
            Effect::Spawn { instance, .. } => self.spawns(now, *instance, settings),
            Effect::Pause { instance } => self.pauses(*instance),
            Effect::Resume { instance } => self.resumes(*instance),
            Effect::Attach { attach, instance, .. } => self.attaches(now, *attach, *instance, settings),
            Effect::Decline { attach, why } => self.declines(*attach, why),
            Effect::Terminate { instance, .. } => {
                self.ends(now, *instance);
                if let Some(known) = self.instances.get_mut(instance) {
                    known.told_to_end = true;
                    let waited = now.since(known.started);
                    known.overdue = !known.settings.single_use && waited >= known.settings.start_timeout;
                }
            }
            Effect::Append { append, channel, event, .. } => {
                if !self.truth.is_last(*channel) {
                    self.passes_on(event);
                    self.is_named(event);
                }
                self.appends.insert(*append);
                let under_way = self.appends.len();
                let most = self.limits.appends_max;
                self.expect(under_way <= most, || format!("{under_way} appends under way, {most} allowed"));
            }
            Effect::Remember { name, identity } => self.remembers(now, name, *identity),
            Effect::Commit { channel, progress } => {
                let first = self.commits.insert(*channel);
                self.expect(first, || format!("two commits of channel {channel} at once"));
                self.expect(!progress.is_empty(), || format!("a commit of nothing in channel {channel}"));
                let open = self.open.contains(channel);
                self.expect(open, || format!("a commit of channel {channel}, which is not open"));
                for (partition, _) in progress {
                    let ours = self.owned.contains_key(&(*channel, *partition));
                    self.expect(ours, || format!("a commit of {channel}/{partition}, which is not ours"));
                }
            }
            Effect::Read { channel, partition, .. } => {
                let ours = self.has(*channel, *partition);
                self.expect(ours, || format!("a read of {channel}/{partition}, which is not ours"));
                let open = self.open.contains(channel);
                self.expect(open, || format!("a read of channel {channel}, which is not open"));
            }
            Effect::Close { channel } => {
                let pending = self.commits.contains(channel);
                self.expect(!pending, || {
                    format!("channel {channel} is let go of while a commit is under way")
                });
                self.open.remove(channel);
                self.truth.forget_removed(Some(*channel));
            }
            Effect::Refuse { call, why } => {
                let fair = *why != Refusal::Full || self.has_no_room_for(*call);
                self.expect(fair, || format!("call {call} is refused, and there is room for it"));
                let was = self.calls.insert(*call, Call::Over);
                self.expect(was == Some(Call::Waiting), || format!("call {call} is refused, it was {was:?}"));
            }
            Effect::Report(report) => self.reports(now, report),
            Effect::Open { .. } | Effect::Locate { .. } | Effect::Release { .. } => {}
        }
    }

    /// A working process is ended when it was idle for as long as its settings say, when a newer one works, when
    /// it failed, or when people want it so; never for something that does not work.
    fn ends(&mut self, now: Time, id: InstanceId) {
        let Some(known) = self.instances.get(&id).filter(|known| known.ready && !known.told_to_end) else {
            return;
        };
        // Whose newest content follows averages ends by them whatever is left of an older one, too.
        let newest = self.wished.get(&id.function).map(|settings| least(&settings.scaling));
        let least =
            least(&known.settings.scaling).min(newest.filter(Duration::is_zero).unwrap_or(Duration::MAX));
        let idle = known.idle_since.is_some_and(|since| now.since(since) >= least);
        let replaced = self.proven.get(&id.function).is_some_and(|proven| *proven > known.settings.revision);
        let spared = idle && self.leaves_enough(id, known);
        let fair = spared || known.unwanted || replaced;
        self.expect(fair, || format!("{id:?} works and is ended for nothing"));
    }

    /// Whether a call may be refused: of a revision that may take it no process has room, and it is not to wait; or as
    /// many wait as may.
    fn has_no_room_for(&self, call: CallId) -> bool {
        let Some(callee) = self.callees.get(&call) else { return false };
        self.shares.of(*callee).into_iter().any(|function| self.has_no_room(function))
    }

    fn has_no_room(&self, function: FunctionId) -> bool {
        let Some(settings) = self.wished.get(&function) else { return false };
        let waits = |(other, state): &(&CallId, &Call)| {
            let callee = self.callees.get(other).copied();
            **state == Call::Waiting
                && callee.is_some_and(|callee| self.shares.of(callee).contains(&function))
        };
        let crowded = self.calls.iter().filter(waits).count() > settings.overflow.waiting_max as usize;
        if let Some(theirs) = self.attached(function).and_then(|id| self.instances.get(&id)) {
            return crowded || settings.overflow.refuse && theirs.in_flight >= theirs.settings.concurrency;
        }
        let current = |(id, known): &(&InstanceId, &Known)| {
            id.function == function && known.settings.revision == settings.revision && !known.told_to_end
        };
        let running: Vec<_> = self.instances.iter().filter(current).map(|(_, known)| known).collect();
        let full = running.iter().filter(|known| known.in_flight >= settings.concurrency).count();
        crowded || settings.overflow.refuse && full >= settings.scaling.max as usize
    }

    /// Whether as many stay warm as the user wants, when this one ends.
    fn leaves_enough(&self, id: InstanceId, ending: &Known) -> bool {
        let min = match self.wished.get(&id.function) {
            Some(settings) => settings.scaling.min,
            None => ending.settings.scaling.min,
        };
        let stays = |(other, known): &(&InstanceId, &Known)| {
            **other != id
                && other.function == id.function
                && known.settings.revision == ending.settings.revision
                && known.ready
                && !known.told_to_end
        };
        self.instances.iter().filter(stays).count() >= min as usize
    }

    fn spawns(&mut self, now: Time, instance: InstanceId, settings: Option<Settings>) {
        let Some(settings) = settings else {
            return self.expect(false, || format!("{instance:?} is started of a revision nobody gave"));
        };
        let theirs = self.attached(instance.function);
        self.expect(theirs.is_none(), || format!("{instance:?} is started beside {theirs:?}"));
        let first = self.instances.insert(instance, Known::new(settings, now)).is_none();
        self.expect(first, || format!("{instance:?} is started twice"));
        let early = self.not_before.get(&instance.function).is_some_and(|not_before| now < *not_before);
        self.expect(!early, || format!("{instance:?} is started before the wait of its crash loop is over"));
        let same = |(id, known): &(&InstanceId, &Known)| {
            id.function == instance.function && known.settings.revision == settings.revision
        };
        let spent = |known: &Known| known.settings.single_use && known.took_any && known.in_flight == 0;
        let running = self.instances.iter().filter(same).filter(|(_, k)| !k.told_to_end && !spent(k)).count();
        let most = settings.scaling.max as usize;
        self.expect(running <= most, || format!("{running} instances of {instance:?}, {most} allowed"));
    }

    /// One a function, which works, has nothing to do, and may stand by.
    fn pauses(&mut self, id: InstanceId) {
        let others = self.instances.iter().filter(|(other, known)| {
            other.function == id.function && **other != id && known.paused && !known.told_to_end
        });
        let others: Vec<_> = others.map(|(other, known)| (*other, known.settings.revision)).collect();
        let Some(known) = self.instances.get_mut(&id) else {
            return self.expect(false, || format!("{id:?} is paused, which has ended"));
        };
        let fair = known.ready && known.in_flight == 0 && !known.told_to_end && !known.paused;
        let wanted = known.settings.scaling.standby && !known.settings.single_use;
        known.paused = true;
        let newest = others.iter().all(|(_, revision)| *revision < known.settings.revision);
        self.expect(fair && wanted, || format!("{id:?} is paused, and works, or is not to be"));
        self.expect(newest, || format!("{id:?} is paused beside {others:?}"));
    }

    fn resumes(&mut self, id: InstanceId) {
        let was = self.instances.get_mut(&id).map(|known| std::mem::replace(&mut known.paused, false));
        self.expect(was == Some(true), || format!("{id:?} is let go on, and was not paused"));
    }

    fn delivers(&mut self, now: Time, id: DeliveryId, to: Target, what: &Payload, case: Option<Case>) {
        if let Some(case) = case {
            self.delivers_case(id, case);
            self.delivers_in_time(now, case);
        }
        self.goes_to_whom_it_belongs(to, what, case);
        match to {
            Target::Instance(instance) => self.hands_to(instance),
            Target::Sink(sink) => {
                let under_way = self.sinks.entry(sink).or_default();
                *under_way += 1;
                let (under_way, most) = (*under_way, self.limits.sink_concurrency);
                self.expect(under_way <= most, || format!("{under_way} deliveries to a URL, {most} allowed"));
            }
        }
        let mut entry = UnderWay { to, case: None, call: None, detached: false };
        match what {
            Payload::Call(call) => {
                entry.call = Some(*call);
                let was = self.calls.insert(*call, Call::UnderWay);
                self.expect(was == Some(Call::Waiting), || {
                    format!("call {call} is delivered, it was {was:?}")
                });
            }
            Payload::Event(event, _) => {
                self.expect(case.is_some(), || format!("{event:?} is delivered and was never stored"));
                entry.case = case;
            }
        }
        let fresh = self.under_way.insert(id, entry).is_none();
        self.expect(fresh, || format!("{id:?} is used while it is under way"));
    }

    fn delivers_case(&mut self, id: DeliveryId, case: Case) {
        self.requeued.remove(&case);
        let other = self.cases.insert(case, id);
        self.expect(other.is_none(), || format!("{case:?} is under way twice at once"));
        let ours = self.has(case.1.0, case.1.1);
        self.expect(ours, || format!("{case:?} is delivered, and its partition is not ours"));
        let before = self.truth.owed_before(case);
        self.expect(before.is_none(), || format!("{case:?} is delivered, and {before:?} is before it"));
        let done = self.told.contains(&case);
        self.expect(!done, || format!("{case:?} is delivered again though that is known or stored"));
        if self.truth.terms(case).is_none() {
            return self.expect(false, || format!("{case:?} is delivered for a removed subscription"));
        }
        self.tries(case);
        let is_paused = self.truth.terms(case).is_some_and(|s| self.paused.contains(&s.name));
        self.expect(!is_paused, || format!("{case:?} is delivered, and its subscription is paused"));
        let Some(subscription) = self.truth.terms(case) else { return };
        let attempts = self.attempts.get(&case).copied().unwrap_or(0);
        let most = subscription.delivery.retry;
        let endless = self.truth.is_last(case.1.0) || subscription.delivery.exhausted == Exhausted::Block;
        let steady = self.truth.is_steady(case) && !endless;
        self.expect(!steady || attempts <= most, || {
            format!("{case:?}: attempt {} of {most} + 1", attempts + 1)
        });
    }

    fn hands_to(&mut self, id: InstanceId) {
        let Some(known) = self.instances.get_mut(&id) else {
            return self.expect(false, || format!("a delivery to {id:?}, which has ended"));
        };
        known.in_flight += 1;
        let theirs = self.attached(id.function).filter(|theirs| *theirs != id);
        self.expect(theirs.is_none(), || format!("a delivery to {id:?}, and {theirs:?} has its place"));
        let Some(known) = self.instances.get_mut(&id) else { return };
        let again = known.took_any && known.settings.single_use;
        known.took_any = true;
        let (hung, paused) = (known.timeouts >= HUNG, known.paused);
        let (told, in_flight, most) = (known.told_to_end, known.in_flight, known.settings.concurrency);
        self.expect(!hung, || format!("a delivery to {id:?}, which let {HUNG} in a row time out"));
        self.expect(!paused, || format!("a delivery to {id:?}, which is paused"));
        self.expect(!told, || format!("a delivery to {id:?}, which was told to end"));
        self.expect(!again, || format!("a second delivery to {id:?}, a process for one"));
        self.expect(in_flight <= most, || format!("{in_flight} deliveries to {id:?}, {most} allowed"));
    }
}

/// The least time that a process without work is kept.
const fn least(scaling: &Scaling) -> Duration {
    match (scaling.policy, scaling.idle) {
        // That one of several is too many is a matter of averages.
        (Policy::Kpa(_), _) => Duration::ZERO,
        (Policy::Demand, Idle::After(idle)) => idle,
        (Policy::Demand, Idle::Auto { floor, .. }) => floor,
    }
}
