//! Triggers nobody writes: a function says itself what it wants, by `on`; or nobody says, and its name does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use activator::delivery::Policy;
use activator::filter::Filter;
use activator::topology::{Destination, Order, Start, Subscription};

use crate::config::codes::Code;
use crate::config::diagnostic::Diagnostic;
use crate::config::ids::Ids;
use crate::config::raw;
use crate::config::resolved::ChannelKind;
use crate::config::source::Place;

use super::channels::DEFAULT_BROKER;
use super::functions::Function;
use super::policy::policy;
use super::reference::References;

/// The triggers of functions that have `on`, or that nothing in `written` delivers to.
pub(super) fn triggers(
    file: &raw::File,
    references: References<'_>,
    written: &[Arc<Subscription>],
    ids: &mut Ids,
) -> Vec<Arc<Subscription>> {
    let pointed: BTreeSet<Destination> = written.iter().map(|s| s.to).collect();
    let names = file.triggers.iter().map(|(name, _)| (&*name.value, &name.place));
    let taken: BTreeMap<&str, &Place> = names.collect();
    let mut triggers = Vec::new();
    for (name, function) in references.functions.iter() {
        let is_pointed = pointed.contains(&Destination::Function(function.id));
        let filter = match &function.on {
            Some(on) => on.clone(),
            None if is_pointed => continue,
            // Zero configuration.
            None => Filter::Called(name.into()),
        };
        match taken.get(name) {
            None => triggers.push(Arc::new(trigger(name, function, filter, references, ids))),
            // Only the memory of a file that is gone bears the name: it is free again.
            Some(_) if function.is_absent() && !is_declared(file, name) => {}
            Some(place) => references.problems.report(clash(name, function, place)),
        }
    }
    triggers
}

fn trigger(
    name: &str,
    function: &Function,
    filter: Filter,
    references: References<'_>,
    ids: &mut Ids,
) -> Subscription {
    let broker = references
        .channels
        .known(ChannelKind::Broker, DEFAULT_BROKER)
        .expect("the default broker is added when nobody declares it");
    let (id, subscription) = ids.subscription(&format!("trigger/{name}"));
    let called = format!("function `{name}`");
    Subscription {
        id,
        name: subscription,
        channel: broker.id,
        filter: filter.into(),
        to: Destination::Function(function.id),
        to_name: format!("fn/{name}").into(),
        reply: Some(broker.id),
        delivery: policy(&called, broker.delivery.as_ref(), Some(function), Policy::default(), references),
        order: Order::None,
        start: Start::Tail,
    }
}

fn is_declared(file: &raw::File, name: &str) -> bool {
    file.functions.iter().any(|(declared, _)| declared.value == name)
}

fn clash(name: &str, function: &Function, place: &Place) -> Diagnostic {
    let (why, help) = match &function.on {
        Some(_) => ("has `on`", "rename this trigger, or remove the function's `on`"),
        None => ("is pointed to by nobody", "rename this trigger, or point one to the function"),
    };
    Diagnostic::new(Code::TriggerClash, format!("function `{name}` {why}, so its trigger is `{name}` too"))
        .at(place, "the same name")
        .help(help)
}
