//! Notices: at most one of a kind waits, whatever happened and however often.

use tokio::sync::watch;

/// Where to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The folders of functions, and the programs watched with them; sidecars and script headers too. Of a source: its files.
    Functions,
    /// The configuration file.
    Config,
}

/// Any of the two, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) functions: bool,
    pub(super) config: bool,
}

impl Changed {
    pub(super) const FUNCTIONS: Self = Self { functions: true, config: false };
    pub(super) const CONFIG: Self = Self { functions: false, config: true };
    pub(super) const ALL: Self = Self { functions: true, config: true };

    pub(super) const fn add(&mut self, other: Self) {
        self.functions |= other.functions;
        self.config |= other.config;
    }
}

/// How often each was told.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    functions: u64,
    config: u64,
}

/// Where notices are told.
#[derive(Debug)]
pub(super) struct Notices {
    told: watch::Sender<Told>,
}

/// Where notices are heard.
#[derive(Debug)]
pub(crate) struct Changes {
    told: watch::Receiver<Told>,
    heard: Told,
}

pub(super) fn channel() -> (Notices, Changes) {
    let (sender, receiver) = watch::channel(Told::default());
    let heard = Told::default();
    (Notices { told: sender }, Changes { told: receiver, heard })
}

impl Notices {
    pub(super) fn tell(&self, changed: Changed) {
        if changed == Changed::default() {
            return;
        }
        self.told.send_modify(|told| {
            told.functions += u64::from(changed.functions);
            told.config += u64::from(changed.config);
        });
    }
}

impl Default for Notices {
    fn default() -> Self {
        channel().0
    }
}

impl Changes {
    /// The next notice; nothing when the watcher is gone. What is told while its receiver looks is told again. May
    /// be dropped while it waits.
    pub(crate) async fn next(&mut self) -> Option<Change> {
        loop {
            let told = *self.told.borrow_and_update();
            if told.config != self.heard.config {
                self.heard.config = told.config;
                return Some(Change::Config);
            }
            if told.functions != self.heard.functions {
                self.heard.functions = told.functions;
                return Some(Change::Functions);
            }
            self.told.changed().await.ok()?;
        }
    }
}
