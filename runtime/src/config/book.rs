//! Which revisions each function had, over every reload and restart: their numbers, what each was, and whether its
//! executable is still there. What keeps them is [`pins`](super::pins).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use activator::id::Revision;
use hashbrown::HashMap;

use super::content::{Content, Stat};
use super::edition::{Edition, Editions, Made, Pin, Seen};
use super::pins::{Keeping, Shelf};
use super::resolved::Program;

/// The revisions there are, and those that the load under way adds.
#[derive(Debug, Default)]
pub(super) struct Book {
    opened: bool,
    /// Shared with what is written down of it.
    all: Arc<Editions>,
    /// They count once the load is in force.
    drafts: HashMap<Arc<str>, Arc<Edition>>,
    shelf: Arc<Shelf>,
    changed: bool,
}

/// What a load uses of its functions' revisions.
pub(super) struct Used {
    /// Those that `traffic` and `tags` name.
    pub(super) named: BTreeSet<(Arc<str>, u32)>,
    /// Functions that are gone for good.
    pub(super) gone: Vec<Arc<str>>,
    /// Older ones of each function that are kept beside those.
    pub(super) old_max: usize,
}

impl Used {
    /// What stays of a function's revisions, if that is not all of them.
    fn kept(&self, name: &Arc<str>, all: &[Arc<Edition>]) -> Option<Box<[Arc<Edition>]>> {
        let (old, newest) = all.split_at(all.len().saturating_sub(self.old_max + 1));
        let named = |edition: &&Arc<Edition>| self.named.contains(&(Arc::clone(name), edition.number));
        let kept: Box<[_]> = old.iter().filter(named).chain(newest).cloned().collect();
        (kept.len() < all.len()).then_some(kept)
    }
}

impl Book {
    /// Takes up what a runtime before this one left in its state folder.
    pub(super) fn open(&mut self, state: Option<&Path>) {
        if !std::mem::replace(&mut self.opened, true)
            && let Some(state) = state
        {
            let (shelf, all) = Shelf::open(state.join("revisions"));
            (self.shelf, self.all) = (shelf, Arc::new(all));
        }
    }

    /// The revision that a function's program is: the newest, when nothing changed, or one more.
    pub(super) fn edition(&mut self, name: &Arc<str>, mut program: Program, seen: Seen) -> Arc<Program> {
        let newest = self.all.get(name).and_then(|all| all.last());
        let before = newest.map_or(0, |newest| newest.number);
        program.revision = Revision(before);
        let same = newest.filter(|newest| newest.is(&program, &seen));
        if let Some(newest) = same
            && newest.seen == seen
            && let Made::Now(made) = &newest.made
        {
            return Arc::clone(made);
        }
        let number = before + u32::from(same.is_none());
        program.revision = Revision(number);
        let made = match same.map(|newest| &newest.made) {
            // It was written again with what it held.
            Some(Made::Now(made)) => Arc::clone(made),
            _ => Arc::new(program),
        };
        let pin = match same.filter(|newest| newest.seen == seen) {
            Some(newest) => newest.pin.clone(),
            None => OnceLock::new(),
        };
        let draft = Edition { number, seen, made: Made::Now(Arc::clone(&made)), pin };
        self.drafts.insert(Arc::clone(name), Arc::new(draft));
        made
    }

    /// A revision by its number.
    pub(super) fn find(&self, name: &str, number: u32) -> Option<&Arc<Edition>> {
        let known = self.all.get(name).into_iter().flatten();
        self.drafts.get(name).into_iter().chain(known).find(|edition| edition.number == number)
    }

    /// The numbers of a function's revisions, the newest last.
    pub(super) fn numbers(&self, name: &str) -> BTreeSet<u32> {
        let known = self.all.get(name).into_iter().flatten();
        known.chain(self.drafts.get(name)).map(|edition| edition.number).collect()
    }

    /// Functions that there were and are not any more.
    pub(super) fn without(&self, is_there: impl Fn(&str) -> bool) -> Vec<Arc<str>> {
        self.all.keys().filter(|name| !is_there(name)).cloned().collect()
    }

    /// Where a revision can be run.
    ///
    /// # Errors
    /// Why it cannot, for people.
    pub(super) fn runnable(&self, name: &str, edition: &Edition) -> Result<(Arc<Path>, Stat), String> {
        let Some(stat) = edition.alone() else { return Err("it was a folder".to_owned()) };
        // What was not kept is still there as long as nobody saved another.
        let original = match &edition.made {
            Made::Now(program) if stat.is_of(&program.path) => Some(program.path.clone()),
            _ => None,
        };
        match (edition.pin.get(), original) {
            (Some(Pin::Kept), _) => self.shelf.verified(name, edition, stat).map(|path| (path.into(), stat)),
            (_, Some(path)) => Ok((path, stat)),
            (Some(Pin::Not(reason)), None) => Err(format!("it was not kept: {reason}")),
            (None, None) => Err(self.shelf.why_nothing().to_owned()),
        }
    }

    /// Where the executable of a function's newest revision is kept, if that has this content.
    pub(super) fn kept(&self, name: &str, content: &Content) -> Option<(PathBuf, Stat)> {
        let newest = self.all.get(name)?.last().filter(|newest| newest.content() == content)?;
        let stat = newest.alone().filter(|_| newest.pin.get() == Some(&Pin::Kept))?;
        Some((self.shelf.verified(name, newest, stat).ok()?, stat))
    }

    /// The load is in force.
    pub(super) fn commit(&mut self, used: &Used) {
        for (name, draft) in std::mem::take(&mut self.drafts) {
            let before =
                self.all.get(&name).into_iter().flatten().filter(|known| known.number != draft.number);
            let all = before.cloned().chain([Arc::clone(&draft)]).collect();
            self.put(name, all);
        }
        for name in &used.gone {
            self.shelf.clear(name, None);
            self.put(Arc::clone(name), Box::default());
        }
        let old =
            self.all.iter().filter_map(|(name, all)| used.kept(name, all).map(|kept| (name.clone(), kept)));
        for (name, kept) in old.collect::<Vec<_>>() {
            let old = self
                .all
                .get(&name)
                .into_iter()
                .flatten()
                .filter(|known| !kept.iter().any(|k| k.number == known.number));
            old.for_each(|known| self.shelf.clear(&name, Some(known.number)));
            self.put(name, kept);
        }
    }

    /// All revisions of a function from now on; without any it is forgotten.
    fn put(&mut self, name: Arc<str>, editions: Box<[Arc<Edition>]>) {
        let all = Arc::make_mut(&mut self.all);
        if editions.is_empty() {
            all.remove(&name);
        } else {
            all.insert(name, editions);
        }
        self.changed = true;
    }

    /// A function goes on as it was: what was found of it is no revision yet.
    pub(super) fn hold_back(&mut self, name: &str) {
        self.drafts.remove(name);
    }

    /// What was loaded last came into force or never will.
    pub(super) fn discard(&mut self) {
        self.drafts.clear();
    }

    /// What is to be kept and written down, if that is something else than before.
    pub(super) fn take_keeping(&mut self) -> Option<Keeping> {
        std::mem::take(&mut self.changed).then(|| Shelf::keeping(&self.shelf, &self.all)).flatten()
    }
}
