//! Doors that open to how a text begins or ends: a tree in which one walk down a value passes all of them.

use alloc::{boxed::Box, vec, vec::Vec};

use super::Door;
use super::exact::narrow;
use crate::event::short;

/// A radix tree in one vector; the children of a node lie side by side, sorted by their first byte.
#[derive(Debug, Default)]
pub(super) struct Trie {
    side: Side,
    nodes: Box<[Node]>,
    /// The first byte of each node's label: a child is found without looking at the others' labels.
    firsts: Box<[u8]>,
    labels: Box<[u8]>,
}

/// From which side a value is walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Side {
    #[default]
    Start,
    End,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// What of the value leads here from the parent, as it stands there.
    label: (u32, u32),
    children: (u32, u32),
    door: Option<Door>,
}

impl Trie {
    /// The keys are all different.
    pub(super) fn build(side: Side, mut keys: Vec<(&[u8], Door)>) -> Self {
        if keys.is_empty() {
            return Self::default();
        }
        keys.sort_unstable_by(|(a, _), (b, _)| match side {
            Side::Start => a.cmp(b),
            Side::End => a.iter().rev().cmp(b.iter().rev()),
        });
        let mut plan = Plan { side, nodes: vec![Node::default()], firsts: vec![0], labels: Vec::new() };
        // Not by recursion: keys that continue one another could make it as deep as they are many.
        let mut open = vec![(0, &keys[..], 0)];
        while let Some((node, keys, taken)) = open.pop() {
            plan.grow(node, keys, taken, &mut open);
        }
        Self { side, nodes: plan.nodes.into(), firsts: plan.firsts.into(), labels: plan.labels.into() }
    }

    /// Bytes it holds.
    pub(super) fn size(&self) -> usize {
        size_of_val(&*self.nodes) + self.firsts.len() + self.labels.len()
    }

    /// Passes every door on the way down.
    #[inline]
    pub(super) fn walk(&self, value: &[u8], mut pass: impl FnMut(Door)) {
        let Some(mut node) = self.nodes.first() else { return };
        let mut rest = value;
        loop {
            if let Some(door) = node.door {
                pass(door);
            }
            let (from, to) = (node.children.0 as usize, node.children.1 as usize);
            let first = match self.side {
                Side::Start => rest.first(),
                Side::End => rest.last(),
            };
            let Some(first) = first else { return };
            let Some(at) = short::position(&self.firsts[from..to], *first) else { return };
            node = &self.nodes[from + at];
            let label = &self.labels[node.label.0 as usize..node.label.1 as usize];
            rest = match self.side {
                Side::Start if short::starts_with(rest, label) => &rest[label.len()..],
                Side::End if short::ends_with(rest, label) => &rest[..rest.len() - label.len()],
                _ => return,
            };
        }
    }
}

/// A tree that grows.
struct Plan {
    side: Side,
    nodes: Vec<Node>,
    firsts: Vec<u8>,
    labels: Vec<u8>,
}

type Keys<'p, 'k> = &'p [(&'k [u8], Door)];

impl Plan {
    /// Gives a node its children, one for each byte that follows what is taken already.
    fn grow<'p, 'k>(
        &mut self,
        node: usize,
        keys: Keys<'p, 'k>,
        taken: usize,
        open: &mut Vec<(usize, Keys<'p, 'k>, usize)>,
    ) {
        let mut keys = keys;
        if let Some(((text, door), rest)) = keys.split_first()
            && text.len() == taken
        {
            self.nodes[node].door = Some(*door);
            keys = rest;
        }
        let begin = self.nodes.len();
        while let Some((first, _)) = keys.first() {
            let byte = byte_at(self.side, first, taken);
            let count = keys.iter().take_while(|(key, _)| byte_at(self.side, key, taken) == byte).count();
            let (group, rest) = keys.split_at(count);
            let reached = shared(self.side, first, group[count - 1].0);
            open.push((self.nodes.len(), group, reached));
            let label = match self.side {
                Side::Start => &first[taken..reached],
                Side::End => &first[first.len() - reached..first.len() - taken],
            };
            let start = self.labels.len();
            self.labels.extend_from_slice(label);
            self.nodes.push(Node { label: (narrow(start), narrow(self.labels.len())), ..Node::default() });
            self.firsts.push(byte);
            keys = rest;
        }
        self.nodes[node].children = (narrow(begin), narrow(self.nodes.len()));
    }
}

fn byte_at(side: Side, text: &[u8], at: usize) -> u8 {
    match side {
        Side::Start => text[at],
        Side::End => text[text.len() - 1 - at],
    }
}

/// How many bytes two texts share from that side.
fn shared(side: Side, one: &[u8], other: &[u8]) -> usize {
    let most = one.len().min(other.len());
    (0..most).take_while(|at| byte_at(side, one, *at) == byte_at(side, other, *at)).count()
}
