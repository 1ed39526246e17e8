//! Clients for the groups that a start asks, made while the topic is still looked for: to connect takes longer than to ask.

use std::collections::HashMap;
use std::sync::Arc;

use super::shown::Shown;
use crate::channel::{KafkaSpec, Mirrored};

/// So few groups have clients made early, and are asked without looking first whether they are there.
pub(super) const FEW: usize = 5;

/// Those that nobody took are closed elsewhere.
#[derive(Default)]
pub(super) struct Early(HashMap<String, Shown>);

impl Early {
    /// For all of these, if they are few. One that cannot be made is made again when it is asked for, and tells then why.
    pub(super) fn connect(spec: &Arc<KafkaSpec>, subscribers: &[Mirrored]) -> Self {
        let few = subscribers.iter().filter(|_| subscribers.len() <= FEW);
        let connect = |Mirrored { group, .. }: &Mirrored| {
            let shown = Shown::connect(spec, group).ok()?;
            shown.hasten();
            Some((group.clone(), shown))
        };
        Self(few.filter_map(connect).collect())
    }

    pub(super) fn take(&mut self, group: &str) -> Option<Shown> {
        self.0.remove(group)
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        self.0.drain().for_each(|(_, shown)| shown.let_go());
    }
}
