//! `deduplicate = "10m"`, or `deduplicate = { for = "10m", max = 100000 }`: which events are not delivered twice.

use std::time::Duration;

use activator::delivery::Deduplicate;

use crate::config::value::Value;

/// Where nobody says otherwise.
const MAX: u32 = 100_000;
/// In memory, and in a file: some 100 MiB and 48 MB.
pub(in crate::config) const MAX_MAX: u32 = 1_000_000;

/// What the table takes.
pub(in crate::config) const KEYS: &[&str] = &["for", "max"];

const HELP: &str = "deduplicate = \"10m\", or { for = \"10m\", max = 100000 }";

/// `false` is said, too.
pub(super) fn read(value: &Value<'_>) -> Option<Option<Deduplicate>> {
    if value.is_boolean() {
        let wanted = value.boolean()?.value;
        return if wanted { value.refuse("`false`, or for how long", "`true`", HELP) } else { Some(None) };
    }
    if !value.is_table() {
        return Some(Some(Deduplicate { time: time(value)?, max: MAX }));
    }
    let table = value.table(&value.section_inside(), KEYS)?;
    let Some(how_long) = table.get("for") else {
        return value.refuse("a table with `for`", "without", HELP);
    };
    let max = match table.get("max") {
        Some(max) => max.integer(1..=MAX_MAX)?.value,
        None => MAX,
    };
    Some(Some(Deduplicate { time: time(&how_long)?, max }))
}

fn time(value: &Value<'_>) -> Option<Duration> {
    value.timeout().map(|time| time.value)
}
