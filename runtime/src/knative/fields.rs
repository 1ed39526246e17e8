//! A table from which whoever knows a key takes what is behind it; what is left, nobody knew.

use std::sync::Arc;

use serde_json::Value;

use super::tree::{Kind, Node};

/// Characters of a value that are shown.
const VALUE_MAX: usize = 60;

/// Something that has no counterpart, where it stands, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

#[derive(Debug)]
pub(super) struct Fields {
    file: Arc<str>,
    pub(super) line: usize,
    path: String,
    entries: Vec<(String, Node)>,
}

impl Fields {
    /// The entries of a map; of anything else there are none. `path` is how people call it.
    pub(super) fn of(file: &Arc<str>, path: impl Into<String>, node: Node) -> Self {
        let entries = if let Kind::Map(entries) = node.kind { entries } else { Vec::new() };
        Self { file: Arc::clone(file), line: node.line, path: path.into(), entries }
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        self.take_if(key, |_| true)
    }

    /// Of another kind than is wanted it stays, and is told with the rest.
    fn take_if(&mut self, key: &str, is: impl Fn(&Kind) -> bool) -> Option<Node> {
        let at = self.entries.iter().position(|(name, node)| name == key && is(&node.kind))?;
        Some(self.entries.remove(at).1)
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.take_if(key, |kind| matches!(kind, Kind::Scalar(value) if !value.is_null()))?.text()
    }

    /// A text, which stays.
    pub(super) fn clone_text(&self, key: &str) -> Option<String> {
        self.entries.iter().find(|(name, _)| name == key)?.1.text()
    }

    /// Where a key stands; where all of it begins, if it is not there.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.entries.iter().find(|(name, _)| name == key).map_or(self.line, |(_, node)| node.line)
    }

    /// A value, which stays; null where there is none.
    pub(super) fn clone_plain(&self, key: &str) -> Value {
        self.entries.iter().find(|(name, _)| name == key).map_or(Value::Null, |(_, node)| node.plain())
    }

    /// A text behind either of two spellings.
    pub(super) fn either(&mut self, key: &str, other: &str) -> Option<String> {
        self.text(key).or_else(|| self.text(other))
    }

    pub(super) fn number(&mut self, key: &str) -> Option<u64> {
        let is = |kind: &Kind| matches!(kind, Kind::Scalar(value) if value.is_u64());
        self.take_if(key, is)?.plain().as_u64()
    }

    /// A map, if there is one.
    pub(super) fn inside(&mut self, key: &str) -> Option<Self> {
        let node = self.take_if(key, |kind| matches!(kind, Kind::Map(_)))?;
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Some(Self::of(&self.file, path, node))
    }

    /// A map, empty where there is none.
    pub(super) fn map(&mut self, key: &str) -> Self {
        let file = Arc::clone(&self.file);
        self.inside(key).unwrap_or_else(|| Self::of(&file, "", Node::default()))
    }

    /// Items of a list; one value is a list of one.
    pub(super) fn list(&mut self, key: &str) -> Vec<Node> {
        match self.take(key) {
            Some(Node { kind: Kind::List(items), .. }) => items,
            Some(node) => vec![node],
            None => Vec::new(),
        }
    }

    /// Everything that is left, each as a map.
    pub(super) fn each(self) -> impl Iterator<Item = (String, Self)> {
        let (file, path) = (self.file, self.path);
        self.entries.into_iter().map(move |(name, node)| {
            let fields = Self::of(&file, format!("{path}.{name}"), node);
            (name, fields)
        })
    }

    pub(super) fn nodes(self) -> Vec<(String, Node)> {
        self.entries
    }

    pub(super) fn file(&self) -> &Arc<str> {
        &self.file
    }

    pub(super) fn note(&self, line: usize, text: impl Into<String>) -> Note {
        Note { file: self.file.to_string(), line, text: text.into() }
    }

    /// Tells all that is left: `KEY VALUE` of this table, and behind it what to do.
    pub(super) fn rest(self, notes: &mut Vec<Note>, what: &str) {
        for (key, node) in &self.entries {
            let path = if self.path.is_empty() { key.clone() } else { format!("{}.{key}", self.path) };
            notes.push(self.note(node.line, format!("{path} {}{what}", shown(&node.plain()))));
        }
    }
}

/// A value on a line, cut where it is long.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_MAX) {
        Some((at, _)) => format!("{}..", &text[..at]),
        None => text,
    }
}
