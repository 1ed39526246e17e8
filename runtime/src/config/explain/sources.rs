//! Whoever may say something of a key of this project, the strongest first.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use toml::de::DeTable;

use super::written::Written;
use super::{Explained, Layer, Said, Unexplained, both, explain, given, known, named};
use crate::config::overrides::Overrides;
use crate::config::raw;
use crate::config::scan;
use crate::config::source::Source;

/// What a load has read.
pub(in crate::config) struct Sources<'a> {
    pub(in crate::config) project: &'a Path,
    /// The configuration file.
    pub(in crate::config) file: Arc<Source>,
    pub(in crate::config) overrides: &'a Overrides,
    pub(in crate::config) functions: &'a scan::Functions,
}

impl Sources<'_> {
    pub(in crate::config) fn explain(&self, key: &str) -> Result<Explained, Unexplained> {
        let path: Vec<&str> = key.split('.').collect();
        let mut known = known(&path)?;
        let (mut layers, inside) = self.layers(&path)?;
        let above = match path[..] {
            ["runtime", key] => self.overrides.of(key).map(|above| given(above.origin, &above.text)),
            ["function", name, "concurrency"] => self.alone(name),
            _ => None,
        };
        if let ["function", name, "concurrency"] = path[..]
            && self.takes_one(name)
        {
            // What is said of all is meant for servers that take an event a request.
            layers.retain(|layer| !layer.is("defaults"));
            known.default = Some(1.into());
        }
        Ok(explain(key, &known, above, &layers, inside))
    }

    /// Every key that somebody says of a function.
    pub(in crate::config) fn said_of(&self, function: &str) -> Vec<(String, Said)> {
        let won = |key: &&str| Some(self.explain(&format!("function.{function}.{key}")).ok()?.won);
        let said = raw::Function::KEYS.iter().filter_map(|key| Some(((*key).to_owned(), won(key)?)));
        said.filter(|(_, said)| said.file.is_some()).collect()
    }

    /// Who may say it, and how many parts at the end of the path are a matter of who says the key before them.
    fn layers(&self, path: &[&str]) -> Result<(Vec<Layer>, usize), Unexplained> {
        Ok(match *path {
            ["function", name, ref rest @ ..] if !rest.is_empty() => {
                named("function", name, self.function_names().iter().map(String::as_str))?;
                (self.of_function(name, rest), rest.len() - 1)
            }
            [kind, name, ref rest @ ..] if self.is_named(kind) => {
                self.check_name(kind, name)?;
                // One `delivery` takes the place of another as a whole.
                let inside = if rest.first() == Some(&"delivery") { rest.len() - 1 } else { 0 };
                (self.of_wiring(path), inside)
            }
            _ => (vec![self.in_file("runtime.toml", path)], 0),
        })
    }

    /// A process for each event has that one, whatever is said.
    fn alone(&self, name: &str) -> Option<Said> {
        let origin = "protocol = \"oneshot\"".into();
        let alone = Said { value: 1.into(), origin, file: None, line: None };
        (self.won(name, "protocol")? == "oneshot").then_some(alone)
    }

    /// Whether its processes take one request at a time unless it says so itself.
    fn takes_one(&self, name: &str) -> bool {
        let batch = self.won(name, "batch.max").and_then(|max| max.as_u64());
        self.won(name, "protocol").is_some_and(|protocol| protocol == "stdio") || batch > Some(1)
    }

    fn won(&self, name: &str, key: &str) -> Option<Value> {
        Some(self.explain(&format!("function.{name}.{key}")).ok()?.won.value)
    }

    fn in_file(&self, origin: &str, path: &[&str]) -> Layer {
        Layer::new(origin, Arc::clone(&self.file), path)
    }

    /// `[function.NAME]`, its sidecar, its own folder's file, its header, `[defaults]`.
    fn of_function(&self, name: &str, rest: &[&str]) -> Vec<Layer> {
        let mut layers = Vec::new();
        let mut add = |origin: &str, source: &Arc<Source>, before: &[&str], toml: Option<&String>| {
            for path in both(before, rest) {
                let layer = Layer::new(origin, Arc::clone(source), &path);
                layers.push(match toml {
                    Some(toml) => layer.within(toml.clone()),
                    None => layer,
                });
            }
        };
        add("runtime.toml", &self.file, &["function", name], None);
        if let Some(sidecar) = self.functions.sidecars.get(name).and_then(|path| self.read(path)) {
            add("sidecar", &sidecar, &[], None);
        }
        let entry = self.functions.entries.get(name);
        if let Some(own) = entry.and_then(|entry| self.read(&entry.own.as_ref()?.join(scan::MANIFEST))) {
            add("function.toml", &own, &[], None);
        }
        if let Some((source, toml)) = entry.and_then(|entry| scan::header_of(entry, self.project)) {
            add("header", &source, &[scan::HEADER_KEY], Some(&toml));
        }
        if rest.first().is_some_and(|key| raw::Function::DEFAULTS_KEYS.contains(key)) {
            add("defaults", &self.file, &["defaults"], None);
        }
        layers
    }

    /// A subscription without a `delivery` has that of what it reads.
    fn of_wiring(&self, path: &[&str]) -> Vec<Layer> {
        let mut layers = vec![self.in_file("runtime.toml", path)];
        let (kind, read) = match path[..] {
            ["trigger", name, "delivery", ..] => ("broker", self.text(&["trigger", name, "broker"])),
            ["subscription", name, "delivery", ..] => {
                ("channel", self.text(&["subscription", name, "channel"]))
            }
            _ => return layers,
        };
        let read = read.unwrap_or_else(|| "default".into());
        let (is_named, name) = read.split_once('/').map_or((kind, &*read), |(kind, name)| (kind, name));
        layers.push(self.in_file(&format!("{is_named} {name}"), &[&[is_named, name], &path[2..]].concat()));
        layers
    }

    /// Whether keys below this one are names.
    fn is_named(&self, kind: &str) -> bool {
        !["runtime", "defaults", "kafka", "watch"].contains(&kind)
    }

    fn check_name(&self, kind: &str, name: &str) -> Result<(), Unexplained> {
        let mut names = self.names(kind);
        if kind == "broker" {
            names.push("default".into());
        }
        named(kind, name, names.iter().map(String::as_str))
    }

    fn function_names(&self) -> Vec<String> {
        let found = self.functions.entries.keys().map(|name| name.to_string());
        found.chain(self.names("function")).collect()
    }

    /// The names in the file.
    fn names(&self, kind: &str) -> Vec<String> {
        let (table, _) = DeTable::parse_recoverable(&self.file.text);
        let kind = Written::Table(table.get_ref()).below(&[kind.into()]);
        kind.map(Written::keys).unwrap_or_default()
    }

    fn text(&self, path: &[&str]) -> Option<String> {
        let (table, _) = DeTable::parse_recoverable(&self.file.text);
        let path: Vec<String> = path.iter().map(|&part| part.into()).collect();
        Written::Table(table.get_ref()).below(&path)?.value()?.as_str().map(str::to_owned)
    }

    fn read(&self, path: &Path) -> Option<Arc<Source>> {
        let shown = path.strip_prefix(self.project).unwrap_or(path).display().to_string();
        Some(Source::new(&shown, &std::fs::read_to_string(path).ok()?))
    }
}
