//! Durable channels that open beside each other. What one life did is marked in any of them, so each tells what marks
//! its log holds, and none goes on before all have told, or failed to open.

use std::collections::BTreeSet;
use std::sync::Arc;

use activator::id::ChannelId;
use activator::input::OpenedPartition;
use tokio::sync::watch;

use crate::channel::{Channel, Done, Legacy, Life, Marks, take_over};

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Heirs(Arc<watch::Sender<State>>);

#[derive(Debug, Default)]
struct State {
    /// Those that have not told yet.
    awaited: BTreeSet<ChannelId>,
    /// Lives of which somebody will ask what is done.
    lives: BTreeSet<Life>,
    marks: Marks,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Heir {
    heirs: Heirs,
    channel: ChannelId,
    name: String,
    /// Its subscriptions that stand where it does unless a cursor says else.
    at_tail: Vec<Arc<str>>,
}

impl Heirs {
    /// These are about to be opened.
    pub(super) fn expect(&self, channels: impl Iterator<Item = ChannelId>) {
        self.0.send_modify(|state| state.awaited.extend(channels));
    }

    pub(super) fn heir(&self, channel: ChannelId, name: String, at_tail: Vec<Arc<str>>) -> Heir {
        Heir { heirs: self.clone(), channel, name, at_tail }
    }

    /// It does not open, or not now: nobody waits for it.
    pub(super) fn miss(&self, channel: ChannelId) {
        self.told(channel, None, Marks::default());
    }

    fn told(&self, channel: ChannelId, life: Option<Life>, marks: Marks) {
        self.0.send_modify(|state| {
            state.awaited.remove(&channel);
            state.lives.extend(life);
            state.marks.extend(marks);
            if state.awaited.is_empty() {
                state.marks.keep(&state.lives);
            }
        });
    }

    /// What is done of what was read in that life, as far as all of them know.
    async fn done_in(&self, life: Life) -> Done {
        let told = self.0.subscribe().wait_for(|state| state.awaited.is_empty()).await.is_ok();
        debug_assert!(told, "the sender is borrowed for as long as we wait");
        let mut done = Done::default();
        self.0.send_modify(|state| {
            state.lives.remove(&life);
            done = state.marks.take(life);
        });
        done
    }
}

impl Heir {
    /// It does not open for now: nobody waits for it.
    pub(super) fn fails(&self) {
        self.heirs.miss(self.channel);
    }

    /// It is open: takes over what is done by what the log of any of them holds, and begins a life. Nothing where it cannot
    /// be stored that one began: then no marks are made.
    pub(super) async fn takes_over(
        &self,
        opened: &Channel,
        partitions: &mut [OpenedPartition],
        legacy: Option<Legacy>,
    ) -> Option<Life> {
        let Legacy { life, marks, ends } = legacy?;
        self.heirs.told(self.channel, life, marks);
        let mut changed = Vec::new();
        if let Some(life) = life {
            let done = self.heirs.done_in(life).await;
            changed = take_over(partitions, &done, &ends, &self.at_tail);
        }
        match opened.begin(changed).await {
            Ok(life) => life,
            Err(error) => {
                let channel = &self.name;
                tracing::warn!(%channel, "{error}; replies may be stored twice, should hydrant be killed");
                None
            }
        }
    }
}

impl Drop for Heir {
    /// It was let go of, perhaps before it opened.
    fn drop(&mut self) {
        self.fails();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const EARLY: ChannelId = ChannelId(0);
    const LATE: ChannelId = ChannelId(1);
    const LIFE: Life = Life(7);

    fn heirs() -> Heirs {
        let heirs = Heirs::default();
        heirs.expect([EARLY, LATE].into_iter());
        heirs.told(EARLY, Some(LIFE), Marks::default());
        heirs
    }

    fn goes_on(heirs: &Heirs) -> bool {
        heirs.done_in(LIFE).now_or_never().is_some()
    }

    #[test]
    fn none_goes_on_before_all_have_told() {
        let heirs = heirs();
        assert!(!goes_on(&heirs));
        heirs.told(LATE, None, Marks::default());
        assert!(goes_on(&heirs));
    }

    #[test]
    fn nobody_waits_for_one_that_fails_or_is_let_go_of() {
        let heirs = heirs();
        heirs.heir(LATE, "late".to_owned(), Vec::new()).fails();
        assert!(goes_on(&heirs));
        heirs.expect([LATE].into_iter());
        let late = heirs.heir(LATE, "late".to_owned(), Vec::new());
        assert!(!goes_on(&heirs));
        drop(late);
        assert!(goes_on(&heirs));
    }
}
