//! The task that keeps sources that watch folders: it follows the configuration.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::life::Life;
use super::source::FileWatch;
use crate::driver::Handle;
use crate::sources::tasks::Tasks;

struct Keeping {
    driver: Handle,
    /// How often folders are looked at, instead of what is configured.
    poll: Option<Duration>,
    tasks: Tasks<FileWatch>,
}

/// Watches until told to stop; what is being stored then is waited for.
pub(crate) async fn run(driver: Handle, poll: Option<Duration>, mut stop: watch::Receiver<bool>) {
    let mut configured = driver.configured();
    let mut keeping = Keeping { driver, poll, tasks: Tasks::none() };
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
        self.tasks.retain(|name| config.file_watches.contains_key(name));
        self.driver.file_watches().retain(|name| config.file_watches.contains_key(name));
        let poll = self.poll.or(config.watch.poll);
        for source in config.file_watches.values() {
            if !self.tasks.runs(&source.name, source) {
                self.start(source, poll);
            }
        }
    }

    fn start(&mut self, source: &Arc<FileWatch>, poll: Option<Duration>) {
        let asked = self.driver.file_watches().enter(source);
        let (driver, of) = (self.driver.clone(), Arc::clone(source));
        let live = move |stopped| Life::new(of, driver, stopped).live(poll, asked);
        self.tasks.begin(&source.name, source, live);
    }
}
