//! What is known in memory of each open letter: enough to choose it, some fifty bytes. Its event stays in the channel.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use activator::cursor::Cursor;
use activator::id::{Offset, Partition};
use activator::input::{Batch, Progress};

use super::cases::{Case, Cases};
use super::selection::Selection;
use super::view::GroupView;
use super::{LetterId, facts};

/// Under which a channel stores what is done with its letters.
const NAME: &str = "hydrant/dlq";

/// The open letters of all partitions.
#[derive(Debug)]
pub(super) struct Index {
    parts: BTreeMap<Partition, Part>,
    cases: Cases,
    /// More are left in the channel until some of these are done.
    letters_max: usize,
}

#[derive(Debug)]
struct Part {
    /// What was done when the channel was opened.
    earlier: Cursor,
    /// Everything below was read.
    next: Offset,
    /// Those that are not done.
    letters: BTreeMap<Offset, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Since 1970; 0 where it is not told.
    died_ms: i64,
    event_id: u64,
    case: u32,
    redrives: u32,
    /// Somebody is about to be done with it.
    is_taken: bool,
}

/// An open letter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open<'i> {
    pub(super) id: LetterId,
    pub(super) case: &'i Case,
    pub(super) redrives: u32,
    event_id: u64,
}

impl Index {
    pub(super) fn new(letters_max: usize) -> Self {
        Self { parts: BTreeMap::new(), cases: Cases::default(), letters_max }
    }

    /// A partition is about to be read; `stored` is what was stored there before.
    pub(super) fn begin(&mut self, partition: Partition, begin: Offset, stored: Option<&Progress>) {
        let behind = stored.into_iter().flat_map(|progress| &progress.behind);
        let mut ours = behind.filter(|(name, _)| &**name == NAME);
        let earlier = ours.next().map_or_else(|| Cursor::at(begin), |(_, cursor)| cursor.clone());
        let next = earlier.prefix().max(begin);
        self.parts.insert(partition, Part { earlier, next, letters: BTreeMap::new() });
    }

    /// Where to read on.
    pub(super) fn position(&self, partition: Partition) -> Offset {
        self.parts.get(&partition).map_or(Offset(0), |part| part.earlier.first_not_done(part.next))
    }

    pub(super) fn partitions(&self) -> Vec<Partition> {
        self.parts.keys().copied().collect()
    }

    pub(super) fn is_full(&self) -> bool {
        self.parts.values().map(|part| part.letters.len()).sum::<usize>() >= self.letters_max
    }

    /// Letters were read.
    pub(super) fn read(&mut self, partition: Partition, batch: &Batch) {
        let Some(part) = self.parts.get_mut(&partition) else { return };
        for (offset, event) in &batch.records {
            if *offset < part.next || part.earlier.contains(*offset) {
                continue;
            }
            let entry = Entry {
                died_ms: facts::since(event).map_or(0, jiff::Timestamp::as_millisecond),
                event_id: hash(event.id()),
                case: self.cases.number(Case::of(event)),
                redrives: facts::redrives(event),
                is_taken: false,
            };
            part.letters.insert(*offset, entry);
        }
        part.next = part.next.max(batch.next);
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        let of = |part: &Part| part.letters.values().filter(|entry| !entry.is_taken).count();
        self.parts.values().map(of).sum()
    }

