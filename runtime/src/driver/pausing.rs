//! Pausing a subscription: the activator is told at once, and whoever asks hears when it is kept as well.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use activator::Input;
use tokio::sync::oneshot;

use super::Driver;

/// A wish to pause a subscription, or to let it go on.
pub(super) struct Pausing {
    pub(super) name: Arc<str>,
    pub(super) paused: bool,
    /// Whether it is kept over a restart.
    pub(super) answer: oneshot::Sender<io::Result<bool>>,
}

impl Driver {
    /// What is paused since an earlier life.
    pub(super) fn recall_paused(&mut self) {
        let names = self.pauses.names();
        for name in &names {
            tracing::warn!(
                "{name} is paused since before: nothing is delivered to it (hydrant resume {name})"
            );
            self.activator.handle(self.clock.now(), Input::Pause { name: Arc::clone(name) });
        }
        self.record.paused(names);
    }

    pub(super) fn pausing(&mut self, wish: Pausing) {
        let Pausing { name, paused, answer } = wish;
        self.pauses.set(&name, paused);
        tracing::info!("{name} {}", if paused { "is paused" } else { "goes on" });
        self.happened(match paused {
            true => Input::Pause { name },
            false => Input::Resume { name },
        });
        self.record.paused(self.pauses.names());
        let pauses = self.pauses.clone();
        self.tasks.spawn_blocking(move || drop(answer.send(pauses.write())));
    }

    /// It stays paused under its new name.
    pub(super) fn renamed_paused(&mut self, from: &Arc<str>, to: &Arc<str>) {
        if !self.pauses.renamed(from, to) {
            return;
        }
        self.record.paused(self.pauses.names());
        let pauses = self.pauses.clone();
        self.tasks.spawn_blocking(move || {
            if let Err(error) = pauses.write() {
                tracing::error!("it is not kept what is paused: {error}");
            }
        });
    }

    /// The names of those that are paused.
    pub(super) fn paused(&self) -> BTreeSet<Arc<str>> {
        self.pauses.names()
    }
}
