//! Functions as they can be run: their revisions, and the processes of each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use activator::Input;
use activator::id::{FunctionId, InstanceId, Revision};
use activator::lifecycle::Availability;
use hashbrown::HashMap;
use hyper::upgrade::OnUpgrade;

use super::Inbox;
use super::terms::Terms;
use crate::config::resolved::{Found, Function, Named, Program, Resolved};
use crate::dispatch::{self, InstanceHandle, Learned, Order};
use crate::logs::Logs;
use crate::process::{Lines, Spawner};

pub(super) struct Fleet {
    spawner: Spawner,
    inbox: Inbox,
    logs: Logs,
    functions: BTreeMap<FunctionId, Member>,
    terms: Terms,
    /// The port of the ingress.
    ingress: u16,
    instances: HashMap<InstanceId, Running>,
    /// Whether there was a configuration before: what is there from the beginning is no news.
    configured: bool,
}

/// A function, and what a new process would run.
struct Member {
    function: Arc<Function>,
    /// What the activator tells its programs apart by. What people call a revision is the program's own number.
    revision: Revision,
    program: Option<Arc<Program>>,
    /// Nothing before it was started.
    past: Option<Box<Past>>,
}

/// What is kept of the processes there were.
#[derive(Default)]
struct Past {
    /// Of the current revision.
    learned: Arc<Learned>,
    lines: Lines,
}

struct Running {
    handle: InstanceHandle,
    revision: Revision,
    started: Instant,
    ready: Option<Instant>,
}

impl Fleet {
    pub(super) fn new(spawner: Spawner, inbox: Inbox, logs: Logs) -> Self {
        Self {
            spawner,
            inbox,
            logs,
            functions: BTreeMap::new(),
            terms: Terms::default(),
            ingress: 0,
            instances: HashMap::new(),
            configured: false,
        }
    }

    /// Compares the functions with what was there. Gives what changed; equal content and settings are the same
    /// revision.
    pub(super) fn configure(&mut self, config: &Resolved) -> Vec<(FunctionId, Availability)> {
        self.ingress = config.runtime.listen.port();
        let mut changed = Vec::new();
        for (&id, function) in &config.functions {
            match self.functions.get_mut(&id).filter(|known| *known.function == **function) {
                Some(known) => known.function = Arc::clone(function),
                None => changed.push((id, self.revise(id, function))),
            }
        }
        // What is gone is remembered: a revision's number means one content, also when the name comes back.
        for (&id, member) in &mut self.functions {
            if !config.functions.contains_key(&id) && member.function.found != Found::Absent {
                Arc::make_mut(&mut member.function).found = Found::Absent;
                changed.push((id, Availability::Absent));
            }
        }
        if !self.configured {
            // Built of all at once its nodes are full; one by one, in order, they are half empty.
            self.functions = std::mem::take(&mut self.functions).into_iter().collect();
        }
        self.configured = true;
        changed
    }

    fn revise(&mut self, id: FunctionId, function: &Arc<Function>) -> Availability {
        let member = self.functions.entry(id).or_insert_with(|| Member {
            function: Arc::clone(function),
            revision: Revision(0),
            program: None,
            past: None,
        });
        if self.configured && member.function.named != function.named {
            tracing::info!(function = %function.name, "traffic: {}", shares(&function.named));
        }
        member.function = Arc::clone(function);
        match &function.found {
            Found::Absent => Availability::Absent,
            Found::Broken(reason) => Availability::Broken(reason.clone()),
            Found::Program(program) => {
                // The file may be gone for a moment while it is replaced: the same content is the same revision.
                let before = member.program.replace(Arc::clone(program));
                if before.as_deref().is_none_or(|before| !is_same(before, program)) {
                    member.revision = Revision(member.revision.0 + 1);
                    member.past.iter_mut().for_each(|past| past.learned = Arc::default());
                    let is_saved = before.as_ref().is_none_or(|before| before.revision != program.revision);
                    if self.configured && is_saved && function.of.is_none() {
                        let what = what_changed(before.as_deref(), program);
                        let (number, unserved) = (program.revision, unserved(&function.named));
                        tracing::info!(function = %function.name, "{what} -> r{number}{}{unserved}", named(program));
                    }
                }
                self.terms.of(id, program, member.revision)
            }
        }
    }

    /// Holds a function at so many processes, or lets go of it. Gives how it is to be run, if it can be.
    pub(super) fn pin(&mut self, id: FunctionId, number: Option<u32>) -> Option<Availability> {
        self.terms.pin(id, number);
        let member = self.functions.get(&id)?;
        let what = number.map_or_else(|| "pinned no more".to_owned(), |number| format!("pinned at {number}"));
        tracing::info!(function = %member.function.name, "{what}");
        let Found::Program(program) = &member.function.found else { return None };
        Some(self.terms.again(id, program, member.revision))
    }

    /// At how many processes somebody pinned a function.
    pub(super) fn pinned(&self, id: FunctionId) -> Option<u32> {
        self.terms.pinned(id)
    }

