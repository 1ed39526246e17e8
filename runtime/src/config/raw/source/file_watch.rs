//! `[source.NAME]` of type file-watch: events of the files in a folder.

use std::path::PathBuf;

use super::Outlet;
use super::poll::attribute;
use crate::config::table::Table;
use crate::config::value::Value;
use crate::sources::file_watch::{Occasion, Pattern};

pub(in crate::config) const OCCASIONS: &[(&str, Occasion)] =
    &[("write", Occasion::Write), ("delete", Occasion::Delete)];
pub(in crate::config) const EVENT_KEYS: &[&str] = &["type"];

const PATH_HELP: &str = "such as \"inbox\" or \"inbox/*.csv\"";

#[derive(Debug)]
pub(in crate::config) struct FileWatchSource {
    /// The folder, and which names in it are meant.
    pub(in crate::config) path: Option<(PathBuf, Option<Pattern>)>,
    pub(in crate::config) on: Vec<Occasion>,
    pub(in crate::config) data: bool,
    pub(in crate::config) existing: bool,
    pub(in crate::config) event_type: Option<String>,
    pub(in crate::config) outlet: Outlet,
}

impl FileWatchSource {
    pub(in crate::config) const KEYS: &[&str] =
        &["type", "path", "on", "data", "existing", "event", "extensions", "delivery", "to"];

    pub(super) fn read(table: &Table<'_>) -> Self {
        let flag = |key: &str| table.get(key).and_then(|v| v.boolean()).map(|is| is.value);
        Self {
            path: table.need("path", "name the folder, such as path = \"inbox\"").and_then(|v| path(&v)),
            on: table.get("on").map_or_else(|| vec![Occasion::Write], |v| occasions(&v)),
            data: flag("data").unwrap_or(true),
            existing: flag("existing").unwrap_or(false),
            event_type: table.get("event").and_then(|v| event_type(&v)),
            outlet: outlet(table),
        }
    }
}

/// Its events have a size.
fn outlet(table: &Table<'_>) -> Outlet {
    let outlet = Outlet::read(table);
    if outlet.extensions.iter().any(|(name, _)| name == "size")
        && let Some(extensions) = table.get("extensions")
    {
        let help = "choose another name than size, which its events have themselves";
        extensions.refuse::<()>("attributes beside those of the event", "a table with size", help);
    }
    outlet
}

/// Only the last step of a path may say several names.
fn path(value: &Value<'_>) -> Option<(PathBuf, Option<Pattern>)> {
    let text = value.word()?.value;
    let text = text.trim_end_matches('/');
    let (folder, last) = text.rsplit_once('/').unwrap_or(("", text));
    let wanted = "a folder, and behind it which names in it";
    if Pattern::of(folder).is_some() {
        return value.refuse(wanted, "a path with * in a folder", "one source watches one folder");
    }
    if value.word()?.value.is_empty() {
        return value.refuse(wanted, "empty", PATH_HELP);
    }
    let Some(names) = Pattern::of(last) else { return Some((whole(text), None)) };
    if last.contains(['[', '{']) {
        return value.refuse(wanted, "a pattern of another kind", "* stands for any characters, ? for one");
    }
    let is_root = folder.is_empty() && text.starts_with('/');
    Some((if is_root { "/".into() } else { folder.into() }, Some(names)))
}

/// The root has nothing but its slash.
fn whole(text: &str) -> PathBuf {
    if text.is_empty() { "/".into() } else { text.into() }
}

fn occasions(value: &Value<'_>) -> Vec<Occasion> {
    let items = value.items();
    if items.is_empty() {
        value.refuse::<()>("at least one occasion", "empty", "such as [\"write\", \"delete\"]");
    }
    items.iter().filter_map(|item| item.one_of(OCCASIONS)).map(|is| is.value).collect()
}

fn event_type(value: &Value<'_>) -> Option<String> {
    let table = value.table(&value.section_inside(), EVENT_KEYS)?;
    table.get("type").and_then(|v| attribute(&v))
}
