//! `isolation` and `limits` of a function: what its processes may touch, and how much of the machine each may take.

use crate::config::resolved::{Cpu, Level, Limits};
use crate::config::value::Value;

/// `isolation = "strict"` is short for `isolation = { level = "strict" }`.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct Isolation {
    pub(in crate::config) level: Level,
    /// As they are written.
    pub(in crate::config) read: Vec<String>,
    pub(in crate::config) write: Vec<String>,
    pub(in crate::config) connect: Vec<u16>,
}

/// The keys of the one and of the other.
pub(in crate::config) const ISOLATION_KEYS: &[&str] = &["level", "read", "write", "connect"];
pub(in crate::config) const LIMITS_KEYS: &[&str] = &["memory", "cpu", "files", "file_size", "pids"];

pub(in crate::config) const LEVELS: &[(&str, Level)] =
    &[("none", Level::None), ("standard", Level::Standard), ("strict", Level::Strict)];

/// A program has 0, 1, 2 and its listener open, and needs a few more to begin.
pub(in crate::config) const FILES_MIN: u32 = 16;
/// A share of the processors: the kernel divides no finer, and no machine has more.
pub(in crate::config) const SHARE_MIN: f64 = 0.01;
pub(in crate::config) const SHARE_MAX: f64 = 10_000.0;

impl Isolation {
    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        if value.is_text() {
            return Some(Self { level: value.one_of(LEVELS)?.value, ..Self::default() });
        }
        let table = value.table(&value.section_inside(), ISOLATION_KEYS)?;
        let help = "\"none\", \"standard\" or \"strict\"";
        let level = table.need("level", help).and_then(|v| v.one_of(LEVELS))?.value;
        let of_strict = |key: &str| {
            let value = table.get(key)?;
            if level == Level::Strict {
                return Some(value);
            }
            value.refuse(
                "used with level = \"strict\"",
                "used without it",
                "the other levels keep a function from no file and no port",
            )
        };
        let words = |key: &str| of_strict(key).map_or(Some(Vec::new()), |v| v.words());
        let texts = |key: &str| Some(words(key)?.into_iter().map(|word| word.value).collect());
        Some(Self {
            level,
            read: texts("read")?,
            write: texts("write")?,
            connect: ports(of_strict("connect"))?,
        })
    }
}

fn ports(value: Option<Value<'_>>) -> Option<Vec<u16>> {
    let Some(value) = value else { return Some(Vec::new()) };
    if !value.is_list() {
        return value.refuse("a list of TCP ports", "none", "connect = [5432]");
    }
    let port = |item: &Value<'_>| u16::try_from(item.integer(1..=u32::from(u16::MAX))?.value).ok();
    value.items().iter().map(port).collect()
}

/// Reads `limits = { ... }`.
pub(super) fn limits(value: &Value<'_>) -> Option<Limits> {
    let table = value.table(&value.section_inside(), LIMITS_KEYS)?;
    let size = |key: &str| table.get(key).and_then(|v| v.size()).map(|size| size.value as u64);
    let count = |key: &str, min: u32| {
        table.get(key).and_then(|v| v.integer(min..=u32::MAX)).map(|n| u64::from(n.value))
    };
    Some(Limits {
        memory: size("memory"),
        cpu: table.get("cpu").and_then(|v| cpu(&v)),
        files: count("files", FILES_MIN),
        file_size: size("file_size"),
        pids: count("pids", 1),
    })
}

/// `"60s"` is time, `1.5` a share.
fn cpu(value: &Value<'_>) -> Option<Cpu> {
    if value.is_text() {
        let time = value.timeout()?.value;
        if time.as_secs() == 0 || time.subsec_nanos() > 0 {
            return value.refuse(
                "whole seconds",
                "not",
                "the system counts processor time in seconds: cpu = \"60s\"",
            );
        }
        return Some(Cpu::Seconds(time.as_secs()));
    }
    let wanted = "a time such as \"60s\", or a number of processors from 0.01 to 10000";
    let Some(share) = value.number() else {
        return value.refuse(wanted, "neither", "cpu = 1.5 is one and a half of them at any time");
    };
    if !(SHARE_MIN..=SHARE_MAX).contains(&share) {
        return value.refuse(wanted, "out of range", "cpu = 1.5 is one and a half of them at any time");
    }
    // In range, so that nothing is cut off but what is finer than a thousandth.
    Some(Cpu::Thousandths((share * 1000.0).round() as u64))
}