    pub(super) fn start(&mut self, id: InstanceId) {
        self.begin(id, dispatch::start);
    }

    /// Makes a place for a process that somebody else starts, at the other end of this connection.
    pub(super) fn attach(&mut self, id: InstanceId, upgrade: OnUpgrade) {
        self.begin(id, |start| dispatch::attach(start, upgrade));
    }

    fn begin(&mut self, id: InstanceId, begin: impl FnOnce(dispatch::Start) -> InstanceHandle) {
        let Some(member) = self.functions.get_mut(&id.function) else { return self.never_was(id) };
        let Some(program) = member.program.clone() else { return self.never_was(id) };
        if program.exactly.as_ref().is_some_and(|stat| !stat.is_of(&program.path)) {
            return self.overwritten(id, &program);
        }
        let (past, revision) = (member.past.get_or_insert_default(), program.revision);
        let handle = begin(dispatch::Start {
            id,
            name: Arc::clone(&member.function.name),
            program,
            learned: Arc::clone(&past.learned),
            spawner: self.spawner.clone(),
            lines: past.lines.clone(),
            logs: self.logs.clone(),
            ingress: self.ingress,
            inbox: self.inbox.clone(),
        });
        let running = Running { handle, revision, started: Instant::now(), ready: None };
        self.instances.insert(id, running);
    }

    /// What was kept of an older revision is not what it was: so that revision is none any more.
    fn overwritten(&self, id: InstanceId, program: &Program) {
        let (path, revision) = (program.path.display(), program.revision);
        let reason = format!("r{revision} cannot run: {path} is not the file that was kept any more");
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let now = Availability::Broken(reason.clone());
            inbox.happened(Input::Revised { function: id.function, now }).await;
            inbox.exited(id, reason).await;
        });
    }

    /// The activator starts only what it was told is present, so this is a bug of ours; it is answered all the same.
    fn never_was(&self, id: InstanceId) {
        tracing::error!(?id, "asked to start a function that is not there");
        let inbox = self.inbox.clone();
        tokio::spawn(async move { inbox.exited(id, "not there".to_owned()).await });
    }

    /// Tells an instance something; gives the order back when the instance is gone.
    pub(super) fn tell(&self, id: InstanceId, order: Order) -> Result<(), Box<Order>> {
        match self.instances.get(&id) {
            Some(running) => running.handle.tell(order),
            None => Err(Box::new(order)),
        }
    }

    pub(super) fn ready(&mut self, id: InstanceId, now: Instant) {
        if let Some(running) = self.instances.get_mut(&id) {
            running.ready = Some(now);
            let took = now.saturating_duration_since(running.started);
            tracing::debug!(function = %self.name(id.function), "accepts requests after {took:?}");
        }
    }

    /// Whether an instance is known to accept requests.
    pub(super) fn is_ready(&self, id: InstanceId) -> bool {
        self.ready_at(id).is_some()
    }

    /// When an instance was first known to accept requests.
    pub(super) fn ready_at(&self, id: InstanceId) -> Option<Instant> {
        self.instances.get(&id).and_then(|running| running.ready)
    }

    pub(super) fn gone(&mut self, id: InstanceId) {
        self.instances.remove(&id);
    }

    pub(super) fn name(&self, id: FunctionId) -> &str {
        self.functions.get(&id).map_or("?", |member| &member.function.name)
    }

    /// What a new process would run; nothing while there is nothing to run.
    pub(super) fn revision(&self, id: FunctionId) -> Option<Revision> {
        self.functions.get(&id)?.program.as_ref().map(|program| program.revision)
    }

    /// What an instance runs.
    pub(super) fn revision_of(&self, id: InstanceId) -> Option<Revision> {
        self.instances.get(&id).map(|running| running.revision)
    }

    /// The last lines a function printed.
    pub(super) fn last_lines(&self, id: FunctionId, n: usize) -> Vec<String> {
        let past = self.functions.get(&id).and_then(|member| member.past.as_ref());
        past.map_or_else(Vec::new, |past| past.lines.last(n).iter().map(ToString::to_string).collect())
    }
}

/// Whether it is the same program. One that was kept is, wherever it lies.
fn is_same(before: &Program, now: &Program) -> bool {
    before == now || now.exactly.is_some() && Program { path: now.path.clone(), ..before.clone() } == *now
}

/// `r3 10 %, latest 90 %`.
fn shares(named: &[Named]) -> String {
    let shares = named.iter().filter(|named| named.percent > 0);
    let shares: Vec<_> = shares.map(|named| format!("{} {} %", named.label(), named.percent)).collect();
    if shares.is_empty() { "latest 100 %".to_owned() } else { shares.join(", ") }
}

