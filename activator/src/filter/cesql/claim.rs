//! What the parts of an expression demand of single attributes, as far as their form says it.

use alloc::{vec, vec::Vec};

use super::Expression;
use super::ast::{Compare, Kind, List, Logic, NodeId, Tree};
use super::function::Function;
use super::require::is_canonical;
use super::span::Span;
use crate::event::Name;
use crate::filter::facts::Fact;

impl Expression {
    /// What must be so for the expression to be true, with the part that says it.
    pub(in crate::filter) fn facts(&self) -> Vec<(Span, &Name, Fact<'_>)> {
        let (tree, root) = (&self.0.tree, self.0.root);
        match tree.node(root).kind {
            Kind::Logic(Logic::And, operands) => facts(tree, operands),
            _ => {
                fact(tree, root).map(|(name, fact)| (tree.node(root).span, name, fact)).into_iter().collect()
            }
        }
    }
}

/// What the operands of an AND demand.
pub(super) fn facts(tree: &Tree, operands: List) -> Vec<(Span, &Name, Fact<'_>)> {
    let operands = tree.items(operands).iter();
    operands.filter_map(|id| fact(tree, *id).map(|(name, fact)| (tree.node(*id).span, name, fact))).collect()
}

fn fact(tree: &Tree, id: NodeId) -> Option<(&Name, Fact<'_>)> {
    let attribute = |id: NodeId| match &tree.node(id).kind {
        Kind::Attribute(name) => Some(name),
        _ => None,
    };
    let text = |id: NodeId| match &tree.node(id).kind {
        Kind::Text(text) => Some(text.as_bytes()),
        _ => None,
    };
    match &tree.node(id).kind {
        Kind::Compare(Compare::Equal, left, right) if text(*right).is_some() => {
            Some((attribute(*left)?, Fact::OneOf(vec![text(*right)?])))
        }
        Kind::Compare(Compare::NotEqual, left, right) if text(*right).is_some() => {
            Some((attribute(*left)?, Fact::NoneOf(vec![text(*right)?])))
        }
        Kind::Compare(operator, left, right) => bounds(tree, *operator, *left, *right),
        Kind::In { value, set, negated } => {
            // An integer is equal to every text that writes it: only one that has no other spelling tells the text.
            let is_told = |text: &&[u8]| *negated || is_canonical(text);
            let texts = tree.items(*set).iter().map(|element| text(*element).filter(is_told));
            let texts = texts.collect::<Option<Vec<_>>>()?;
            Some((attribute(*value)?, if *negated { Fact::NoneOf(texts) } else { Fact::OneOf(texts) }))
        }
        Kind::Like { value, pattern, negated } => {
            Some((attribute(*value)?, if *negated { Fact::NotLike(pattern) } else { Fact::Like(pattern) }))
        }
        Kind::Exists(name) => Some((name, Fact::Present)),
        Kind::Not(of) => match &tree.node(*of).kind {
            Kind::Exists(name) => Some((name, Fact::Absent)),
            _ => None,
        },
        _ => None,
    }
}

/// `priority > 5`, also with the number on the left or the attribute in INT.
fn bounds(tree: &Tree, operator: Compare, left: NodeId, right: NodeId) -> Option<(&Name, Fact<'_>)> {
    let name = |id: NodeId| match &tree.node(id).kind {
        Kind::Attribute(name) => Some(name),
        Kind::Call(Function::Int, arguments) => match &tree.node(*tree.items(*arguments).first()?).kind {
            Kind::Attribute(name) => Some(name),
            _ => None,
        },
        _ => None,
    };
    let number = |id: NodeId| match tree.node(id).kind {
        Kind::Integer(value) => Some(i64::from(value)),
        _ => None,
    };
    let (name, value, turned) = match (number(left), number(right)) {
        (None, Some(value)) => (name(left)?, value, false),
        (Some(value), None) if operator.orders() => (name(right)?, value, true),
        _ => return None,
    };
    let below = |most| Fact::Between(i64::MIN, most);
    let above = |least| Fact::Between(least, i64::MAX);
    let fact = match (operator, turned) {
        (Compare::Equal, _) => Fact::Between(value, value),
        (Compare::NotEqual, _) => return None,
        (Compare::Less, false) | (Compare::Greater, true) => below(value - 1),
        (Compare::LessOrEqual, false) | (Compare::GreaterOrEqual, true) => below(value),
        (Compare::Greater, false) | (Compare::Less, true) => above(value + 1),
        (Compare::GreaterOrEqual, false) | (Compare::LessOrEqual, true) => above(value),
    };
    Some((name, fact))
}
