//! Which of a function's revisions takes what. Whatever waits is always in the queue of the one that is to take it.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::ToString,
    vec::Vec,
};

use super::Activator;
use super::delivery::Stage;
use crate::effect::{FunctionNews, Report};
use crate::id::FunctionId;
use crate::topology::{Destination, Lot, Traffic};

impl Activator {
    /// The next call's lot, where there is anything to draw. It keeps it, also if the shares change while it waits.
    pub(super) fn draw(&mut self, function: FunctionId) -> Option<Lot> {
        let function = self.functions.get_mut(&function)?;
        let number = function.drawn;
        function.drawn = number.wrapping_add(1);
        Some(Lot::of_call(number))
    }

    /// Whose processes take what is meant for a function and drew this lot: the latest revision's where nothing was
    /// drawn, and where who was drawn has nothing to start.
    pub(super) fn revision_of(&self, function: FunctionId, lot: Option<Lot>) -> FunctionId {
        let traffic = self.traffic.get(&function);
        let drawn = traffic.zip(lot).map_or(function, |(traffic, lot)| traffic.drawn(lot));
        if self.can_run(drawn) { drawn } else { function }
    }

    fn can_run(&self, revision: FunctionId) -> bool {
        self.functions.get(&revision).is_some_and(|f| f.machine.is_present())
    }

    /// The shares are others: what waits goes where it belongs by now, and what failed where it went before at once.
    pub(super) fn share_out(&mut self, traffic: Vec<Traffic>) {
        let new: BTreeMap<_, _> = traffic.into_iter().map(|t| (t.function, t)).collect();
        let failed = if new == self.traffic { Vec::new() } else { self.failed_at_functions() };
        let old = core::mem::take(&mut self.traffic);
        let unlike = |a: &BTreeMap<FunctionId, Traffic>, b: &BTreeMap<FunctionId, Traffic>| {
            let changed = a.values().filter(|t| b.get(&t.function) != Some(*t));
            changed.flat_map(members).collect::<Vec<_>>()
        };
        let changed = unlike(&new, &old);
        let moved: BTreeSet<_> = changed.iter().copied().chain(unlike(&old, &new)).collect();
        self.traffic = new;
        for revision in &changed {
            self.tell_passed_over(*revision);
        }
        moved.into_iter().for_each(|revision| self.sort_again(revision));
        for (id, before) in failed {
            if self.destination(id) != Some(Destination::Function(before)) {
                self.try_at_once(id);
            }
        }
    }

    /// A revision can run now, or cannot any more: its share goes to it, or to the latest.
    pub(super) fn route_around(&mut self, revision: FunctionId) {
        let shared = self.traffic.values().filter(|t| members(t).any(|member| member == revision));
        let moved: BTreeSet<_> = shared.flat_map(members).collect();
        self.tell_passed_over(revision);
        moved.into_iter().for_each(|revision| self.sort_again(revision));
    }

    /// Says of a revision that is to have traffic why it has none. Of one nobody told us of yet there is nothing to say.
    fn tell_passed_over(&mut self, revision: FunctionId) {
        let is_share = |t: &Traffic| t.function != revision && members(t).any(|member| member == revision);
        let Some(function) = self.functions.get(&revision).filter(|f| !f.machine.is_present()) else {
            return;
        };
        if let Some(reason) = function.machine.trouble().filter(|_| self.traffic.values().any(is_share)) {
            let news = FunctionNews::PassedOver { reason: reason.to_string() };
            self.report(Report::Function { function: revision, news });
        }
    }

    /// Each that waits in a revision's queue is put into the one it belongs to, which may be the same.
    fn sort_again(&mut self, revision: FunctionId) {
        let Some(function) = self.functions.get_mut(&revision) else { return };
        let queue = core::mem::take(&mut function.queue);
        function.calls = 0;
        for delivery in queue {
            if self.deliveries.get(delivery).is_some_and(|d| d.stage == Stage::Queued) {
                self.enqueue(delivery);
            }
        }
    }
}

/// Whoever has a share, and the function itself.
fn members(traffic: &Traffic) -> impl Iterator<Item = FunctionId> + '_ {
    traffic.shares.iter().map(|share| share.to).chain([traffic.function])
}
