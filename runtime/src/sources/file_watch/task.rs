//! The task that keeps sources that watch folders: it follows the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::life::Life;
use super::source::FileWatch;
use crate::driver::Handle;

struct Keeping {
    driver: Handle,
    /// How often folders are looked at, instead of what is configured.
    poll: Option<Duration>,
    running: BTreeMap<Arc<str>, Running>,
    /// Those that nobody wants any more.
    ending: JoinSet<()>,
}

/// One that was begun, and what it was then.
struct Running {
    source: Arc<FileWatch>,
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

/// Watches until told to stop; what is being stored then is waited for.
pub(crate) async fn run(driver: Handle, poll: Option<Duration>, mut stop: watch::Receiver<bool>) {
    let mut configured = driver.configured();
    let mut keeping = Keeping { driver, poll, running: BTreeMap::new(), ending: JoinSet::new() };
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
        let gone = self.running.extract_if(.., |name, _| !config.file_watches.contains_key(name));
        for (_, running) in gone {
            self.ending.spawn(running.end());
        }
        self.driver.file_watches().retain(|name| config.file_watches.contains_key(name));
        let poll = self.poll.or(config.watch.poll);
        for source in config.file_watches.values() {
            if self.running.get(&source.name).is_none_or(|running| running.source != *source) {
                self.start(source, poll);
            }
        }
    }

    fn start(&mut self, source: &Arc<FileWatch>, poll: Option<Duration>) {
        let before = self.running.remove(&source.name);
        let asked = self.driver.file_watches().enter(source);
        let (stop, stopped) = watch::channel(false);
        let (driver, of) = (self.driver.clone(), Arc::clone(source));
        let task = tokio::spawn(async move {
            // There are never two of it: both would write down what they told of.
            if let Some(before) = before {
                before.end().await;
            }
            Life::new(of, driver, stopped).live(poll, asked).await;
        });
        self.running.insert(Arc::clone(&source.name), Running { source: Arc::clone(source), stop, task });
    }
}
