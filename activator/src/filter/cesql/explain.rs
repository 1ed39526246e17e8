//! Which part of an expression decided, and what each part gave.

use alloc::{format, string::String, vec::Vec};

use super::ast::{Kind, Logic, NodeId};
use super::eval::Eval;
use super::failure::{Counted, Failure};
use super::span::Span;
use super::{Evaluation, Expression};
use crate::event::{Event, Name};
use crate::filter::Truth;

/// The part of an expression that decided over an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decider {
    /// Where it stands.
    pub span: Span,
    /// The attributes in it, with what the event has of them.
    pub attributes: Vec<(Name, Option<String>)>,
    /// Why it gave nothing that could count.
    pub failure: Option<String>,
}

/// What one part of an expression gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it stands.
    pub span: Span,
    /// How many parts it is inside of.
    pub level: usize,
    /// What it gave.
    pub evaluation: Evaluation,
}

impl Expression {
    /// What decided: of an AND the first operand that is false, of an OR the first that is true, else the whole; of
    /// an error, where it arose.
    pub fn decider(&self, event: &Event) -> Decider {
        let root = self.0.root;
        match self.truth(event) {
            Truth::Failed => self.failed(event),
            truth => self.decides(root, truth, event),
        }
    }

    fn failed(&self, event: &Event) -> Decider {
        let Evaluation { value, failures } = self.evaluate(event);
        let Some(Failure { message, span, .. }) = failures.into_iter().next() else {
            let failure =
                format!("it gives the {} `{value}`, and only the boolean true passes", value.kind());
            return Decider { failure: Some(failure), ..self.decides(self.0.root, Truth::Failed, event) };
        };
        let node = self.0.tree.ids().find(|id| self.0.tree.node(*id).span == span).unwrap_or(self.0.root);
        Decider { span, attributes: self.attributes(node, event), failure: Some(message) }
    }

    fn decides(&self, id: NodeId, truth: Truth, event: &Event) -> Decider {
        let tree = &self.0.tree;
        let node = tree.node(id);
        let one_decides = match node.kind {
            Kind::Logic(Logic::And, operands) if truth == Truth::False => Some(operands),
            Kind::Logic(Logic::Or, operands) if truth == Truth::True => Some(operands),
            _ => None,
        };
        let operands = one_decides.map_or(&[][..], |operands| tree.items(operands));
        let says = |operand: NodeId| Truth::from(Eval::new(tree, event, Counted::default()).boolean(operand));
        match operands.iter().find(|operand| says(**operand) == truth) {
            Some(operand) => self.decides(*operand, truth, event),
            None => Decider { span: node.span, attributes: self.attributes(id, event), failure: None },
        }
    }

    /// Each attribute that is named below a node, once.
    fn attributes(&self, id: NodeId, event: &Event) -> Vec<(Name, Option<String>)> {
        let mut found: Vec<(Name, Option<String>)> = Vec::new();
        let mut open: Vec<NodeId> = [id].into();
        while let Some(id) = open.pop() {
            let kind = &self.0.tree.node(id).kind;
            if let Kind::Attribute(name) | Kind::Exists(name) = kind
                && found.iter().all(|(known, _)| known != name)
            {
                let text = event.value(name).map(|value| String::from(value.text()));
                found.push((name.clone(), text));
            }
            let at = open.len();
            open.extend(self.0.tree.children(kind));
            open[at..].reverse();
        }
        found
    }

    /// What every part gave that was evaluated, literals left out, the whole first.
    pub fn trace(&self, event: &Event) -> Vec<Step> {
        let mut steps = Vec::new();
        self.step(self.0.root, 0, event, &mut steps);
        steps
    }

    fn step(&self, id: NodeId, level: usize, event: &Event, steps: &mut Vec<Step>) {
        let tree = &self.0.tree;
        let node = tree.node(id);
        if matches!(node.kind, Kind::Boolean(_) | Kind::Integer(_) | Kind::Text(_)) {
            return;
        }
        steps.push(Step { span: node.span, level, evaluation: self.evaluate_node(id, event) });
        // Of a function nobody knows, nothing is evaluated (section 3.5).
        if matches!(node.kind, Kind::Unknown(..)) {
            return;
        }
        for child in tree.children(&node.kind) {
            self.step(child, level + 1, event, steps);
            if self.ends_with(id, child, event) {
                return;
            }
        }
    }

    /// Whether no part of a node is looked at behind this one.
    fn ends_with(&self, id: NodeId, child: NodeId, event: &Event) -> bool {
        let mut eval = Eval::new(&self.0.tree, event, Counted::default());
        match self.0.tree.node(id).kind {
            Kind::Logic(Logic::And, _) => !eval.boolean(child),
            Kind::Logic(Logic::Or, _) => eval.boolean(child),
            Kind::In { value, .. } if child == value => eval.sound(|eval| eval.value(value)).is_none(),
            Kind::In { value, .. } => eval.is_in(value, &[child]),
            _ => false,
        }
    }
}
