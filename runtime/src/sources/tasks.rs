//! Tasks of sources, one for each that is configured: begun anew where one became another, and waited for at the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// The tasks of all sources of one type, `S`.
pub(super) struct Tasks<S> {
    running: BTreeMap<Arc<str>, Running<S>>,
    /// Those that nobody wants any more.
    ending: JoinSet<()>,
}

/// One that was begun, and what it was then.
struct Running<S> {
    source: Arc<S>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl<S> Running<S> {
    /// Done when it has ended.
    async fn end(self) {
        self.stop.send_replace(true);
        // One that broke has ended.
        self.task.await.ok();
    }
}

impl<S: PartialEq + Send + Sync + 'static> Tasks<S> {
    pub(super) fn none() -> Self {
        Self { running: BTreeMap::new(), ending: JoinSet::new() }
    }

    /// Whether there is one of that name, whatever it is.
    pub(super) fn has(&self, name: &str) -> bool {
        self.running.contains_key(name)
    }

    /// Whether this one runs, as it is.
    pub(super) fn runs(&self, name: &str, source: &S) -> bool {
        self.running.get(name).is_some_and(|running| *running.source == *source)
    }

    /// Ends those that are not wanted any more.
    pub(super) fn retain(&mut self, is_wanted: impl Fn(&str) -> bool) {
        for (_, running) in self.running.extract_if(.., |name, _| !is_wanted(name)) {
            self.ending.spawn(running.end());
        }
    }

    /// Begins one, in place of the one of its name before. There are never two of it: it begins when that has ended.
    pub(super) fn begin<F>(
        &mut self,
        name: &Arc<str>,
        source: &Arc<S>,
        live: impl FnOnce(watch::Receiver<bool>) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let before = self.running.remove(name);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                before.end().await;
            }
            live(stopped).await;
        });
        self.running.insert(Arc::clone(name), Running { source: Arc::clone(source), stop, task });
    }

    /// Done when one that is not wanted has ended; nothing when there is none. May be dropped while it waits.
    pub(super) async fn ended(&mut self) -> Option<()> {
        self.ending.join_next().await.map(drop)
    }

    /// Ends all, and waits for them.
    pub(super) async fn end(mut self) {
        self.retain(|_| false);
        while self.ended().await.is_some() {}
    }
}
