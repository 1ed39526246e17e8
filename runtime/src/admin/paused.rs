//! Which functions get nothing, or not all, because what delivers to them is paused.

use std::collections::BTreeSet;
use std::sync::Arc;

use activator::id::FunctionId;
use activator::topology::Destination;
use hashbrown::HashMap;

use super::functions::FunctionView;
use crate::config::resolved::Resolved;
use crate::config::short_name;

/// By function, those that are paused of those that deliver to it.
pub(super) struct Paused(HashMap<FunctionId, OfOne>);

#[derive(Default)]
struct OfOne {
    names: Vec<String>,
    /// Some that are not.
    others: usize,
}

impl Paused {
    pub(super) fn of(config: &Resolved, paused: &BTreeSet<Arc<str>>) -> Self {
        let mut functions: HashMap<FunctionId, OfOne> = HashMap::new();
        // Mostly there is nothing to look for.
        let all = config.topology.subscriptions.iter().filter(|_| !paused.is_empty());
        for subscription in all {
            let Destination::Function(function) = subscription.to else { continue };
            let of_one = functions.entry(function).or_default();
            match paused.contains(&subscription.name) {
                true => of_one.names.push(short_name(&subscription.name).into()),
                false => of_one.others += 1,
            }
        }
        Self(functions)
    }

    /// The function with what is paused of it.
    pub(super) fn shown(&self, id: FunctionId, mut view: FunctionView) -> FunctionView {
        let Some(OfOne { names, others }) = self.0.get(&id).filter(|one| !one.names.is_empty()) else {
            return view;
        };
        view.paused.clone_from(names);
        if *others == 0 && view.state == "zero" {
            view.state = "paused".into();
        }
        view
    }
}
