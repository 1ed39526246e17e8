//! The task that keeps programs running that are sources: it follows the configuration, and ends them all at the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::board::State;
use super::life::Life;
use super::source::Container;
use crate::config::resolved::{Found, Program};
use crate::driver::Handle;
use crate::process::{Lines, Spawner};
use crate::sources::tasks::Tasks;

struct Keeping {
    driver: Handle,
    spawner: Spawner,
    listen: SocketAddr,
    tasks: Tasks<Container>,
}

/// Keeps them running until told to stop; done when all have ended.
pub(crate) async fn run(
    driver: Handle,
    spawner: Spawner,
    listen: SocketAddr,
    mut stop: watch::Receiver<bool>,
) {
    let mut configured = driver.configured();
    let mut keeping = Keeping { driver, spawner, listen, tasks: Tasks::none() };
    keeping.configure();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Ok(()) = configured.changed() => keeping.configure(),
            Some(()) = keeping.tasks.ended() => {}
        }
    }
    keeping.tasks.end().await;
}

impl Keeping {
    fn configure(&mut self) {
        let config = self.driver.config();
        self.tasks.retain(|name| config.containers.contains_key(name));
        for source in config.containers.values() {
            self.follow(source, config.runtime.drain);
        }
        self.driver.containers().retain(|name| config.containers.contains_key(name));
    }

    /// Starts it, or again when it became another. What cannot run takes no place of what does.
    fn follow(&mut self, source: &Arc<Container>, drain: Duration) {
        if self.tasks.runs(&source.name, source) {
            return;
        }
        match &source.found {
            Found::Program(program) => self.start(source, program, drain),
            Found::Absent => self.trouble(source, "its program is not there"),
            Found::Broken(reason) => self.trouble(source, reason),
        }
    }

    fn trouble(&self, source: &Container, reason: &str) {
        let runs = self.tasks.has(&source.name);
        self.driver.containers().note(&source.name, |standing| {
            standing.error = Some(reason.to_owned());
            if !runs {
                standing.state = State::Broken;
            }
        });
    }

    fn start(&mut self, source: &Arc<Container>, program: &Arc<Program>, drain: Duration) {
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
        let name = Arc::clone(&source.name);
        self.tasks.begin(&source.name, source, move |stopped| async move {
            board.note(&name, |standing| standing.error = None);
            life.live(stopped).await;
        });
    }
}
