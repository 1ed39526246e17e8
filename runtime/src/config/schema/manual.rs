//! What the manual, the `runtime.toml` we ship, says of each key: its sentence, and its default.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::MANUAL;

/// What is told, by table and key.
pub(super) struct Manual(BTreeMap<(String, String), Told>);

#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) sentence: Option<String>,
    /// Where the line is in force, and no example.
    pub(super) default: Option<Value>,
}

impl Manual {
    pub(super) fn read() -> Self {
        let mut all = BTreeMap::new();
        let (mut table, mut sentence) = (String::new(), Vec::<&str>::new());
        for line in MANUAL.lines() {
            let (said, is_example) = match line.strip_prefix("# ") {
                Some(rest) => (rest, true),
                None => (line, false),
            };
            if let Some(name) = header(said) {
                table = name.into();
                sentence.clear();
            } else if let Some((key, value, remark)) = key_value(said) {
                let above = std::mem::take(&mut sentence).join(" ");
                let sentence = remark.map_or(above, str::to_owned);
                let sentence = (!sentence.is_empty()).then_some(sentence);
                let default = if is_example { None } else { value };
                all.insert((table.clone(), key.to_owned()), Told { sentence, default });
            } else if is_example {
                sentence.push(said.trim());
            } else {
                sentence.clear();
            }
        }
        Self(all)
    }

    /// What it says of a key in a table.
    pub(super) fn key(&self, table: &str, key: &str) -> Option<&Told> {
        let told = self.0.get(&(table.to_owned(), key.to_owned()))?;
        (told.sentence.is_some() || told.default.is_some()).then_some(told)
    }
}

/// `broker.default` of `[broker.default]`.
fn header(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    name.chars().all(|c| c.is_ascii_lowercase() || c == '.').then_some(name)
}

/// A key, its value, and what is said behind it.
fn key_value(line: &str) -> Option<(&str, Option<Value>, Option<&str>)> {
    let (key, rest) = line.split_once(" = ")?;
    if !key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
        return None;
    }
    let document: toml::Table = line.parse().ok()?;
    let value = document.get(key).and_then(|value| serde_json::to_value(value).ok());
    // What is in a text may look like a remark; none of ours does.
    let remark = rest.split_once(" # ").map(|(_, remark)| remark.trim());
    Some((key, value, remark))
}
