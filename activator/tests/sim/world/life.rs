//! The lives of the runtime in one world: how each begins and ends.

use std::sync::Arc;
use std::time::Duration;

use activator::Activator;
use activator::effect::Effect;
use activator::event::Identity;
use activator::input::Input;

use super::{Happening, World, progress_of};
use crate::bugs::{self, Bug};
use crate::clock::{Micros, micros};

impl World {
    /// A runtime starts: it tells its new mind the wiring and the folder, in whatever order it finds them.
    pub(super) fn boot(&mut self) {
        let mut news = vec![Input::Wired(self.wired.clone())];
        news.extend(self.folder.iter().map(|(&function, now)| Input::Revised { function, now: now.clone() }));
        if self.speed.chance(300) {
            news.reverse();
        }
        for (input, wait) in self.recalled().into_iter().chain(news).zip(1..) {
            self.clock.after(wait * 10, Happening::News(input));
        }
    }

    /// What is remembered of earlier lives, which comes before all else.
    fn recalled(&self) -> Vec<Input> {
        let now = self.clock.micros();
        let left = |(identity, until): &(Identity, Micros)| {
            Some((*identity, Duration::from_micros(until.checked_sub(now).filter(|left| *left > 0)?)))
        };
        let told = self.remembered.iter().map(|(name, seen)| Input::Remembered {
            name: Arc::clone(name),
            seen: seen.iter().filter_map(left).collect(),
        });
        let paused = self.paused.iter().map(|name| Input::Pause { name: Arc::clone(name) });
        told.chain(paused).collect()
    }

    /// The mind wants to know of it in its next life.
    pub(super) fn remember(&mut self, name: Arc<str>, identity: Identity) {
        let time = self.oracle.truth.named(&name).and_then(|s| s.delivery.deduplicate).map(|how| how.time);
        let until = self.clock.micros() + time.map_or(0, micros);
        self.remembered.entry(name).or_default().push((identity, until));
    }

    /// What was not written yet is not known in the next life.
    fn lose_remembered(&mut self) {
        if self.faults.chance(300) {
            self.coverage.count("fault remembered lost");
            self.remembered.values_mut().for_each(|seen| seen.truncate(seen.len().saturating_sub(1)));
        }
    }

    /// The runtime is gone; what it had sent may still arrive. What is stored stays, the rest is forgotten.
    pub(crate) fn crash(&mut self) {
        self.note(|_| "CRASH".into());
        self.coverage.count("fault crash");
        let lives_on = |h: &Happening| {
            matches!(
                h,
                Happening::Produce | Happening::Visit | Happening::Call | Happening::Calm | Happening::Check
            )
        };
        for happening in self.clock.take_out(|h| !lives_on(h)) {
            if let Happening::Storage(effect @ (Effect::Append { .. } | Effect::Commit { .. })) = happening
                && self.faults.chance(500)
            {
                self.coverage.count("fault stored by the dying");
                self.reach_storage(effect, false);
            }
        }
        if self.bug == Some(Bug::RequeueLost) {
            self.forget_requeued();
        }
        self.lose_power();
        self.lose_remembered();
        self.end_life();
    }

    fn end_life(&mut self) {
        self.take_over_marks();
        let logs = &self.logs;
        self.oracle.crashed(|at| progress_of(logs, at));
        for log in self.logs.values_mut() {
            log.close();
        }
        self.processes.clear();
        self.ended.clear();
        self.held.clear();
        self.calls.clear();
        self.draining_since = None;
        self.memory = bugs::Memory::default();
        self.mind = Activator::new(self.limits.clone());
        self.lives += 1;
        self.boot();
    }

    fn forget_requeued(&mut self) {
        for &(id, at) in self.oracle.requeued() {
            let Some(name) = self.oracle.truth.name_of(id) else { continue };
            let Some(log) = self.logs.get_mut(&at.0) else { continue };
            let progress = log.shelf(at.1).stored.as_mut();
            progress.into_iter().for_each(|progress| bugs::forget(progress, &name, at));
        }
    }

    /// The mind says that the drain is over.
    pub(super) fn stopped(&mut self) {
        self.note(|_| "STOPPED".into());
        let (instances, calls) = (self.oracle.instances(), self.oracle.open_calls());
        let within =
            self.draining_since.is_some_and(|since| self.clock.micros() < since + micros(self.limits.drain));
        self.oracle.expect(instances == 0, || format!("stopped with {instances} processes"));
        if within {
            self.oracle.expect(calls == 0, || format!("stopped with {calls} calls open"));
            let logs = &self.logs;
            let unstored = self.oracle.unstored(|at| progress_of(logs, at));
            self.oracle
                .expect(unstored.is_none(), || format!("stopped in order, and {unstored:?} is not stored"));
        } else {
            self.coverage.count("fault drain cut");
        }
        self.clock.take_out(|h| {
            !matches!(
                h,
                Happening::Produce | Happening::Visit | Happening::Call | Happening::Calm | Happening::Check
            )
        });
        self.end_life();
    }
}
