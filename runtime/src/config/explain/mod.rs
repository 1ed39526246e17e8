//! Where a setting comes from: who says it, and who says something else and is not heard, in the order of precedence.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use toml::de::DeTable;

use super::diagnostic::Diagnostic;
use super::nearest::nearest;
use super::schema::{self, Key};
use super::source::{Place, Source};
use written::Written;

pub(super) use sources::Sources;
pub(crate) use written::plain;

mod sources;
mod written;

/// Scalars that stand for a whole table, and the key they are then.
pub(super) const SHORT: [(&str, &str); 4] =
    [("timeout", "request"), ("isolation", "level"), ("batch", "max"), ("deduplicate", "for")];
/// Knative's words for keys of ours, behind `autoscaling.knative.dev/`.
pub(crate) const ANNOTATIONS: [(&str, &str); 7] = [
    ("min", "min-scale"),
    ("max", "max-scale"),
    ("initial", "initial-scale"),
    ("activation", "activation-scale"),
    ("target", "target"),
    ("utilization", "target-utilization-percentage"),
    ("scale_down_delay", "scale-down-delay"),
];

/// What a key comes to.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Explained {
    pub(crate) key: String,
    #[serde(flatten)]
    pub(crate) won: Said,
    /// Who says it too, the strongest first.
    pub(crate) beaten: Vec<Said>,
}

/// What somebody says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Said {
    /// Nothing where the key is left out.
    pub(crate) value: Value,
    pub(crate) origin: String,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<usize>,
}

/// Why there is nothing to tell.
#[derive(Debug)]
pub(crate) enum Unexplained {
    /// There is no such key, and what to do.
    Unknown(String, String),
    /// The configuration cannot be used.
    Broken(Vec<Diagnostic>),
}

/// Somebody who may say something.
pub(super) struct Layer {
    origin: String,
    source: Arc<Source>,
    /// What is parsed: its places are those of the source.
    toml: String,
    path: Vec<String>,
}

impl Layer {
    pub(super) fn new(origin: &str, source: Arc<Source>, path: &[&str]) -> Self {
        let (origin, toml) = (origin.into(), source.text.clone());
        Self { origin, source, toml, path: path.iter().map(|&part| part.into()).collect() }
    }

    /// The same, where only a part of the source is TOML.
    pub(super) fn within(self, toml: String) -> Self {
        Self { toml, ..self }
    }

    fn is(&self, origin: &str) -> bool {
        self.origin == origin
    }

    /// What it says of its key. The last `inside` parts of the path are a matter of its own: who says the key, says all of it.
    fn say(&self, inside: usize) -> Option<Said> {
        let (table, _) = DeTable::parse_recoverable(&self.toml);
        let (path, rest) = self.path.split_at(self.path.len() - inside);
        let found = Written::Table(table.get_ref()).below(path)?;
        let value = match (rest, path.last()) {
            ([], _) => found.value(),
            (rest, key) => found.below(rest).and_then(Written::value).or_else(|| found.short(key?, rest)),
        };
        let place = Place { source: Arc::clone(&self.source), span: found.span() };
        Some(Said {
            value: value.unwrap_or(Value::Null),
            origin: self.origin.clone(),
            file: Some(self.source.name.clone()),
            line: Some(place.line()),
        })
    }
}

/// What the flags and the environment say is said of whole keys.
pub(super) fn given(origin: &str, text: &str) -> Said {
    let kind = if origin.starts_with("--") { "flag" } else { "environment" };
    Said { value: text.into(), origin: format!("{kind} {origin}"), file: None, line: None }
}

/// Puts it in order: what was given, the layers, the default.
pub(super) fn explain(
    key: &str,
    known: &Key,
    above: Option<Said>,
    layers: &[Layer],
    inside: usize,
) -> Explained {
    let default = Said {
        value: known.default.clone().unwrap_or(Value::Null),
        origin: "default".into(),
        file: None,
        line: None,
    };
    let said = above.into_iter().chain(layers.iter().filter_map(|layer| layer.say(inside)));
    let mut said: Vec<Said> = said.chain([default.clone()]).collect();
    let mut won = said.remove(0);
    if won.value.is_null() && won.origin != "default" {
        // It says the key and leaves this part of it to the default, and nobody below is asked.
        won.value = default.value;
    }
    Explained { key: key.into(), won, beaten: said }
}

/// The paths of a key and of its Knative term, in one place.
pub(super) fn both<'a>(before: &[&'a str], rest: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut paths = vec![[before, rest].concat()];
    if let Some((_, annotation)) = ANNOTATIONS.iter().find(|(key, _)| rest == [*key]) {
        paths.push([before, &["annotations", annotation]].concat());
    }
    paths
}

/// Refuses a key that nobody reads.
pub(super) fn known(path: &[&str]) -> Result<Key, Unexplained> {
    schema::key(path).map_err(|schema::NoKey { part, within, keys }| {
        let near = nearest(&part, keys.iter().copied());
        let help = match (near, &keys[..]) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, []) => "it holds no further keys".into(),
            (None, keys) => format!("known here: {}", keys.join(", ")),
        };
        let within = if within.is_empty() { String::new() } else { format!(" in {within}") };
        Unexplained::Unknown(format!("unknown key `{part}`{within}"), help)
    })
}

/// Refuses a name that nothing has.
pub(super) fn named<'a>(
    kind: &str,
    name: &str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), Unexplained> {
    let names: Vec<&str> = names.collect();
    if names.contains(&name) {
        return Ok(());
    }
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => format!("there is none: [{kind}.{name}] in runtime.toml would be one"),
        None => format!("there are {}", names.join(", ")),
    };
    Err(Unexplained::Unknown(format!("there is no {kind} `{name}`"), help))
}
