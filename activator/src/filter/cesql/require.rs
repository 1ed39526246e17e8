//! What an event must have for an expression to be true: equalities and patterns lifted out of it.

use alloc::{vec, vec::Vec};

use super::Expression;
use super::ast::{Compare, Kind, Logic, NodeId, Tree};
use super::value::{parse_boolean, parse_integer};
use crate::event::Name;
use crate::filter::access::{AnyOf, Place, strongest};

impl Expression {
    /// Doors that are all open whenever the expression is true.
    pub(in crate::filter) fn doors(&self) -> Vec<AnyOf<'_>> {
        doors(&self.0.tree, self.0.root)
    }
}

fn doors(tree: &Tree, id: NodeId) -> Vec<AnyOf<'_>> {
    match &tree.node(id).kind {
        Kind::Logic(Logic::And, operands) => {
            let operands = tree.items(*operands).iter();
            operands.flat_map(|operand| doors(tree, *operand)).map(AnyOf::undecided).collect()
        }
        // Not decided: where an attribute of one operand is missing, the whole fails.
        Kind::Logic(Logic::Or, operands) => {
            let parts = tree.items(*operands).iter().map(|operand| strongest(doors(tree, *operand)));
            AnyOf::union(parts).map(AnyOf::undecided).into_iter().collect()
        }
        Kind::Compare(Compare::Equal, left, right) => equal(tree, *left, *right),
        Kind::Like { value, pattern, negated: false } => match &tree.node(*value).kind {
            Kind::Attribute(name) => like(name, pattern),
            _ => present(tree, id),
        },
        Kind::In { value, set, negated: false } => match &tree.node(*value).kind {
            Kind::Attribute(name) => {
                one_of(tree, name, tree.items(*set)).map_or_else(|| present(tree, id), |d| vec![d])
            }
            _ => present(tree, id),
        },
        Kind::Exists(name) => vec![AnyOf::one(name, Place::Start, &[][..])],
        _ => present(tree, id),
    }
}

fn equal<'t>(tree: &'t Tree, left: NodeId, right: NodeId) -> Vec<AnyOf<'t>> {
    match (&tree.node(left).kind, &tree.node(right).kind) {
        // Compared as texts, whatever the attribute is.
        (Kind::Attribute(name), Kind::Text(text)) => vec![AnyOf::one(name, Place::Whole, text.as_bytes())],
        // Compared as what the attribute is, so the text must have no other spelling.
        (Kind::Text(text), Kind::Attribute(name)) if is_canonical(text.as_bytes()) => {
            vec![AnyOf::one(name, Place::Whole, text.as_bytes()).undecided()]
        }
        _ => [left, right].into_iter().flat_map(|side| present(tree, side)).collect(),
    }
}

fn like<'t>(name: &'t Name, pattern: &'t super::like::Pattern) -> Vec<AnyOf<'t>> {
    use super::like::Pattern;
    match pattern {
        Pattern::Exact(text) => vec![AnyOf::one(name, Place::Whole, &**text)],
        Pattern::Ends { start, end } if end.is_empty() => vec![AnyOf::one(name, Place::Start, &**start)],
        Pattern::Ends { start, end } if start.is_empty() => vec![AnyOf::one(name, Place::End, &**end)],
        _ => {
            let (start, end) = pattern.ends();
            let doors = [AnyOf::one(name, Place::Start, start), AnyOf::one(name, Place::End, end)];
            doors.map(AnyOf::undecided).into()
        }
    }
}

/// Texts that every type of attribute would compare as texts.
fn one_of<'t>(tree: &'t Tree, name: &'t Name, set: &'t [NodeId]) -> Option<AnyOf<'t>> {
    let parts = set.iter().map(|element| match &tree.node(*element).kind {
        Kind::Text(text) if is_canonical(text.as_bytes()) => {
            Some(AnyOf::one(name, Place::Whole, text.as_bytes()))
        }
        _ => None,
    });
    AnyOf::union(parts).map(AnyOf::undecided)
}

/// Whether no other text is the same integer or boolean.
pub(super) fn is_canonical(text: &[u8]) -> bool {
    let is_number = parse_integer(text).is_some();
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let plain_number = text == b"0" || !digits.starts_with(b"0") && !digits.starts_with(b"+");
    let other_boolean = parse_boolean(text).is_some() && text != b"true" && text != b"false";
    (!is_number || plain_number) && !other_boolean
}

/// What is evaluated in any case, and fails where it is missing.
fn present(tree: &Tree, id: NodeId) -> Vec<AnyOf<'_>> {
    let kind = &tree.node(id).kind;
    match kind {
        Kind::Attribute(name) => vec![AnyOf::one(name, Place::Start, &[][..]).undecided()],
        // Of these the first operand is evaluated in any case.
        Kind::Logic(Logic::And | Logic::Or, operands) => {
            tree.items(*operands).first().map_or_else(Vec::new, |first| present(tree, *first))
        }
        Kind::In { value, .. } => present(tree, *value),
        _ => tree.children(kind).flat_map(|child| present(tree, child)).collect(),
    }
}
