//! Keys that a person presses while `dev` runs in a terminal.

use std::collections::BTreeSet;
use std::future::pending;
use std::io::{self, Write};
use std::sync::Arc;

use activator::State;
use activator::event::Event;
use activator::id::{Offset, Partition};
use activator::topology::Destination;

use super::Mode;
use crate::config::resolved::Resolved;
use crate::driver::{Handle, Route};
use crate::event_id;
use crate::history::view::Row;
use crate::history::{History, Place, Selection, Wanted};
use crate::process::{Keys, has_terminal};

/// What the banner says.
pub(super) const LINE: &str =
    "[h] help  [s] send last again  [r] reap idle  [p] pause or resume  [l] clear  [q] quit";
const HELP: &str = "\
  h   this help
  s   send the last event that came from outside again, with an id of its own
  r   end all processes that are idle: the next event is a cold start
  p   pause all triggers; again: let them go on
  l   clear the screen
  q   quit, as Ctrl-C does: what is in flight is finished; Ctrl-C then ends at once";
/// All of it, and the cursor where it begins.
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";
/// Among so many events, the last that came from outside is looked for.
const LOOKED_AT: usize = 100;

/// The terminal while it is ours. When it is dropped, all is as it was.
pub(super) struct Hotkeys {
    keys: Keys,
    driver: Handle,
    history: Arc<History>,
}

impl Hotkeys {
    /// Nothing where nobody could press one.
    pub(super) fn open(mode: Mode, driver: &Handle, history: &Arc<History>) -> Option<Self> {
        let keys = (mode == Mode::Dev && has_terminal()).then(|| Keys::open().ok()).flatten()?;
        Some(Self { keys, driver: driver.clone(), history: Arc::clone(history) })
    }

    /// Does what is asked for, until that is to quit.
    pub(super) async fn until_quit(self) {
        while let Some(pressed) = self.keys.next().await {
            for key in pressed {
                match key.to_ascii_lowercase() {
                    b'q' => return,
                    b'h' | b'?' => say(HELP),
                    b's' => say(&self.send_again().await),
                    b'r' => say(&self.reap().await),
                    b'p' => say(&self.pause().await),
                    b'l' => clear(),
                    _ => {}
                }
            }
        }
        // A terminal that is gone has told that by a signal, or nobody cares.
        pending().await
    }

    async fn send_again(&self) -> String {
        let Some((event, route)) = self.last().await else {
            return "there is no event yet that could be sent again".into();
        };
        let Some(channel) = &route.channel else { return format!("{} is not open", route.name) };
        let again = event_id::new().map_err(|error| error.to_string());
        let again = again.and_then(|id| event.with("id", &id).map_err(|error| error.to_string()));
        let appended = match again {
            Ok(again) => {
                let id = again.id().to_owned();
                channel.append(again).await.map(|_| id).map_err(|error| error.to_string())
            }
            Err(error) => Err(error),
        };
        match appended {
            Ok(id) => format!("{} {} is sent again to {} as {id}", event.ty(), event.id(), route.name),
            Err(error) => format!("{} is not sent again: {error}", event.id()),
        }
    }

    /// The newest event that no function made, and where it was sent to.
    async fn last(&self) -> Option<(Event, Route)> {
        let config = self.driver.config();
        let newest = Selection { last: LOOKED_AT, ..Selection::default() };
        for row in self.history.list(&newest).await {
            let Some(route) = self.route(&config, &row) else { continue };
            let wanted = Wanted::Id { id: row.id.clone(), source: Some(row.source.clone()) };
            let is_reply = self.history.explain(&wanted).await.iter().any(|event| !event.parents.is_empty());
            if is_reply {
                continue;
            }
            let (partition, offset) = (Partition(row.partition), Offset(row.offset));
            let place = Place { channel: route.id, partition, offset };
            if let Some(event) = self.driver.read(place).await.filter(|event| event.id() == row.id) {
                return Some((event, route));
            }
        }
        None
    }

    fn route(&self, config: &Resolved, row: &Row) -> Option<Route> {
        let directory = self.driver.directory();
        let route = directory.channels().find(|route| route.name == row.channel)?;
        config.channels.get(&route.id)?.kind.is_for_people().then(|| route.clone())
    }

    async fn reap(&self) -> String {
        let functions = self.driver.functions().await;
        let is_idle = |state: &State| state.instances > 0 && state.in_flight == 0 && state.queued == 0;
        let idle: Vec<_> =
            functions.iter().filter(|(_, row)| is_idle(&row.state)).map(|(id, _)| *id).collect();
        for function in &idle {
            self.driver.reap(*function).await;
        }
        format!("{} idle: brought to zero", functions_text(idle.len()))
    }

    async fn pause(&self) -> String {
        let config = self.driver.config();
        let all = config.topology.subscriptions.iter().filter(|s| s.to != Destination::Named);
        let all: BTreeSet<Arc<str>> = all.map(|subscription| Arc::clone(&subscription.name)).collect();
        let pauses = !all.is_subset(&self.driver.paused().await);
        for name in &all {
            if let Err(error) = self.driver.pause(name, pauses).await {
                return format!("it is not kept over a restart what is paused: {error}");
            }
        }
        match pauses {
            true => "all triggers are paused: events wait for [p]".into(),
            false => "all triggers go on".into(),
        }
    }
}

fn functions_text(number: usize) -> String {
    format!("{number} function{}", if number == 1 { "" } else { "s" })
}

fn say(text: &str) {
    eprintln!("{text}");
}

fn clear() {
    let mut stdout = io::stdout().lock();
    // A terminal that is gone shows nothing anyway.
    let _ = stdout.write_all(CLEAR.as_bytes()).and_then(|()| stdout.flush());
}
