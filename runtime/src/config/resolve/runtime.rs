//! `[runtime]`, with flags and the environment on top and the defaults below.

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::codes::Code;
use crate::config::diagnostic::{Diagnostic, Problems};
use crate::config::overrides::{Given, Overrides};
use crate::config::raw::{self, State};
use crate::config::resolved::{Cgroup, Runtime};
use crate::config::source::At;
use crate::history::Bounds;

const LISTEN_PORT: u16 = 8080;
const ADMIN_PORT: u16 = 8088;
const FUNCTIONS: &str = "functions";
const STATE: &str = ".hydrant";
const BODY_BYTES_MAX: usize = 1 << 20;
const BUDGET_BYTES: usize = 64 << 20;
const DRAIN: Duration = Duration::from_secs(10);
const REVISIONS_MAX: usize = 10;
const HISTORY: Bounds = Bounds { events: 100_000, age: Duration::from_secs(24 * 3_600), bytes: 256 << 20 };
/// Less than this is hardly an event with its data and attempts.
const HISTORY_BYTES_MIN: usize = 1 << 20;

pub(in crate::config) fn runtime(
    project: &Path,
    raw: &raw::Runtime,
    overrides: &Overrides,
    problems: &Problems,
) -> Runtime {
    let listen = Setting::of("listen", &overrides.listen, &raw.listen);
    let admin = Setting::of("admin", &overrides.admin, &raw.admin);
    let state = Setting::of("state", &overrides.state, &raw.state);
    let state = state.read("a folder, or \"memory\"", "such as \".hydrant\"", raw::state, problems);
    let cgroup = Setting::of("cgroup", &None, &raw.cgroup);
    let help = "such as \"/sys/fs/cgroup/hydrant\"; `hydrant doctor` says what \"auto\" finds";
    let cgroup = cgroup.read("\"auto\", \"off\" or an absolute path", help, raw::cgroup, problems);
    let listen_address = listen.address(LISTEN_PORT, problems);
    let state = match state.unwrap_or_else(|| State::Folder(STATE.into())) {
        State::Memory => None,
        State::Folder(folder) => Some(project.join(folder)),
    };
    Runtime {
        listen: listen_address,
        admin: admin_address(&admin, listen_address, problems),
        functions: folders(project, raw.functions.as_deref(), problems),
        history: history(raw, state.is_some() || overrides.ephemeral, problems),
        state,
        body_bytes_max: raw.body_max.as_ref().map_or(BODY_BYTES_MAX, |size| size.value),
        budget_bytes: budget(raw, problems),
        drain: raw.drain.unwrap_or(DRAIN),
        cgroup: cgroup.unwrap_or(Cgroup::Auto),
        holds: overrides.holds,
        ephemeral: overrides.ephemeral,
        revisions_max: raw.revisions.as_ref().map_or(REVISIONS_MAX, |n| n.value as usize),
    }
}

/// A text from the environment, a flag or the file, and the key it is for.
struct Setting {
    key: &'static str,
    text: Option<At<String>>,
}

impl Setting {
    fn of(key: &'static str, given: &Option<Given>, written: &Option<At<String>>) -> Self {
        let given = given.as_ref().map(|given| At::given(given.origin, &given.text));
        Self { key, text: given.or_else(|| written.clone()) }
    }

    fn read<T, E: Display>(
        &self,
        wanted: &str,
        help: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
        problems: &Problems,
    ) -> Option<T> {
        match read(&self.text.as_ref()?.value) {
            Ok(value) => Some(value),
            Err(error) => self.refuse(wanted, error, help, problems),
        }
    }

    fn address(&self, default_port: u16, problems: &Problems) -> SocketAddr {
        let help = format!("such as \"127.0.0.1:{default_port}\"");
        let address = self.read("an address with a port", &help, raw::address, problems);
        address.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, default_port).into())
    }

    fn refuse<T>(&self, wanted: &str, is: impl Display, help: &str, problems: &Problems) -> Option<T> {
        let place = &self.text.as_ref()?.place;
        problems.bad_value(place, &format!("`{}` in [runtime]", self.key), wanted, is, help)
    }
}

/// Whoever reaches the admin address can start processes, and nothing asks who they are but the loopback.
fn admin_address(setting: &Setting, listen: SocketAddr, problems: &Problems) -> SocketAddr {
    let address = setting.address(ADMIN_PORT, problems);
    if !address.ip().is_loopback() {
        setting.refuse::<()>("a loopback address", "open to others", "use 127.0.0.1 or [::1]", problems);
    }
    if address == listen && address.port() != 0 {
        setting.refuse::<()>(
            "another address than `listen`",
            "the same one",
            "choose another port",
            problems,
        );
    }
    address
}

fn folders(project: &Path, written: Option<&[At<String>]>, problems: &Problems) -> Vec<PathBuf> {
    let Some(written) = written else {
        return vec![project.join(FUNCTIONS)];
    };
    let mut folders = Vec::new();
    for folder in written {
        let path = project.join(&folder.value);
        if folders.contains(&path) {
            let called = "`functions` in [runtime]";
            problems.bad_value::<()>(
                &folder.place,
                called,
                "different folders",
                "listed twice",
                "name it once",
            );
        } else {
            folders.push(path);
        }
    }
    folders
}

/// What is not said is as if nothing was.
fn history(raw: &raw::Runtime, is_kept: bool, problems: &Problems) -> Bounds {
    let Some(At { value: written, place }) = &raw.history else { return HISTORY };
    if !is_kept {
        let title = "`history` in [runtime] has no effect with `state = \"memory\"`";
        let note = Diagnostic::new(Code::NoEffect, title.to_owned());
        problems.report(note.at(place, "ignored").help("it is what is kept in the state folder"));
    }
    if let Some(bytes) = written.bytes.as_ref().filter(|bytes| bytes.value < HISTORY_BYTES_MIN) {
        let (called, help) = ("`bytes` in [runtime] history", "`events = 0` keeps nothing on disk");
        problems.bad_value::<()>(&bytes.place, called, "at least 1MiB", "less", help);
    }
    Bounds {
        events: written.events.map_or(HISTORY.events, |events| events as usize),
        age: written.age.unwrap_or(HISTORY.age),
        bytes: written.bytes.as_ref().map_or(HISTORY.bytes, |bytes| bytes.value as u64),
    }
}

/// The budget holds at least one event, or that one would never be delivered.
fn budget(raw: &raw::Runtime, problems: &Problems) -> usize {
    let body_max = raw.body_max.as_ref().map_or(BODY_BYTES_MAX, |size| size.value);
    let budget = raw.budget.as_ref().map_or(BUDGET_BYTES, |size| size.value);
    if budget < body_max
        && let Some(place) = raw.budget.as_ref().or(raw.body_max.as_ref()).map(|size| &size.place)
    {
        let help = "the largest event must fit: raise `budget` or lower `body_max`";
        problems.bad_value::<()>(
            place,
            "`budget` in [runtime]",
            "at least `body_max`",
            "out of proportion",
            help,
        );
    }
    budget
}
