//! What the oracle demands of traffic that is shared out: each goes to the revision whose lot it drew while that can
//! run, and else to the latest; whoever is called by a tag is who was meant.

use std::collections::{BTreeMap, BTreeSet};

use activator::effect::{Payload, Target};
use activator::id::FunctionId;
use activator::input::Input;
use activator::lifecycle::Availability;
use activator::topology::{Destination, Lot, Traffic};

use super::Oracle;
use crate::truth::Case;

/// Whom a call is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Callee {
    pub(super) function: FunctionId,
    pub(super) tagged: bool,
}

/// As the mind was told.
#[derive(Debug, Default)]
pub(super) struct Shares {
    traffic: BTreeMap<FunctionId, Traffic>,
    /// Those that have something to start.
    present: BTreeSet<FunctionId>,
}

impl Shares {
    pub(super) fn hear(&mut self, input: &Input) {
        match input {
            Input::Wired(topology) => {
                self.traffic = topology.traffic.iter().map(|t| (t.function, t.clone())).collect();
            }
            Input::Revised { function, now: Availability::Present(_) } => {
                self.present.insert(*function);
            }
            Input::Revised { function, .. } => drop(self.present.remove(function)),
            _ => {}
        }
    }

    /// Whoever may take a call.
    pub(super) fn of(&self, callee: Callee) -> Vec<FunctionId> {
        let shared = self.traffic.get(&callee.function).filter(|_| !callee.tagged);
        let shares = shared.into_iter().flat_map(|t| &t.shares).map(|share| share.to);
        shares.filter(|to| self.present.contains(to)).chain([callee.function]).collect()
    }

    /// Who is to take what drew this lot.
    fn drawn(&self, function: FunctionId, lot: Lot) -> FunctionId {
        let drawn = self.traffic.get(&function).map_or(function, |traffic| traffic.drawn(lot));
        if self.present.contains(&drawn) { drawn } else { function }
    }
}

impl Oracle {
    pub(super) fn goes_to_whom_it_belongs(&mut self, to: Target, what: &Payload, case: Option<Case>) {
        let Target::Instance(instance) = to else { return };
        let (mine, whose) = match what {
            Payload::Call(call) => {
                let Some(callee) = self.callees.get(call) else { return };
                let those = self.shares.of(*callee);
                (those.contains(&instance.function), those)
            }
            Payload::Event(event, _) => {
                let subscription = case.and_then(|case| self.truth.terms(case));
                let Some(Destination::Function(function)) = subscription.map(|s| s.to) else { return };
                let whose = self.shares.drawn(function, Lot::of_event(event));
                (whose == instance.function, vec![whose])
            }
        };
        self.expect(mine, || format!("{what:?} belongs to {whose:?}, and goes to {instance:?}"));
    }
}
