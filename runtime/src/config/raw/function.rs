//! The keys of `[function.NAME]`, which are those of a sidecar, a script's header and `[defaults]` too.

use std::collections::BTreeMap;
use std::path::Path;

use activator::filter::Filter;

use crate::config::resolved::{Limits, Protocol};
use crate::config::source::At;
use crate::config::value::Value;

use super::annotations;
use super::filter::read_on;
use super::isolation::limits;
use super::secret::{Secret, Secrets};
use super::traffic::tags;
use super::{Batch, Isolation, Scale, Tags, Timeout, Traffic};

/// Every key as one of the places says it, or not.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct Function {
    pub(in crate::config) exec: Option<At<String>>,
    pub(in crate::config) build: Option<At<String>>,
    pub(in crate::config) args: Option<Vec<String>>,
    pub(in crate::config) env: Option<BTreeMap<String, String>>,
    pub(in crate::config) env_file: Option<Vec<At<String>>>,
    pub(in crate::config) secrets: Option<Secrets>,
    pub(in crate::config) protocol: Option<Protocol>,
    pub(in crate::config) concurrency: Option<At<u32>>,
    pub(in crate::config) batch: Option<At<Batch>>,
    pub(in crate::config) scale: Scale,
    pub(in crate::config) isolation: Option<Isolation>,
    pub(in crate::config) limits: Option<Limits>,
    pub(in crate::config) timeout: Option<Timeout>,
    pub(in crate::config) traffic: Option<Traffic>,
    pub(in crate::config) tags: Option<Tags>,
    pub(in crate::config) on: Option<Filter>,
}

/// `http1` and `h2c` are how Knative calls the ports of servers.
pub(in crate::config) const PROTOCOLS: &[(&str, Protocol)] = &[
    ("http", Protocol::Http),
    ("http1", Protocol::Http),
    ("h2c", Protocol::H2c),
    ("oneshot", Protocol::Oneshot),
    ("stdio", Protocol::Stdio),
];

/// What hydrant tells every process; a function that says otherwise would not be found.
const ENV_OURS: &[&str] = &["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "LISTEN_FDS", "LISTEN_PID"];

impl Function {
    pub(in crate::config) const KEYS: &[&str] = &[
        "exec",
        "build",
        "args",
        "env",
        "env_file",
        "secrets",
        "protocol",
        "min",
        "max",
        "initial",
        "activation",
        "concurrency",
        "target",
        "utilization",
        "idle",
        "scale_down_delay",
        "standby",
        "policy",
        "kpa",
        "overflow",
        "waiting",
        "isolation",
        "limits",
        "timeout",
        "annotations",
        "batch",
        "traffic",
        "tags",
        "on",
    ];
    /// What can be the same for every function.
    pub(in crate::config) const DEFAULTS_KEYS: &[&str] = match Self::KEYS {
        [_exec, _build, shared @ .., _annotations, _batch, _traffic, _tags, _on] => shared,
        _ => &[],
    };
    /// What a script can say of itself.
    pub(in crate::config) const HEADER_KEYS: &[&str] = match Self::KEYS {
        [_exec, _build, own @ ..] => own,
        _ => &[],
    };

    pub(in crate::config) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        Self::read_keys(value, section, Self::KEYS)
    }

    pub(super) fn read_defaults(value: &Value<'_>) -> Option<Self> {
        Self::read_keys(value, "[defaults]", Self::DEFAULTS_KEYS)
    }

    pub(in crate::config) fn read_header(value: &Value<'_>) -> Option<Self> {
        Self::read_keys(value, "this header", Self::HEADER_KEYS)
    }

    fn read_keys(value: &Value<'_>, section: &str, keys: &'static [&'static str]) -> Option<Self> {
        let table = value.table(section, keys)?;
        Some(Self::of(|key: &str| if keys.contains(&key) { table.get(key) } else { None }))
    }

    /// From wherever its keys are.
    pub(super) fn of<'d>(get: impl Fn(&str) -> Option<Value<'d>> + Copy) -> Self {
        Self {
            exec: get("exec").and_then(|v| exec(&v)),
            build: get("build").and_then(|v| build(&v)),
            args: get("args").and_then(|v| args(&v)),
            env: get("env").and_then(|v| env(&v)),
            env_file: get("env_file").and_then(|v| v.words()),
            secrets: get("secrets").and_then(|v| secrets(&v)),
            protocol: get("protocol").and_then(|v| v.one_of(PROTOCOLS)).map(|p| p.value),
            concurrency: get("concurrency").and_then(|v| v.integer(0..=u32::MAX)),
            batch: get("batch").and_then(|v| Batch::read(&v)),
            scale: Scale::read(get)
                .or(get("annotations").and_then(|v| annotations::read(&v)).unwrap_or_default()),
            isolation: get("isolation").and_then(|v| Isolation::read(&v)),
            limits: get("limits").and_then(|v| limits(&v)),
            timeout: get("timeout").and_then(|v| Timeout::read(&v)),
            traffic: get("traffic").and_then(|v| Traffic::read(&v)),
            tags: get("tags").and_then(|v| tags(&v)),
            on: get("on").and_then(|v| read_on(&v)),
        }
    }

    /// What is not said here is taken from `lower`; a key wins whole.
    pub(in crate::config) fn or(self, lower: Self) -> Self {
        Self {
            exec: self.exec.or(lower.exec),
            build: self.build.or(lower.build),
            args: self.args.or(lower.args),
            env: self.env.or(lower.env),
            env_file: self.env_file.or(lower.env_file),
            secrets: self.secrets.or(lower.secrets),
            protocol: self.protocol.or(lower.protocol),
            concurrency: self.concurrency.or(lower.concurrency),
            batch: self.batch.or(lower.batch),
            scale: self.scale.or(lower.scale),
            isolation: self.isolation.or(lower.isolation),
            limits: self.limits.or(lower.limits),
            timeout: self.timeout.or(lower.timeout),
            traffic: self.traffic.or(lower.traffic),
            tags: self.tags.or(lower.tags),
            on: self.on.or(lower.on),
        }
    }

    /// The same with paths that are meant to begin in this folder.
    pub(in crate::config) fn within(self, folder: &Path) -> Self {
        let inside =
            |path: At<String>| At { value: folder.join(&path.value).to_string_lossy().into(), ..path };
        let env_file = self.env_file.map(|files| files.into_iter().map(inside).collect());
        let secret = |(name, secret): (At<String>, Secret)| (name, secret.within(folder));
        let secrets = self.secrets.map(|secrets| secrets.into_iter().map(secret).collect());
        Self { env_file, secrets, ..self }
    }
}

