//! What the function noted, held against what was acknowledged.

use std::collections::BTreeSet;
use std::fs;

use crate::kafka_kills::Outage;
use crate::run::Kind;
use crate::support::Project;

/// What may be under way in a function.
pub(crate) const IN_FLIGHT: usize = 4;
/// What it answered, and a kill took before it was committed: the commit follows within milliseconds, and two in a row
/// (one under way, the next waiting for it) take less than two events in each of the slots.
const UNCOMMITTED: usize = 2 * IN_FLIGHT;

/// Where the function notes `ID PROCESS` of every delivery.
pub(crate) const NOTES: &str = "lives";

/// How long the notes are by now.
pub(crate) fn length(project: &Project) -> usize {
    fs::metadata(project.file(NOTES)).map_or(0, |notes| usize::try_from(notes.len()).unwrap())
}

/// The ids that were delivered at least once.
pub(crate) fn delivered(project: &Project) -> BTreeSet<String> {
    let notes = project.lines(NOTES).into_iter();
    notes.filter_map(|line| line.split_once(' ').map(|(id, _)| id.to_owned())).collect()
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
}

impl Figures {
    pub(crate) fn new(
        project: &Project,
        acknowledged: &BTreeSet<String>,
        kills: usize,
        outages: &[Outage],
    ) -> Self {
        let mut figures =
            Self { acknowledged: acknowledged.len(), kills, kafka_kills: outages.len(), ..Self::default() };
        let mut seen = BTreeSet::new();
        let (mut at, mut life_begin, mut life) = (0, 0, String::new());
        for line in project.lines(NOTES) {
            let (id, process) = line.split_once(' ').unwrap();
            if process != life {
                life_begin = at;
                process.clone_into(&mut life);
            }
            // Kafka went away in this life of the runtime, and what was delivered since may not be committed at its end.
            let was_away = |&(begin, end): &Outage| begin <= at && life_begin < end;
            figures.while_away += usize::from(outages.iter().any(was_away));
            at += line.len() + 1;
            figures.duplicates += usize::from(!seen.insert(id.to_owned()));
        }
        figures.delivered = seen.len();
        figures.lost = acknowledged.difference(&seen).count();
        figures
    }

    /// Nothing when there is none: a source passes on as many events as its broker takes between two commits.
    fn bound(&self, kind: Kind) -> Option<usize> {
        let per_kill = self.kills * (IN_FLIGHT + UNCOMMITTED);
        (kind != Kind::Source).then_some(per_kill + self.while_away)
    }

    pub(crate) fn passed(&self, kind: Kind) -> bool {
        self.lost == 0 && self.bound(kind).is_none_or(|bound| self.duplicates <= bound)
    }

    pub(crate) fn print(&self, kind: Kind) {
        let Self { acknowledged, delivered, lost, duplicates, while_away, kills, kafka_kills } = self;
        println!("{}:", kind.name());
        println!("  acknowledged {acknowledged}, delivered distinct {delivered}, lost {lost}");
        println!("  kills of the runtime {kills}, of Kafka {kafka_kills}");
        let per_kill = *duplicates as f64 / (*kills).max(1) as f64;
        println!("  duplicates {duplicates}, {per_kill:.2} per kill of the runtime");
        match self.bound(kind) {
            Some(bound) => println!(
                "  bound {bound}: {} per kill, and {while_away} delivered in lives that met a Kafka that was away",
                IN_FLIGHT + UNCOMMITTED
            ),
            None => println!("  bound: none"),
        }
        println!("  {}", if self.passed(kind) { "passed" } else { "FAILED" });
    }
}
