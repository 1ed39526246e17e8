//! A channel of another class than before: what its log still holds is not left behind unasked.

use std::path::Path;

use anyhow::bail;

use crate::channel::{self, Spec};
use crate::config::resolved::{NamedChannel, Resolved};

/// Refuses when a broker or channel was durable, is something else now, and its log holds events that its
/// subscriptions have not had. With `abandon`, says so and goes on.
pub(super) async fn look(resolved: &Resolved, abandon: bool) -> anyhow::Result<()> {
    let Some(state) = resolved.runtime.state.as_deref() else { return Ok(()) };
    for (id, named) in &resolved.channels {
        if !may_have_been_durable(named) {
            continue;
        }
        let names: Vec<&str> = resolved.subscriptions(*id).map(|s| &*s.name).collect();
        let dir = named.kind.folder(state, &named.name);
        match channel::left_in(&dir, &names).await? {
            0 => {}
            events if abandon => {
                tracing::warn!("abandoned: {} in {}", undelivered(events), dir.display());
            }
            events => bail!(refusal(named, &dir, events)),
        }
    }
    Ok(())
}

const fn may_have_been_durable(named: &NamedChannel) -> bool {
    named.kind.is_for_people() && !matches!(named.spec, Spec::Durable(_))
}

fn refusal(named: &NamedChannel, dir: &Path, events: u64) -> String {
    // Of a sequence's channels, all are declared by one section.
    let section = named.name.split('.').next().unwrap_or_default();
    let table = format!("[{}.{section}]", named.kind.text());
    format!(
        "{table} was durable, and its log in {} holds {}: set class = \"durable\" in {table} until all is \
         delivered, or start with --abandon to leave it there",
        dir.display(),
        undelivered(events),
    )
}

fn undelivered(events: u64) -> String {
    let s = if events == 1 { "" } else { "s" };
    format!("{events} event{s} not delivered yet")
}