/// Whether hydrant sets this variable itself.
pub(in crate::config) fn is_ours(variable: &str) -> bool {
    ENV_OURS.contains(&variable) || variable.starts_with("CE_")
}

fn exec(value: &Value<'_>) -> Option<At<String>> {
    let exec = value.word()?;
    if exec.value.is_empty() {
        return value.refuse(
            "the path of a program",
            "empty",
            "leave the key out to use the file in the folder",
        );
    }
    Some(exec)
}

fn build(value: &Value<'_>) -> Option<At<String>> {
    let build = value.word()?;
    if build.value.trim().is_empty() {
        return value.refuse("a command for the shell", "empty", "build = \"make\", or leave the key out");
    }
    Some(build)
}

fn args(value: &Value<'_>) -> Option<Vec<String>> {
    if !value.is_list() {
        return value.refuse("a list of texts", "none", "args = [\"--flag\", \"value\"]");
    }
    let items = value.items();
    let args: Vec<String> = items.iter().filter_map(Value::word).map(|arg| arg.value).collect();
    (args.len() == items.len()).then_some(args)
}

fn env(value: &Value<'_>) -> Option<BTreeMap<String, String>> {
    let entries = value.entries(&value.section_inside())?;
    entries.iter().map(|(name, value)| Some((variable(name, value)?, value.word()?.value))).collect()
}

fn secrets(value: &Value<'_>) -> Option<Secrets> {
    let entries = value.entries(&value.section_inside())?;
    let secret = |(name, value): &(At<String>, Value<'_>)| {
        variable(name, value)?;
        Some((name.clone(), Secret::read(value)?))
    };
    entries.iter().map(secret).collect()
}

fn variable(name: &At<String>, value: &Value<'_>) -> Option<String> {
    let refuse = |is: &str, help: &str| {
        let called = format!("`{}`", name.value);
        value.problems().bad_value(&name.place, &called, "a variable of the function's own", is, help)
    };
    if is_ours(&name.value) {
        return refuse("one hydrant sets", "choose another name");
    }
    if name.value.is_empty() || name.value.contains(['=', '\0']) {
        return refuse("no name of a variable", "no `=` in it, and not empty");
    }
    Some(name.value.clone())
}
