//! The life of the runtime: configuration, start, wait, drain.

mod abandon;
mod build;
mod hotkeys;
mod lock;
mod log;
mod ready;
mod reload;
mod unheld;

use std::future::pending;
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Mutex, watch};
use tokio::task::{JoinHandle, JoinSet};

use self::hotkeys::Hotkeys;
use self::lock::StateLock;
use self::reload::Reloader;
use self::unheld::unheld;
pub(crate) use self::unheld::unheld_here;
use crate::admin::{About, Doors};
use crate::config::resolved::{Cgroup, Resolved, Runtime};
use crate::config::{Diagnostic, Loader, Overrides, summary};
use crate::driver::{Driver, Handle};
use crate::history::{Archive, History};
use crate::ingress::{self, Ingress};
use crate::ping;
use crate::process::{self, Groups, Spawner};
use crate::sources::{container, file_watch};

/// Events whose verdicts are remembered, without the disk.
const HISTORY_EVENTS: usize = 10_000;

/// What the command line says.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The project's folder; functions run in it.
    pub(crate) project: PathBuf,
    /// The configuration file, when it is not the project's `runtime.toml`.
    pub(crate) config: Option<PathBuf>,
    pub(crate) overrides: Overrides,
    pub(crate) mode: Mode,
    pub(crate) voice: Voice,
    /// How long what is in flight may take at the end, instead of the configured time.
    pub(crate) drain: Option<Duration>,
    /// How often to look for changes, instead of what is configured.
    pub(crate) poll: Option<Duration>,
    /// Whether functions are built when their sources change.
    pub(crate) build: bool,
    /// Whether to leave behind what the log of a channel holds that is not durable any more.
    pub(crate) abandon: bool,
}

/// How it talks on stderr.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    /// What is logged, unless `HYDRANT_LOG` says otherwise.
    pub(crate) level: &'static str,
    pub(crate) colour: bool,
}

/// For whom it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// For a developer: watches, and talks.
    Dev,
    /// For a server: logs JSON lines, and watches only if told to.
    Run,
    /// For a verb that tries functions: everything stays as it is meanwhile, and the verb does the talking.
    Test,
}

/// It listens, and takes events.
pub(crate) struct Ready {
    pub(crate) about: About,
    pub(crate) config: Arc<Resolved>,
}

/// The configuration is broken, or it cannot be read.
const EXIT_CONFIG: u8 = 3;

/// What clients of the ingress get to take their last answers, once nothing is in flight any more.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// What is left may take this long to end.
const END_MAX: Duration = Duration::from_secs(1);

/// Runs until it is told to stop.
pub(crate) fn serve(options: Options) -> ExitCode {
    serve_while(options, |_| pending()).map_or_else(|failed| failed, |_: Option<()>| ExitCode::SUCCESS)
}

/// Runs while something goes on that begins when it is ready, and gives what that came to: nothing where it was told to
/// stop before.
///
/// # Errors
/// The exit code, when it cannot run; why is said.
pub(crate) fn serve_while<F: Future>(
    options: Options,
    life: impl FnOnce(Ready) -> F,
) -> Result<Option<F::Output>, ExitCode> {
    let started = Instant::now();
    log::start(options.mode, options.voice);
    let being_written = process::is_written_to;
    let loader =
        Loader::new(&options.project, options.config.as_deref(), options.overrides.clone(), being_written);
    let mut loader = match loader {
        Ok(loader) => loader,
        Err(error) => {
            return Err(fail(&anyhow::Error::new(error).context("cannot find the project's folder")));
        }
    };
    if options.build {
        loader = loader.building();
    }
    let loaded = loader.load();
    print(&loaded.diagnostics, options.voice);
    let mut resolved = loaded.resolved.ok_or_else(|| ExitCode::from(EXIT_CONFIG))?;
    if let Some(drain) = options.drain {
        resolved.runtime.drain = drain;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads()).enable_all().build();
    let runtime = runtime
        .map_err(|error| fail(&anyhow::Error::new(error).context("cannot start the async runtime")))?;
    let lived = runtime.block_on(live(options, resolved, loader, started, life));
    // Ends whatever a second signal left behind: functions are killed with the tasks that own them.
    runtime.shutdown_timeout(END_MAX);
    process::end_strays();
    lived.map_err(|error| fail(&error))
}