    /// The open ones that are meant, behind `after`, the oldest first.
    pub(super) fn matching<'i>(
        &'i self,
        selection: &'i Selection,
        after: Option<LetterId>,
    ) -> impl Iterator<Item = Open<'i>> {
        let wanted: Vec<bool> = self.cases.iter().map(|case| selection.wants_case(case)).collect();
        let entries = self.entries().filter(move |(id, _)| after.is_none_or(|after| *id > after));
        let meant = entries
            .filter(move |(_, entry)| wanted[entry.case as usize] && selection.wants_time(entry.died_ms));
        meant.filter(|(_, entry)| !entry.is_taken).map(|(id, entry)| self.open(id, entry))
    }

    /// The open ones whose event may have this `id`.
    pub(super) fn with_event(&self, id: &str) -> Vec<LetterId> {
        let wanted = hash(id);
        let all = Selection::default();
        self.matching(&all, None).filter(|open| open.event_id == wanted).map(|open| open.id).collect()
    }

    pub(super) fn is_open(&self, id: LetterId) -> bool {
        let part = self.parts.get(&id.partition);
        part.and_then(|part| part.letters.get(&id.offset)).is_some_and(|entry| !entry.is_taken)
    }

    /// How many of those that are meant died of what.
    pub(super) fn groups(&self, selection: &Selection) -> Vec<GroupView> {
        let mut counted: BTreeMap<u32, (u64, i64, i64)> = BTreeMap::new();
        let open = self.entries().filter(|(_, entry)| !entry.is_taken && selection.wants_time(entry.died_ms));
        for (_, entry) in open {
            let (count, oldest, newest) =
                counted.entry(entry.case).or_insert((0, entry.died_ms, entry.died_ms));
            *count += 1;
            (*oldest, *newest) = (entry.died_ms.min(*oldest), entry.died_ms.max(*newest));
        }
        let mut groups: Vec<_> = counted.into_iter().map(|(case, of)| (self.cases.get(case), of)).collect();
        groups.retain(|(case, _)| selection.wants_case(case));
        groups.sort();
        groups
            .into_iter()
            .map(|(case, (count, oldest, newest))| GroupView::new(case, count, oldest, newest))
            .collect()
    }

    /// Nobody else is done with them until they are given back. Gives those that were open.
    pub(super) fn take(&mut self, ids: impl IntoIterator<Item = LetterId>) -> Vec<LetterId> {
        let open = ids.into_iter().filter(|id| self.is_open(*id)).collect::<Vec<_>>();
        open.iter().for_each(|id| self.set_taken(*id, true));
        open
    }

    pub(super) fn give_back(&mut self, id: LetterId) {
        self.set_taken(id, false);
    }

    fn set_taken(&mut self, id: LetterId, is_taken: bool) {
        let part = self.parts.get_mut(&id.partition);
        let entry = part.and_then(|part| part.letters.get_mut(&id.offset));
        entry.into_iter().for_each(|entry| entry.is_taken = is_taken);
    }

    /// A letter is done with.
    pub(super) fn done(&mut self, id: LetterId) {
        self.parts.get_mut(&id.partition).and_then(|part| part.letters.remove(&id.offset));
    }

    /// What the channel is to store: all that was read is done, but for those that are here.
    pub(super) fn progress(&self, partition: Partition) -> Option<Progress> {
        let part = self.parts.get(&partition)?;
        let cursor = Cursor::from_unfinished(part.letters.keys().copied(), part.next);
        let cursor = cursor.continued(part.next, &part.earlier);
        Some(Progress { position: cursor.end(), behind: vec![(NAME.into(), cursor)] })
    }

    fn entries(&self) -> impl Iterator<Item = (LetterId, &Entry)> {
        self.parts.iter().flat_map(|(&partition, part)| {
            part.letters.iter().map(move |(&offset, entry)| (LetterId { partition, offset }, entry))
        })
    }

    fn open(&self, id: LetterId, entry: &Entry) -> Open<'_> {
        Open { id, case: self.cases.get(entry.case), redrives: entry.redrives, event_id: entry.event_id }
    }
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::tests::letter;
    use super::*;

    const P: Partition = Partition(0);

    fn id(offset: u64) -> LetterId {
        LetterId { partition: P, offset: Offset(offset) }
    }

    fn batch(letters: &[(u64, &str, &str)]) -> Batch {
        let records = letters
            .iter()
            .map(|(at, trigger, reason)| (Offset(*at), letter(&format!("o-{at}"), trigger, reason)));
        let next = letters.last().map_or(Offset(0), |(at, ..)| Offset(at + 1));
        Batch { records: records.collect(), next, ..Batch::default() }
    }

    fn index() -> Index {
        let mut index = Index::new(100);
        index.begin(P, Offset(0), None);
        index.read(
            P,
            &batch(&[
                (0, "trigger/bill", "exit 1"),
                (1, "trigger/ship", "503"),
                (2, "trigger/bill", "exit 1"),
                (3, "trigger/bill", "timeout"),
            ]),
        );
        index
    }

    fn open(index: &Index) -> Vec<u64> {
        index.matching(&Selection::default(), None).map(|open| open.id.offset.0).collect()
    }

    fn bill() -> Selection {
        Selection { trigger: Some("bill".into()), ..Selection::default() }
    }

    #[test]
    fn letters_are_listed_from_a_place_on_and_counted_by_what_they_died_of() {
        let index = index();
        let after = |after| index.matching(&bill(), after).map(|o| o.id.offset.0).collect::<Vec<_>>();
        assert_eq!((after(None), after(Some(id(0))), index.count()), (vec![0, 2, 3], vec![2, 3], 4));
        let groups = index.groups(&bill());
        let counts: Vec<_> = groups.iter().map(|group| (&*group.reason, group.count)).collect();
        assert_eq!(counts, [("exit 1", 2), ("timeout", 1)]);
        assert_eq!((index.with_event("o-2"), index.with_event("o-9")), (vec![id(2)], vec![]));
    }

    #[test]
    fn what_one_is_about_to_be_done_with_is_nobody_elses() {
        let mut index = index();
        assert_eq!(index.take([id(0), id(2), id(9)]), [id(0), id(2)]);
        assert_eq!((index.take([id(2), id(3)]), open(&index)), (vec![id(3)], vec![1]));
        index.give_back(id(2));
        assert_eq!((open(&index), index.count()), (vec![1, 2], 2));
    }

    #[test]
    fn what_is_done_is_done_after_a_restart_and_what_was_taken_only_is_not() {
        let mut before = index();
        before.take([id(0), id(2)]);
        before.done(id(2));
        let stored = before.progress(P).unwrap();
        assert_eq!(
            (stored.low(), stored.behind[0].1.to_string().parse()),
            (Offset(0), Ok(stored.behind[0].1.clone()))
        );
        let mut after = Index::new(100);
        after.begin(P, Offset(0), Some(&stored));
        // Before all of it is read again, nothing that was stored is forgotten.
        assert_eq!(after.progress(P).unwrap().behind, stored.behind);
        let all: Vec<_> = (0..4).map(|at| (at, "trigger/bill", "exit 1")).collect();
        after.read(P, &batch(&all[..1]));
        assert_eq!(after.progress(P).unwrap().behind, stored.behind);
        after.read(P, &batch(&all));
        assert_eq!((open(&after), after.position(P)), (vec![0, 1, 3], Offset(4)));
        [0, 1, 3].into_iter().for_each(|at| after.done(id(at)));
        assert_eq!(after.progress(P).unwrap().low(), Offset(4), "and the log may go");
    }

    #[test]
    fn more_than_fit_are_left_until_there_is_room() {
        let mut index = Index::new(2);
        index.begin(P, Offset(0), None);
        index.read(P, &batch(&[(0, "trigger/bill", "1"), (1, "trigger/bill", "1")]));
        assert!(index.is_full());
        index.done(id(0));
        assert!(!index.is_full());
    }

    #[test]
    fn of_a_log_that_lost_its_beginning_the_rest_is_read() {
        let mut index = Index::new(2);
        let earlier = Progress { position: Offset(3), behind: vec![(NAME.into(), Cursor::at(Offset(3)))] };
        index.begin(P, Offset(7), Some(&earlier));
        assert_eq!(index.position(P), Offset(7));
    }
}
