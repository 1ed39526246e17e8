//! `[source.NAME]` of type container: a program that sends events.

use crate::config::raw::function::Function;
use crate::config::table::Table;

use super::Outlet;

#[derive(Debug)]
pub(in crate::config) struct ContainerSource {
    /// What is said of its program, in the words that functions have for it.
    pub(in crate::config) program: Function,
    pub(in crate::config) outlet: Outlet,
}

impl ContainerSource {
    pub(in crate::config) const KEYS: &[&str] = &[
        "type",
        "exec",
        "args",
        "env",
        "env_file",
        "secrets",
        "isolation",
        "limits",
        "extensions",
        "delivery",
        "to",
    ];

    pub(super) fn read(table: &Table<'_>) -> Self {
        table.need("exec", "name the program, such as exec = \"sources/clock.py\"");
        let own = |key: &str| if Self::KEYS.contains(&key) { table.get(key) } else { None };
        Self { program: Function::of(own), outlet: Outlet::read(table) }
    }
}