/// What people have to know of a revision that was saved and does not get everything.
fn unserved(named: &[Named]) -> String {
    let latest = named.iter().filter(|named| named.revision.is_none()).map(|named| named.percent).sum();
    match latest {
        _ if named.is_empty() => String::new(),
        100 => String::new(),
        0 => format!(", which gets no traffic: `traffic` is {}", shares(named)),
        _ => format!(", which gets its share of traffic: {}", shares(named)),
    }
}

/// What made a revision, for people.
fn what_changed(before: Option<&Program>, now: &Program) -> String {
    let shown = now.path.strip_prefix(&now.terms.dir).unwrap_or(&now.path).display();
    match before {
        None => format!("{shown} is new"),
        Some(before) if before.content == now.content => "its settings changed".to_owned(),
        Some(_) => {
            format!("{} changed", now.content.because().map_or_else(|| shown.to_string(), str::to_owned))
        }
    }
}

/// ` (a91f0c3e)`: a content's name, where it is known by now.
fn named(program: &Program) -> String {
    program.content.hash().map_or_else(String::new, |hash| format!(" ({})", hash.short()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::resolved::{self, Protocol};
    use crate::history::fixture;
    use activator::lifecycle::{Overflow, Settings};
    use activator::scale::Scaling;

    const ID: FunctionId = FunctionId(0);

    /// A configuration with one function, if any, of this size.
    fn config(size: Option<u64>) -> Resolved {
        let mut config = fixture::resolved();
        config.functions.clear();
        if let Some(size) = size {
            let found = Found::Program(Arc::new(program(size)));
            let (secret_files, named) = (Box::default(), Box::default());
            let function =
                Function { name: "bill".into(), found, secret_files, build: None, named, of: None };
            config.functions.insert(ID, Arc::new(function));
        }
        config
    }

    fn program(size: u64) -> Program {
        Program {
            revision: Revision(u32::try_from(size).unwrap()),
            exactly: None,
            path: Path::new("/bill").into(),
            content: crate::config::resolved::Content::numbered(size),
            terms: Arc::new(terms()),
        }
    }

    fn terms() -> resolved::Terms {
        let none = std::time::Duration::ZERO;
        resolved::Terms {
            args: Vec::new(),
            env: BTreeMap::new(),
            secrets: crate::config::resolved::Secrets::default(),
            dir: "/".into(),
            protocol: Protocol::Http,
            batch: None,
            isolation: crate::config::resolved::Isolation::default(),
            limits: crate::config::resolved::Limits::default(),
            settings: Settings {
                revision: Revision(0),
                single_use: false,
                concurrency: u32::MAX,
                scaling: Scaling::default(),
                overflow: Overflow::default(),
                start_timeout: none,
                call_timeout: none,
                response_timeout: None,
                drain_timeout: none,
            },
        }
    }

    fn fleet() -> Fleet {
        let (inbox, _) = Inbox::to_test(1);
        Fleet::new(Spawner::start(None).unwrap(), inbox, Logs::default())
    }

    fn revision(changed: &[(FunctionId, Availability)]) -> u32 {
        match changed {
            [(ID, Availability::Present(settings))] => settings.revision.0,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_name_that_comes_back_with_other_content_is_another_revision() {
        let mut fleet = fleet();
        assert_eq!(revision(&fleet.configure(&config(Some(1)))), 1);
        assert_eq!(fleet.configure(&config(None)), [(ID, Availability::Absent)]);
        assert_eq!(fleet.configure(&config(None)), [], "it is gone already");
        assert_eq!(revision(&fleet.configure(&config(Some(1)))), 1, "nothing changed");
        fleet.configure(&config(None));
        assert_eq!(revision(&fleet.configure(&config(Some(2)))), 2);
    }

    #[tokio::test]
    async fn a_process_without_limit_is_given_no_more_than_its_queue_holds() {
        let changed = fleet().configure(&config(Some(1)));
        let [(_, Availability::Present(settings))] = &changed[..] else { panic!("{changed:?}") };
        assert_eq!(settings.concurrency, dispatch::IN_FLIGHT_MAX);
    }

    #[tokio::test]
    async fn a_function_is_held_at_a_number_over_changes_and_it_is_no_new_revision() {
        let mut fleet = fleet();
        let before = settings(fleet.configure(&config(Some(1))).pop().map(|(_, now)| now));
        let pinned = settings(fleet.pin(ID, Some(3)));
        assert_eq!((pinned.scaling.min, pinned.scaling.max, pinned.revision), (3, 3, before.revision));
        let saved = settings(fleet.configure(&config(Some(2))).pop().map(|(_, now)| now));
        assert_eq!((saved.scaling.min, saved.scaling.max, fleet.pinned(ID)), (3, 3, Some(3)));
        let free = settings(fleet.pin(ID, None));
        assert_eq!((free.scaling, free.revision, fleet.pinned(ID)), (before.scaling, saved.revision, None));
    }

    fn settings(now: Option<Availability>) -> Settings {
        match now {
            Some(Availability::Present(settings)) => *settings,
            other => panic!("{other:?}"),
        }
    }
}
