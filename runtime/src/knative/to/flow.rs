//! Sequences and parallels. A `delivery` for all of it is one for each part there.

use serde_json::{Map, Value, json};

use super::Export;
use crate::knative::fields::Fields;
use crate::knative::tree::{Kind, Node};

const FLOWS: &str = "flows.knative.dev/v1";

impl Export<'_> {
    pub(super) fn sequence(&mut self, name: &str, mut sequence: Fields) {
        let for_all = self.delivery(&mut sequence, "PT0.2S");
        let mut steps = Vec::new();
        for (node, number) in sequence.list("steps").into_iter().zip(1..) {
            let path = format!("sequence.{name}.steps.{number}");
            steps.push(self.step(node, path, for_all.as_ref()));
        }
        self.flow("Sequence", name, sequence, json!({ "steps": steps }));
    }

    fn step(&mut self, node: Node, path: String, for_all: Option<&Value>) -> Value {
        let node = match node.kind {
            Kind::Scalar(_) => Node { line: node.line, kind: Kind::Map(vec![("to".to_owned(), node)]) },
            _ => node,
        };
        let mut step = Fields::of(&self.file, path, node);
        let mut spec = self.destination(&step.text("to").unwrap_or_default());
        self.part(step, &mut spec, for_all);
        spec
    }

    pub(super) fn parallel(&mut self, name: &str, mut parallel: Fields) {
        let for_all = self.delivery(&mut parallel, "PT0.2S");
        let mut branches = Vec::new();
        for (node, number) in parallel.list("branches").into_iter().zip(1..) {
            let mut branch = Fields::of(&self.file, format!("parallel.{name}.branches.{number}"), node);
            let mut spec = json!({ "subscriber": self.destination(&branch.text("to").unwrap_or_default()) });
            if let Some(reply) = branch.text("reply") {
                spec["reply"] = self.destination(&reply);
            }
            // A filter is left: there it is somebody who is asked.
            self.part(branch, &mut spec, for_all.as_ref());
            branches.push(spec);
        }
        self.flow("Parallel", name, parallel, json!({ "branches": branches }));
    }

    /// What a step and a branch have alike.
    fn part(&mut self, mut part: Fields, spec: &mut Value, for_all: Option<&Value>) {
        if let Some(delivery) = self.delivery(&mut part, "PT0.2S").or_else(|| for_all.cloned()) {
            spec["delivery"] = delivery;
        }
        part.rest(&mut self.left_out, "");
    }

    /// What both have alike.
    fn flow(&mut self, kind: &str, name: &str, mut flow: Fields, mut spec: Value) {
        if let Some(reply) = flow.text("reply") {
            spec["reply"] = self.destination(&reply);
        }
        self.template(&mut flow, &mut spec);
        self.plain_order(&mut flow);
        self.add((FLOWS, kind), name, Map::new(), spec);
        flow.rest(&mut self.left_out, "");
    }
}
