//! A table of a `runtime.toml` as it grows.

use serde_json::Value;

/// `[HEADER]` and what is below it.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) header: String,
    keys: Vec<(&'static str, Value)>,
}

impl Section {
    pub(super) fn new(header: impl Into<String>) -> Self {
        Self { header: header.into(), keys: Vec::new() }
    }

    /// Says a key, unless there is nothing to say.
    pub(super) fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        let value = value.into();
        if !value.is_null() {
            self.keys.push((key, value));
        }
    }

    /// Says what another says, too.
    pub(super) fn set_as(&mut self, other: &Self) {
        self.keys.extend(other.keys.iter().cloned());
    }

    pub(super) fn text(&self) -> String {
        let lines: String =
            self.keys.iter().map(|(key, value)| format!("{key} = {}\n", inline(value))).collect();
        format!("\n[{}]\n{lines}", self.header)
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(table) if table.is_empty() => "{}".into(),
        Value::Object(table) => {
            let entry = |(key, value): (&String, &Value)| format!("{} = {}", name(key), inline(value));
            format!("{{ {} }}", table.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        other => other.to_string(),
    }
}

fn name(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !key.is_empty() && key.chars().all(is_bare) {
        true => key.into(),
        false => toml::Value::String(key.into()).to_string(),
    }
}
