//! `[runtime]`: where it listens, where things are, and how much it takes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::resolved::Cgroup;
use crate::config::source::At;
use crate::config::value::Value;

#[derive(Debug, Default)]
pub(in crate::config) struct Runtime {
    pub(in crate::config) listen: Option<At<String>>,
    pub(in crate::config) admin: Option<At<String>>,
    pub(in crate::config) functions: Option<Vec<At<String>>>,
    pub(in crate::config) state: Option<At<String>>,
    pub(in crate::config) body_max: Option<At<usize>>,
    pub(in crate::config) budget: Option<At<usize>>,
    pub(in crate::config) drain: Option<Duration>,
    pub(in crate::config) cgroup: Option<At<String>>,
    pub(in crate::config) revisions: Option<At<u32>>,
    pub(in crate::config) history: Option<At<History>>,
}

/// `history = { ... }`: what is kept on disk of what became of events.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct History {
    pub(in crate::config) events: Option<u32>,
    pub(in crate::config) age: Option<Duration>,
    pub(in crate::config) bytes: Option<At<usize>>,
}

/// Each takes some bytes of memory while somebody searches.
pub(in crate::config) const HISTORY_EVENTS_MAX: u32 = 10_000_000;

impl History {
    pub(in crate::config) const KEYS: &[&str] = &["events", "age", "bytes"];

    fn read(value: &Value<'_>) -> Option<At<Self>> {
        let table = value.table(&value.section_inside(), Self::KEYS)?;
        let history = Self {
            events: table.get("events").and_then(|v| v.integer(0..=HISTORY_EVENTS_MAX)).map(|n| n.value),
            age: table.get("age").and_then(|v| v.timeout()).map(|age| age.value),
            bytes: table.get("bytes").and_then(|v| v.size()),
        };
        Some(At { value: history, place: value.place() })
    }
}

/// Where state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) enum State {
    /// Nowhere.
    Memory,
    /// In a folder.
    Folder(PathBuf),
}

impl Runtime {
    pub(in crate::config) const KEYS: &[&str] = &[
        "listen",
        "admin",
        "functions",
        "state",
        "body_max",
        "budget",
        "drain",
        "cgroup",
        "revisions",
        "history",
    ];

    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let table = value.table("[runtime]", Self::KEYS)?;
        Some(Self {
            listen: table.get("listen").and_then(|v| v.text()),
            admin: table.get("admin").and_then(|v| v.text()),
            functions: table.get("functions").and_then(|v| v.words()),
            state: table.get("state").and_then(|v| v.word()),
            body_max: table.get("body_max").and_then(|v| v.size()),
            budget: table.get("budget").and_then(|v| v.size()),
            drain: table.get("drain").and_then(|v| v.duration()).map(|d| d.value),
            cgroup: table.get("cgroup").and_then(|v| v.word()),
            revisions: table.get("revisions").and_then(|v| v.integer(0..=u32::MAX)),
            history: table.get("history").and_then(|v| History::read(&v)),
        })
    }
}

/// `127.0.0.1:8080`; the error says what the text is instead.
pub(in crate::config) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| {
        if text.starts_with("localhost") {
            "a name: write 127.0.0.1"
        } else if text.starts_with(':') {
            "a port without an address"
        } else if text.parse::<std::net::IpAddr>().is_ok() {
            "an address without a port"
        } else {
            "no address with a port"
        }
    })
}

/// `auto`, `off`, or where a folder of cgroup v2 is.
pub(in crate::config) fn cgroup(text: &str) -> Result<Cgroup, &'static str> {
    match text {
        "auto" => Ok(Cgroup::Auto),
        "off" => Ok(Cgroup::Off),
        path if path.starts_with('/') => Ok(Cgroup::Below(path.into())),
        _ => Err("none of these"),
    }
}

/// `memory`, or a folder.
pub(in crate::config) fn state(text: &str) -> Result<State, &'static str> {
    match text {
        "" => Err("empty"),
        "memory" => Ok(State::Memory),
        path => Ok(State::Folder(path.into())),
    }
}
