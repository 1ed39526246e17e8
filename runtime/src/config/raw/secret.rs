//! `secrets`: variables whose values stand elsewhere.

use std::path::Path;

use crate::config::source::At;
use crate::config::value::Value;

/// Where a value stands.
#[derive(Clone, Debug)]
pub(in crate::config) enum Secret {
    /// In a file of its own.
    File(String),
    /// In a variable of hydrant's own environment.
    Env(String),
}

/// Variables and where their values stand.
pub(in crate::config) type Secrets = Vec<(At<String>, Secret)>;

pub(in crate::config) const KEYS: &[&str] = &["file", "env"];
const HELP: &str = "{ file = \"secrets/db\" }, or { env = \"DB_PASSWORD\" }";

impl Secret {
    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        if value.is_text() {
            return value.refuse("where the value stands", "the value itself", HELP);
        }
        let table = value.table(&value.section_inside(), KEYS)?;
        match (table.get("file"), table.get("env")) {
            (Some(file), None) => Some(Self::File(named(&file)?)),
            (None, Some(env)) => Some(Self::Env(named(&env)?)),
            (Some(_), Some(_)) => value.refuse("one of `file` and `env`", "both", HELP),
            (None, None) => value.refuse("one of `file` and `env`", "none", HELP),
        }
    }

    /// The same with a path that is meant to begin in this folder.
    pub(super) fn within(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path).to_string_lossy().into_owned()),
            env @ Self::Env(_) => env,
        }
    }
}

fn named(value: &Value<'_>) -> Option<String> {
    let word = value.word()?.value;
    if word.is_empty() { value.refuse("a name", "empty", HELP) } else { Some(word) }
}
