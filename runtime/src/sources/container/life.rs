//! The life of a program that is a source, over all its starts: it is started again whenever it ends, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use activator::lifecycle::restart_wait;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::board::{Board, State};
use super::output::Output;
use super::source::Container;
use crate::config::resolved::Program;
use crate::dispatch;
use crate::driver::Handle;
use crate::process::{Child, Collector, Exit, Lines, Spawner, Stream};

/// One that ran for so long did not fail to start: the waits begin anew.
const SOUND_AFTER: Duration = Duration::from_secs(30);
/// Lines that are told of what it printed last.
const LAST_WORDS_MAX: usize = 3;

pub(super) struct Life {
    pub(super) source: Arc<Container>,
    pub(super) program: Arc<Program>,
    pub(super) driver: Handle,
    pub(super) spawner: Spawner,
    /// Where the ingress is.
    pub(super) listen: SocketAddr,
    pub(super) board: Board,
    /// How long it may take to end when it is asked to.
    pub(super) grace: Duration,
    pub(super) lines: Lines,
}

impl Life {
    /// From its first start until it is told to stop, and has ended.
    pub(super) async fn live(self, mut stop: watch::Receiver<bool>) {
        let (kind, name) = &self.source.outlet.channel;
        tokio::select! {
            () = self.driver.wait_route(*kind, name) => {}
            () = told(&mut stop) => return,
        }
        let (mut failures, mut start) = (0, 1);
        loop {
            let began = Instant::now();
            let Some(reason) = self.run(start, &mut stop).await else { return };
            failures = if began.elapsed() >= SOUND_AFTER { 1 } else { failures + 1 };
            start += 1;
            let wait = restart_wait(failures);
            tracing::warn!(source = &*self.source.name, "it ended: {reason}; started again in {wait:?}");
            self.board.note(&self.source.name, |standing| {
                (standing.state, standing.error) = (State::Waiting, Some(reason));
            });
            tokio::select! {
                () = sleep(wait) => self.board.note(&self.source.name, |standing| standing.restarts += 1),
                () = told(&mut stop) => return,
            }
        }
    }

    /// Once. Gives how it ended by itself; nothing where it was told to stop.
    async fn run(&self, start: u32, stop: &mut watch::Receiver<bool>) -> Option<String> {
        self.board.note(&self.source.name, |standing| standing.state = State::Starting);
        let command = || self.source.command(&self.program, self.listen);
        let child = tokio::select! {
            child = dispatch::spawn(self.spawner.clone(), command) => child,
            () = told(stop) => return None,
        };
        let mut child = match child {
            Ok(child) => child,
            Err(error) => return Some(error.to_string()),
        };
        let running = State::Running { pid: child.pid(), since: SystemTime::now() };
        self.board.note(&self.source.name, |standing| standing.state = running);
        tracing::info!(source = &*self.source.name, pid = child.pid(), "it runs");
        let collector = self.collect(&mut child, start);
        let exit = tokio::select! {
            exit = child.wait() => Some(exit),
            () = told(stop) => None,
        };
        if exit.is_none() {
            self.end(&mut child).await;
        }
        collector.finish().await;
        exit.map(|exit| self.how(exit, start))
    }

    fn collect(&self, child: &mut Child, start: u32) -> Collector {
        let pipes = [(Stream::Stdout, child.stdout.take()), (Stream::Stderr, child.stderr.take())];
        let pipes = pipes.into_iter().filter_map(|(stream, pipe)| Some((stream, pipe?)));
        let (source, program) = (Arc::clone(&self.source.name), Arc::clone(&self.program));
        let output = Output { source, program, logs: self.driver.logs().clone(), start };
        Collector::start(pipes, &self.lines, output)
    }

    /// Asks it to end, and ends it when its grace is over.
    async fn end(&self, child: &mut Child) {
        self.board.note(&self.source.name, |standing| standing.state = State::Stopping);
        child.terminate();
        if timeout(self.grace, child.wait()).await.is_err() {
            tracing::warn!(source = &*self.source.name, "it did not end within {:?}: killed", self.grace);
            child.kill();
            child.wait().await;
        }
    }

    /// How it ended, with what it printed last.
    fn how(&self, exit: Exit, start: u32) -> String {
        let said = self.lines.last_words(start, LAST_WORDS_MAX);
        let said = said.iter().map(|line| format!(" | {}", line.text));
        format!("{exit}{}", said.collect::<String>())
    }
}

async fn told(stop: &mut watch::Receiver<bool>) {
    // Gone is told, too.
    stop.wait_for(|stop| *stop).await.ok();
}
