//! Events of many keys, and whether each key's came in order.
//!
//! The number of an event rises within its key. In one life of the runtime a key's numbers rise as they are delivered,
//! and the same comes again only when it failed. A kill takes a key back to what was not committed, and from there on they
//! rise again: nothing is seen for the first time behind what comes after it.

use std::collections::{BTreeSet, HashMap};

use crate::figures::Note;

/// Keys of one producer, and how many events in a row are of the same: so most wait for one before.
const KEYS: u64 = 50;
const IN_A_ROW: u64 = 8;
/// Whose number leaves this rest is failed by the function, however often it is tried.
const POISON: (u64, u64) = (97, 13);

/// What the function does with an event, in Python: one in ten attempts fails, and most take longer than the next of
/// their key takes to come.
pub(crate) fn function() -> String {
    let (of, rest) = POISON;
    format!(
        r#"        import random
        id = self.headers["ce-id"]
        if int(id.split("-")[1]) % {of} == {rest} or random.random() < 0.1: status = 503
        note("%s %d %d" % (id, os.getpid(), status), "{}")
        time.sleep(random.random() * 0.06)"#,
        crate::figures::NOTES
    )
}

/// Which waits for which: `PRODUCER-NUMBER` is the id.
pub(crate) fn key(id: &str) -> String {
    let (producer, number) = parts(id);
    format!("{producer}-{}", number / IN_A_ROW % KEYS)
}

/// Whether nobody can take it.
pub(crate) fn is_poison(id: &str) -> bool {
    has_poison(parts(id).1)
}

const fn has_poison(number: u64) -> bool {
    let (of, rest) = POISON;
    number % of == rest
}

fn parts(id: &str) -> (&str, u64) {
    let (producer, number) = id.split_once('-').unwrap();
    (producer, number.parse().unwrap())
}

#[derive(Default)]
pub(crate) struct Order {
    keys: HashMap<String, Key>,
    pub(crate) violations: usize,
    /// How often a kill took a key back to what it had had before.
    rewinds: usize,
}

/// What was seen of a key: all, and what last.
struct Key {
    seen: BTreeSet<u64>,
    process: String,
    number: u64,
    is_failure: bool,
}

impl Order {
    /// The next delivery, as the function saw them.
    pub(crate) fn see(&mut self, note: &Note<'_>) {
        let number = parts(note.id).1;
        let Some(key) = self.keys.get_mut(&key(note.id)) else {
            self.keys.insert(key(note.id), Key::new(note, number));
            return;
        };
        let same_life = key.process == note.process;
        if !key.may_be_next(number, same_life) {
            self.violations += 1;
            println!("  out of order: {} behind {} (same life: {same_life})", note.id, key.number);
        }
        self.rewinds += usize::from(!same_life && number <= key.number);
        let mut seen = std::mem::take(&mut key.seen);
        seen.insert(number);
        *key = Key { seen, ..Key::new(note, number) };
    }

    pub(crate) fn print(&self) {
        let Self { keys, violations, rewinds } = self;
        println!("  keys {}, taken back by a kill {rewinds} times, out of order {violations}", keys.len());
    }
}

impl Key {
    fn new(note: &Note<'_>, number: u64) -> Self {
        let (process, is_failure) = (note.process.to_owned(), note.is_failure);
        Self { seen: BTreeSet::from([number]), process, number, is_failure }
    }

    fn may_be_next(&self, number: u64, same_life: bool) -> bool {
        let is_new = !self.seen.contains(&number);
        if is_new && self.seen.range(number..).next().is_some() {
            return false;
        }
        // A kill may have taken that it was done. Not that it failed: it comes again before the next.
        let passes = number > self.number;
        if passes && self.is_failure && !has_poison(self.number) {
            return false;
        }
        if !same_life {
            return true;
        }
        let is_retry = number == self.number && self.is_failure;
        // What is repeated is repeated whole, from where it began.
        is_retry || passes && self.seen.range(self.number + 1..number).next().is_none()
    }
}
