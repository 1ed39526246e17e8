//! What goes wrong, how often, in the weather of one seed: each kind is absent, rare or common by itself, so that
//! some worlds know nothing but crashes and others everything at once.

use super::random::Random;

/// Chances in a thousand.
#[derive(Debug)]
pub(crate) struct Weather {
    /// Between any two effects.
    pub(crate) crash_in_turn: u64,
    pub(crate) power_cut: u64,
    pub(crate) append_fails: u64,
    pub(crate) append_never: u64,
    pub(crate) append_ack_lost: u64,
    pub(crate) commit_fails: u64,
    pub(crate) commit_ack_lost: u64,
    pub(crate) gap: u64,
    pub(crate) spawn_fails: u64,
    pub(crate) start_hangs: u64,
    pub(crate) process_hangs: u64,
    pub(crate) process_dies: u64,
    pub(crate) answer_fails: u64,
    pub(crate) answer_rejects: u64,
    pub(crate) answer_malformed: u64,
    pub(crate) delivery_hangs: u64,
    pub(crate) late_news: u64,
    /// Kinds of faults that come by themselves, by how often they are drawn.
    pub(crate) visits: Vec<Visit>,
}

/// A fault that comes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    Crash,
    Drain,
    Reload,
    NewRevision,
    BadRevision,
    Absent,
    Broken,
    Reap,
    Retry,
    Attach,
    Retention,
    Revoke,
    Lose,
    ProcessExits,
    CallsUnknown,
    Pause,
}

const VISITS: [Visit; 16] = [
    Visit::Crash,
    Visit::Drain,
    Visit::Reload,
    Visit::NewRevision,
    Visit::BadRevision,
    Visit::Absent,
    Visit::Broken,
    Visit::Reap,
    Visit::Retry,
    Visit::Attach,
    Visit::Retention,
    Visit::Revoke,
    Visit::Lose,
    Visit::ProcessExits,
    Visit::CallsUnknown,
    Visit::Pause,
];

/// By the names under which the coverage counts them.
pub(crate) const FAULTS: &[&str] = &[
    "fault crash",
    "fault crash within a turn",
    "fault power cut",
    "fault cursor lost",
    "fault remembered lost",
    "mark taken over",
    "fault append fails",
    "fault append never",
    "fault append ack lost",
    "fault commit fails",
    "fault commit ack lost",
    "fault gap",
    "fault retention",
    "fault partition revoked",
    "fault partition lost",
    "fault revoked partition overdue",
    "fault spawn fails",
    "fault hung start",
    "fault hung process",
    "fault hung delivery",
    "fault process dies",
    "fault process exits",
    "fault late ready",
    "fault late exit",
    "fault late outcome",
    "fault outcome after exit",
    "fault reload",
    "fault drain",
    "fault drain cut",
    "fault stored by the dying",
    "fault late timer",
    "fault bad neighbour",
];

impl Weather {
    pub(crate) fn of(random: &mut Random) -> Self {
        let mut often = |most: u64| match random.between(0, 3) {
            0 | 1 => 0,
            2 => most / 8 + 1,
            _ => most,
        };
        let mut weather = Self {
            crash_in_turn: often(4),
            power_cut: often(500),
            append_fails: often(400),
            append_never: often(100),
            append_ack_lost: often(200),
            commit_fails: often(400),
            commit_ack_lost: often(300),
            gap: often(200),
            spawn_fails: often(400),
            start_hangs: often(300),
            process_hangs: often(150),
            process_dies: often(150),
            answer_fails: often(400),
            answer_rejects: often(100),
            answer_malformed: often(100),
            delivery_hangs: often(150),
            late_news: often(300),
            visits: Vec::new(),
        };
        for visit in VISITS {
            let times = [0, 0, 1, 3][random.index(4)];
            weather.visits.extend(std::iter::repeat_n(visit, times));
        }
        weather
    }

    /// Nothing goes wrong any more.
    pub(crate) const fn calm() -> Self {
        Self {
            crash_in_turn: 0,
            power_cut: 0,
            append_fails: 0,
            append_never: 0,
            append_ack_lost: 0,
            commit_fails: 0,
            commit_ack_lost: 0,
            gap: 0,
            spawn_fails: 0,
            start_hangs: 0,
            process_hangs: 0,
            process_dies: 0,
            answer_fails: 0,
            answer_rejects: 0,
            answer_malformed: 0,
            delivery_hangs: 0,
            late_news: 0,
            visits: Vec::new(),
        }
    }
}
