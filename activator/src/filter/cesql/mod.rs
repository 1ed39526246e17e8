//! CloudEvents SQL 1.0 (CESQL): expressions over the attributes of an event.
//!
//! - `lex`, `parse`, `ast`: from a text to a tree, with all that is wrong with the text.
//! - `check`: what can be said of an expression before any event comes: its type, and filters that make no sense;
//!   `claim` and `require` are what it demands of single attributes.
//! - `eval`, `call`, `like`: its value for an event; `quick`: only whether it passes.
//! - `explain`: which part of it decided.
//!
//! Sections named are those of the specification. What people read about the language is docs/cesql.md.

mod ast;
mod call;
mod check;
mod claim;
mod eval;
mod explain;
mod failure;
mod function;
mod lex;
mod like;
mod parse;
mod problem;
mod quick;
mod require;
mod span;
mod value;

#[cfg(test)]
mod tests;

use alloc::{string::String, sync::Arc, vec::Vec};

use super::Truth;
use crate::event::Event;
use ast::{NodeId, Tree};
use eval::{Cell, Eval};
use failure::Told;
use parse::Parser;
use quick::Quick;

pub use check::{Finding, Flaw};
pub(super) use like::Pattern;

pub use explain::{Decider, Step};
pub use failure::{Failure, FailureKind};
pub use problem::{Problem, What};
pub use span::Span;
pub use value::{Type, Value};

/// Levels of an expression, at most: evaluation goes down as deep as the expression is, and its stack is bounded.
pub const DEPTH_MAX: u16 = 256;
/// Bytes of an expression, at most.
pub const LENGTH_MAX: usize = 1 << 20;

/// An expression that parsed. A clone shares it; two are equal when their texts are.
#[derive(Clone)]
pub struct Expression(Arc<Inner>);

struct Inner {
    text: String,
    tree: Tree,
    root: NodeId,
    /// The whole as a filter; nothing when it is no condition by its form.
    quick: Option<Quick>,
    /// Operators among AND, OR and XOR that follow another one without brackets.
    mixed: Vec<Span>,
}

/// What an expression gives for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// Its value, with errors too (section 3.3).
    pub value: Value,
    /// The error list.
    pub failures: Vec<Failure>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with the text, in its order; at least one, and of very many only the first.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let parsed = Parser::parse(text)?;
        let is_condition = parsed.tree.node(parsed.root).is_condition();
        Ok(Self(Arc::new(Inner {
            quick: is_condition.then(|| Quick::compile(&parsed.tree, parsed.root)),
            text: text.into(),
            tree: parsed.tree,
            root: parsed.root,
            mixed: parsed.mixed,
        })))
    }

    /// The names of all functions.
    pub const fn function_names() -> &'static [&'static str] {
        function::NAMES
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Its value for an event, with all errors.
    pub fn evaluate(&self, event: &Event) -> Evaluation {
        self.evaluate_node(self.0.root, event)
    }

    fn evaluate_node(&self, id: NodeId, event: &Event) -> Evaluation {
        let mut eval = Eval::new(&self.0.tree, event, Told::default());
        let value = match eval.value(id) {
            Cell::Boolean(value) => Value::Boolean(value),
            Cell::Integer(value) => Value::Integer(value),
            Cell::Text(text) => Value::String(String::from_utf8_lossy(eval.bytes(text)).into_owned()),
        };
        Evaluation { value, failures: eval.failures.0 }
    }

    /// Whether an event passes: only when the value is `true` and nothing failed.
    #[inline]
    pub(super) fn truth(&self, event: &Event) -> Truth {
        match &self.0.quick {
            Some(quick) => quick.truth(&self.0.tree, event),
            None => quick::uncast(&self.0.tree, self.0.root, event),
        }
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.text == other.0.text
    }
}

impl Eq for Expression {}

impl core::fmt::Debug for Expression {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Expression").field(&self.0.text).finish()
    }
}
