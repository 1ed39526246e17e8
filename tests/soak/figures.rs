//! What the function noted, held against what was acknowledged.

use std::collections::BTreeSet;
use std::fs;

use crate::kafka_kills::Outage;
use crate::order::{self, Order};
use crate::run::Kind;
use crate::support::Project;

/// What a kill takes of each slot: what is under way, and what was answered before it was committed. The commit follows
/// within milliseconds, and two in a row (one under way, the next waiting for it) take less than two events.
const TAKEN: usize = 3;

/// Where the function notes `ID PROCESS STATUS` of every delivery.
pub(crate) const NOTES: &str = "lives";

/// How long the notes are by now.
pub(crate) fn length(project: &Project) -> usize {
    fs::metadata(project.file(NOTES)).map_or(0, |notes| usize::try_from(notes.len()).unwrap())
}

/// A line of the notes.
pub(crate) struct Note<'l> {
    pub(crate) id: &'l str,
    /// Of the function, which dies with its runtime: so it names the life of that.
    pub(crate) process: &'l str,
    pub(crate) is_failure: bool,
}

impl<'l> Note<'l> {
    pub(crate) fn read(line: &'l str) -> Self {
        let [id, process, status] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("a note: {line}") };
        Self { id, process, is_failure: status != "200" }
    }

    fn is_last(&self) -> bool {
        !self.is_failure || order::is_poison(self.id)
    }
}

/// The ids that were delivered at least once; of those that nobody can take, that were tried.
pub(crate) fn delivered(project: &Project) -> BTreeSet<String> {
    let lines = project.lines(NOTES);
    lines.iter().map(|line| Note::read(line)).filter(Note::is_last).map(|note| note.id.to_owned()).collect()
}

#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) acknowledged: usize,
    pub(crate) delivered: usize,
    pub(crate) lost: usize,
    duplicates: usize,
    /// Deliveries that no commit could follow, as Kafka was away.
    while_away: usize,
    pub(crate) kills: usize,
    kafka_kills: usize,
    /// Attempts that followed a failure.
    retries: usize,
    order: Order,
}

impl Figures {
    pub(crate) fn new(
        kind: Kind,
        project: &Project,
        acknowledged: &BTreeSet<String>,
        kills: usize,
        outages: &[Outage],
    ) -> Self {
        let mut figures =
            Self { acknowledged: acknowledged.len(), kills, kafka_kills: outages.len(), ..Self::default() };
        let (mut seen, mut failed) = (BTreeSet::new(), BTreeSet::new());
        let (mut at, mut life_begin, mut life) = (0, 0, String::new());
        for line in project.lines(NOTES) {
            let note = Note::read(&line);
            if note.process != life {
                life_begin = at;
                note.process.clone_into(&mut life);
            }
            // Kafka went away in this life of the runtime, and what was delivered since may not be committed at its end.
            let was_away = |&(begin, end): &Outage| begin <= at && life_begin < end;
            figures.while_away += usize::from(outages.iter().any(was_away));
            at += line.len() + 1;
            let is_new = seen.insert(note.id.to_owned());
            let is_retry = failed.remove(note.id);
            figures.retries += usize::from(is_retry);
            figures.duplicates += usize::from(!is_new && !is_retry);
            if note.is_failure {
                failed.insert(note.id.to_owned());
            }
            if kind.is_ordered() {
                figures.order.see(&note);
            }
        }
        figures.delivered = seen.len();
        figures.lost = acknowledged.difference(&delivered(project)).count();
        figures
    }

    /// Nothing when there is none: a source passes on as many events as its broker takes between two commits.
    fn bound(&self, kind: Kind) -> Option<usize> {
        let per_kill = self.kills * kind.in_flight() * TAKEN;
        (kind != Kind::Source).then_some(per_kill + self.while_away)
    }

    pub(crate) fn passed(&self, kind: Kind) -> bool {
        let in_order = !kind.is_ordered() || self.order.violations == 0;
        self.lost == 0 && in_order && self.bound(kind).is_none_or(|bound| self.duplicates <= bound)
    }

    pub(crate) fn print(&self, kind: Kind) {
        let Self { acknowledged, delivered, lost, duplicates, while_away, kills, kafka_kills, .. } = self;
        println!("{}:", kind.name());
        println!("  acknowledged {acknowledged}, delivered distinct {delivered}, lost {lost}");
        println!("  kills of the runtime {kills}, of Kafka {kafka_kills}");
        let per_kill = *duplicates as f64 / (*kills).max(1) as f64;
        println!("  duplicates {duplicates}, {per_kill:.2} per kill of the runtime");
        match self.bound(kind) {
            Some(bound) => println!(
                "  bound {bound}: {} per kill, and {while_away} delivered in lives that met a Kafka that was away",
                kind.in_flight() * TAKEN
            ),
            None => println!("  bound: none"),
        }
        if kind.is_ordered() {
            println!("  retries {}", self.retries);
            self.order.print();
        }
        println!("  {}", if self.passed(kind) { "passed" } else { "FAILED" });
    }
}
