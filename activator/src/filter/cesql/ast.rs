//! What an expression says: nodes in one vector, children before their parents.

use alloc::{boxed::Box, vec::Vec};

use super::function::Function;
use super::like::Pattern;
use super::span::Span;
use super::value::Type;
use crate::event::Name;

/// A node's place in [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(u32);

/// Several nodes side by side: arguments, the elements of a set, the operands of a chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    start: u32,
    end: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// The steps to the leaf furthest away, itself included.
    pub(super) depth: u16,
}

impl Node {
    /// Whether it is a boolean by its form.
    pub(super) const fn is_condition(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Integer(_)
                | Kind::Text(_)
                | Kind::Attribute(_)
                | Kind::Negate(_)
                | Kind::Arithmetic(..)
                | Kind::Call(..)
        )
    }
}

/// CESQL 1.0, section 2.1 "Expression"; brackets are in the shape of the tree.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Boolean(bool),
    Integer(i32),
    Text(Box<str>),
    Attribute(Name),
    Exists(Name),
    Not(NodeId),
    Negate(NodeId),
    /// Operands of one operator in a row: none is evaluated once the value is clear.
    Logic(Logic, List),
    Compare(Compare, NodeId, NodeId),
    Arithmetic(Arithmetic, NodeId, NodeId),
    Like {
        value: NodeId,
        pattern: Box<Pattern>,
        negated: bool,
    },
    In {
        value: NodeId,
        set: List,
        negated: bool,
    },
    Call(Function, List),
    /// A function nobody knows under this name with this many arguments.
    Unknown(Box<str>, List),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logic {
    And,
    Or,
    Xor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
}

impl Compare {
    /// Whether it compares by order, which only integers have.
    pub(super) const fn orders(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }

    /// What it says of two integers.
    #[inline]
    pub(super) const fn holds(self, x: i32, y: i32) -> bool {
        match self {
            Self::Equal => x == y,
            Self::NotEqual => x != y,
            Self::Less => x < y,
            Self::LessOrEqual => x <= y,
            Self::Greater => x > y,
            Self::GreaterOrEqual => x >= y,
        }
    }
}

/// A whole expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    lists: Vec<NodeId>,
}

impl Tree {
    pub(super) fn add(&mut self, kind: Kind, span: Span) -> NodeId {
        let depth = 1 + self.children(&kind).map(|child| self.node(child).depth).max().unwrap_or(0);
        self.nodes.push(Node { kind, span, depth });
        NodeId(u32::try_from(self.nodes.len() - 1).expect("a text of 4 GiB was refused"))
    }

    /// The node stands in brackets.
    pub(super) fn widen(&mut self, id: NodeId, span: Span) {
        self.nodes[id.0 as usize].span = span;
    }

    pub(super) fn list(&mut self, items: &[NodeId]) -> List {
        let short = |len| u32::try_from(len).expect("a text of 4 GiB was refused");
        let start = short(self.lists.len());
        self.lists.extend_from_slice(items);
        List { start, end: short(self.lists.len()) }
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn items(&self, list: List) -> &[NodeId] {
        &self.lists[list.start as usize..list.end as usize]
    }

    /// All nodes, children before their parents.
    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        let count = u32::try_from(self.nodes.len()).expect("a text of 4 GiB was refused");
        (0..count).map(NodeId)
    }

    /// The nodes directly below.
    pub(super) fn children(&self, kind: &Kind) -> impl Iterator<Item = NodeId> {
        let (one, two, list) = match *kind {
            Kind::Boolean(_) | Kind::Integer(_) | Kind::Text(_) | Kind::Attribute(_) | Kind::Exists(_) => {
                (None, None, None)
            }
            Kind::Not(of) | Kind::Negate(of) => (Some(of), None, None),
            Kind::Compare(_, left, right) | Kind::Arithmetic(_, left, right) => {
                (Some(left), Some(right), None)
            }
            Kind::Like { value, .. } => (Some(value), None, None),
            Kind::In { value, set, .. } => (Some(value), None, Some(set)),
            Kind::Logic(_, list) | Kind::Call(_, list) | Kind::Unknown(_, list) => (None, None, Some(list)),
        };
        let items = list.map_or(&[][..], |list| self.items(list));
        one.into_iter().chain(two).chain(items.iter().copied())
    }

    /// What type it has, whatever the event; nothing for an attribute, whose type comes with the event.
    pub(super) fn type_of(&self, id: NodeId) -> Option<Type> {
        match &self.node(id).kind {
            Kind::Attribute(_) => None,
            Kind::Integer(_) | Kind::Negate(_) | Kind::Arithmetic(..) => Some(Type::Integer),
            Kind::Text(_) => Some(Type::String),
            Kind::Call(function, _) => Some(function.returns()),
            // Section 3.5: what cannot be dispatched is false.
            Kind::Unknown(..)
            | Kind::Boolean(_)
            | Kind::Exists(_)
            | Kind::Not(_)
            | Kind::Logic(..)
            | Kind::Compare(..)
            | Kind::Like { .. }
            | Kind::In { .. } => Some(Type::Boolean),
        }
    }
}
