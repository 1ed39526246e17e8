//! The task that keeps programs running that are sources: it follows the configuration, and ends them all at the end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::board::State;
use super::life::Life;
use super::source::Container;
use crate::config::resolved::{Found, Program};
use crate::driver::Handle;
use crate::process::{Lines, Spawner};

struct Keeping {
    driver: Handle,
    spawner: Spawner,
    listen: SocketAddr,
    running: BTreeMap<Arc<str>, Running>,
    /// Those that nobody wants any more.
    ending: JoinSet<()>,
}

/// One that was started, and what it was then.
struct Running {
    source: Arc<Container>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Done when it has ended.
    async fn end(self) {
        self.stop.send_replace(true);
        // One that broke has ended.
        self.task.await.ok();
    }
}

/// Keeps them running until told to stop; done when all have ended.
pub(crate) async fn run(
    driver: Handle,
    spawner: Spawner,
    listen: SocketAddr,
    mut stop: watch::Receiver<bool>,
) {
    let mut configured = driver.configured();
    let mut keeping = Keeping { driver, spawner, listen, running: BTreeMap::new(), ending: JoinSet::new() };
    keeping.configure();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Ok(()) = configured.changed() => keeping.configure(),
            Some(_) = keeping.ending.join_next() => {}
        }
    }
    for running in std::mem::take(&mut keeping.running).into_values() {
        keeping.ending.spawn(running.end());
    }
    while keeping.ending.join_next().await.is_some() {}
}

impl Keeping {
    fn configure(&mut self) {
        let config = self.driver.config();
        let gone = self.running.extract_if(.., |name, _| !config.containers.contains_key(name));
        for (_, running) in gone {
            self.ending.spawn(running.end());
        }
        for source in config.containers.values() {
            self.follow(source, config.runtime.drain);
        }
        self.driver.containers().retain(|name| config.containers.contains_key(name));
    }

    /// Starts it, or again when it became another. What cannot run takes no place of what does.
    fn follow(&mut self, source: &Arc<Container>, drain: Duration) {
        if self.running.get(&source.name).is_some_and(|running| running.source == *source) {
            return;
        }
        match &source.found {
            Found::Program(program) => self.start(source, program, drain),
            Found::Absent => self.trouble(source, "its program is not there"),
            Found::Broken(reason) => self.trouble(source, reason),
        }
    }

    fn trouble(&self, source: &Container, reason: &str) {
        let runs = self.running.contains_key(&source.name);
        self.driver.containers().note(&source.name, |standing| {
            standing.error = Some(reason.to_owned());
            if !runs {
                standing.state = State::Broken;
            }
        });
    }

    fn start(&mut self, source: &Arc<Container>, program: &Arc<Program>, drain: Duration) {
        let before = self.running.remove(&source.name);
        let board = self.driver.containers().clone();
        let life = Life {
            source: Arc::clone(source),
            program: Arc::clone(program),
            driver: self.driver.clone(),
            spawner: self.spawner.clone(),
            listen: self.listen,
            board: board.clone(),
            grace: program.terms.settings.drain_timeout.min(drain),
            lines: Lines::default(),
        };
        let (stop, stopped) = watch::channel(false);
        let name = Arc::clone(&source.name);
        let task = tokio::spawn(async move {
            // There are never two of it.
            if let Some(before) = before {
                before.end().await;
            }
            board.note(&name, |standing| standing.error = None);
            life.live(stopped).await;
        });
        self.running.insert(Arc::clone(&source.name), Running { source: Arc::clone(source), stop, task });
    }
}