/// Half of the processors: the other half is the functions'. An event passes from task to task, and each thread more
/// is one more to wake.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).max(1))
}

/// Says all that is wrong, on stderr.
fn print(diagnostics: &[Diagnostic], voice: Voice) {
    for diagnostic in diagnostics {
        eprintln!("{}", diagnostic.render(voice.colour));
    }
    if let Some(summary) = summary(diagnostics) {
        eprintln!("{summary}");
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

async fn live<F: Future>(
    options: Options,
    resolved: Resolved,
    loader: Loader,
    started: Instant,
    life: impl FnOnce(Ready) -> F,
) -> anyhow::Result<Option<F::Output>> {
    let mut stop_signals = Signals::new().context("cannot listen to signals")?;
    let lock = resolved.runtime.state.as_deref().map(StateLock::take).transpose()?;
    if let Some(lock) = &lock {
        process::end_orphans(&lock.journal()).context("cannot end what a killed runtime left running")?;
    }
    abandon::look(&resolved, options.abandon).await?;
    let journal = lock.as_ref().map(StateLock::journal);
    let groups = groups(&resolved.runtime.cgroup)?;
    groups.iter().for_each(Groups::end_left_over);
    let controllers = groups.as_ref().map(Groups::controllers).unwrap_or_default();
    print(&unheld(&resolved, controllers), options.voice);
    let spawner =
        Spawner::start_in(journal.as_deref(), groups.clone()).context("cannot start the spawner")?;
    process::watch_strays().context("cannot watch what functions leave behind")?;

    let resolved = Arc::new(resolved);
    let listener = ingress::bind(resolved.runtime.listen).map_err(anyhow::Error::msg)?;
    let listen = listener.local_addr().context("the ingress has no address")?;
    let history = Arc::new(history(&resolved.runtime)?);
    let (driver, handle) = Driver::new(Arc::clone(&resolved), spawner.clone(), Arc::clone(&history));
    let doors = Doors::open(&options.project, &resolved.runtime).await?;
    let (stop, stopped) = watch::channel(false);

    let driver = tokio::spawn(driver.run());
    handle.wait_open().await;
    // A test fires them itself.
    let pings = ping::run(handle.clone(), stopped.clone());
    let pings = if resolved.runtime.ephemeral { tokio::spawn(async {}) } else { tokio::spawn(pings) };
    let files = tokio::spawn(file_watch::run(handle.clone(), options.poll, stopped.clone()));
    let ingress = tokio::spawn(ingress::serve(
        Ingress::new(handle.clone(), Arc::clone(&history), listen),
        listener,
        stopped,
    ));
    let (end_programs, programs) = watch::channel(false);
    let programs = container::run(handle.clone(), spawner.clone(), listen, programs);
    let programs = if resolved.runtime.ephemeral { tokio::spawn(async {}) } else { tokio::spawn(programs) };
    let admin = doors.serve(listen, handle.clone(), Arc::clone(&history))?;
    let hotkeys = Hotkeys::open(options.mode, &handle, &history);
    let ready = Ready { about: admin.about().clone(), config: Arc::clone(&resolved) };
    ready::say(options.mode, &ready, hotkeys.is_some(), started);

    process::trim_memory();
    let reloader = Reloader::new(options, loader, handle.clone(), spawner, controllers, &resolved);
    let lived = tokio::select! {
        () = run_until_told(&mut stop_signals, reloader, hotkeys) => None,
        lived = life(ready) => Some(lived),
    };
    tracing::info!("stopping: finishing what is in flight");
    let stopped = async {
        // What they send at their end is taken.
        end_programs.send_replace(true);
        programs.await.ok();
        stop.send_replace(true);
        last(pings).await;
        last(files).await;
        drain(&handle, driver).await;
        last(ingress).await;
        admin.stop().await;
    };
    tokio::select! {
        () = stopped => {}
        // Loses nothing either: what was not committed comes again.
        () = stop_signals.stop() => tracing::warn!("stopping at once; what was in flight comes again"),
    }
    close(history).await;
    // Nobody starts anything any more, and nothing outlives us.
    if let Some(groups) = groups {
        tokio::task::block_in_place(|| groups.end());
    }
    drop(lock);
    Ok(lived)
}

/// What is kept of what became of events: on disk, where anything is.
fn history(runtime: &Runtime) -> anyhow::Result<History> {
    if runtime.ephemeral {
        return Ok(History::whole(HISTORY_EVENTS));
    }
    let Some(state) = runtime.state.as_ref().filter(|_| runtime.history.events > 0) else {
        return Ok(History::new(HISTORY_EVENTS));
    };
    let archive = Archive::start(state.join("history"), runtime.history);
    let archive = archive.context("cannot start the thread that keeps the history")?;
    Ok(History::kept(HISTORY_EVENTS, Some(archive)))
}

/// Writes what is left of the history, unless the disk takes too long for it.
async fn close(history: Arc<History>) {
    let closed = tokio::task::spawn_blocking(move || history.close());
    if tokio::time::timeout(END_MAX, closed).await.is_err() {
        tracing::warn!("the end of the history was not written in time");
    }
}

/// The groups of processes; an error only where they are asked for by name.
fn groups(wanted: &Cgroup) -> anyhow::Result<Option<Groups>> {
    let groups = match wanted {
        Cgroup::Off => return Ok(None),
        Cgroup::Auto => Groups::of_our_own(),
        Cgroup::Below(folder) => {
            let groups = Groups::below(folder).map(Some).map_err(anyhow::Error::msg);
            return groups.context("cannot use the `cgroup` in [runtime]");
        }
    };
    groups
        .inspect_err(|why| tracing::debug!("processes are without cgroups: {why}"))
        .map_or(Ok(None), |g| Ok(Some(g)))
}

/// Follows changes until a signal says to stop, or somebody at the terminal.
async fn run_until_told(signals: &mut Signals, reloader: Reloader, hotkeys: Option<Hotkeys>) {
    let reloader = Arc::new(Mutex::new(reloader));
    // A task of its own, which ends with this: whatever it waits for, a signal is heard.
    let mut following = JoinSet::new();
    following.spawn(reload::follow(Arc::clone(&reloader)));
    let mut quit = pin!(async {
        match hotkeys {
            Some(hotkeys) => hotkeys.until_quit().await,
            None => pending().await,
        }
    });
    loop {
        tokio::select! {
            told = signals.next() => match told {
                Told::Reload => reload::reload(&reloader).await,
                Told::Stop => return,
            },
            () = &mut quit => return,
        }
    }
}

/// Brings everything to zero.
async fn drain(handle: &Handle, driver: JoinHandle<()>) {
    handle.drain().await;
    if let Err(error) = driver.await {
        tracing::error!(%error, "the driver broke");
    }
}

/// Waits for clients to take what was answered, and for events of sources to be stored; what does not end by itself, such as
/// a client that never sent its request, is cut off.
async fn last(mut task: JoinHandle<()>) {
    if tokio::time::timeout(LAST_ANSWERS, &mut task).await.is_err() {
        task.abort();
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.reload.recv() => Told::Reload,
        }
    }

    async fn stop(&mut self) {
        while self.next().await != Told::Stop {}
    }
}

#[derive(PartialEq, Eq)]
enum Told {
    Stop,
    Reload,
}
