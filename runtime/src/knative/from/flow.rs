//! Sequences and parallels.

use serde_json::{Map, Value, json};

use super::destination::is_silent;
use super::text::Section;
use super::{Import, Resource};
use crate::knative::fields::Fields;
use crate::knative::tree::Node;

/// What the branches of a parallel have alike.
struct Branches<'a> {
    parallel: &'a Resource,
    /// Where answers go, unless a branch says that itself.
    reply: Option<String>,
    /// What channels are made of.
    class: Section,
}

impl Import {
    pub(super) fn sequence(&mut self, mut sequence: Resource) {
        let header = format!("sequence.{}", sequence.name);
        let mut section = Section::new(&*header);
        let mut steps = Vec::new();
        for (node, number) in sequence.spec.list("steps").into_iter().zip(1..) {
            let step = Fields::of(sequence.spec.file(), format!("steps.{number}"), node);
            steps.push(self.step(step, &format!("{header}.steps.{number}")));
        }
        let reply = self.reply(&mut sequence.spec, &header).filter(|_| answers(steps.last()));
        section.set("steps", steps);
        section.set("reply", reply);
        self.template(&mut sequence.spec, &mut section);
        self.add(&sequence, section);
        self.rest(sequence);
    }

    /// A destination, with what may stand beside it.
    fn step(&mut self, mut step: Fields, header: &str) -> Value {
        let to = self.leads(&mut step, &format!("[{header}] to"));
        let delivery = self.delivery(&mut step, header);
        step.rest(&mut self.notes, super::NO_PLACE);
        as_step(to, delivery)
    }

    pub(super) fn parallel(&mut self, mut parallel: Resource) {
        let header = format!("parallel.{}", parallel.name);
        let mut section = Section::new(&*header);
        let reply = self.reply(&mut parallel.spec, &header);
        let mut class = Section::new("");
        self.template(&mut parallel.spec, &mut class);
        let nodes = parallel.spec.list("branches");
        let branches = Branches { parallel: &parallel, reply, class };
        let each: Vec<Value> =
            nodes.into_iter().zip(1..).map(|(node, number)| self.branch(node, number, &branches)).collect();
        section.set("branches", each);
        section.set("reply", branches.reply.clone());
        section.set_as(&branches.class);
        self.add(&parallel, section);
        self.rest(parallel);
    }

    /// A filter there is somebody who is asked, and what he answers goes on: that is a sequence of two steps.
    fn branch(&mut self, node: Node, number: usize, all: &Branches<'_>) -> Value {
        let Branches { parallel, .. } = all;
        let mut branch = Fields::of(parallel.spec.file(), format!("branches.{number}"), node);
        let Some(filter) = branch.inside("filter") else {
            let header = format!("parallel.{}.branches.{number}", parallel.name);
            let to = self.destination(&mut branch, "subscriber", &format!("[{header}] to"));
            let delivery = self.delivery(&mut branch, &header);
            let reply = self.reply(&mut branch, &header);
            branch.rest(&mut self.notes, super::NO_PLACE);
            let reply = reply.filter(|_| to.as_deref().is_none_or(|to| !is_silent(to)));
            return table([("to", json!(to)), ("delivery", delivery), ("reply", json!(reply))]);
        };
        let name = self.name(&branch, branch.line, &format!("{}-{number}", parallel.name));
        let header = format!("sequence.{name}");
        let asked = self.step(filter, &format!("{header}.steps.1"));
        let then = format!("{header}.steps.2");
        let to = self.destination(&mut branch, "subscriber", &format!("[{then}] to"));
        let then = as_step(to, self.delivery(&mut branch, &then));
        let reply = self.reply(&mut branch, &header).or_else(|| all.reply.clone());
        let mut section = Section::new(&*header);
        let reply = reply.filter(|_| answers(Some(&then)));
        section.set("steps", vec![asked, then]);
        section.set("reply", reply);
        section.set_as(&all.class);
        let called = format!("branch {number} of Parallel `{}` as [{header}]", parallel.name);
        self.put(parallel, &called, section);
        branch.rest(&mut self.notes, super::NO_PLACE);
        table([("to", format!("sequence/{name}").into())])
    }
}

/// A text is where to, and nothing more.
fn as_step(to: Option<String>, delivery: Value) -> Value {
    match to {
        Some(to) if delivery.is_null() => to.into(),
        to => table([("to", json!(to)), ("delivery", delivery)]),
    }
}

/// Whether something can come back from a step.
fn answers(step: Option<&Value>) -> bool {
    let to = step.and_then(|step| step.as_str().or_else(|| step["to"].as_str()));
    to.is_none_or(|to| !is_silent(to))
}

/// What is said.
fn table<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let said = entries.into_iter().filter(|(_, value)| !value.is_null());
    said.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
}
