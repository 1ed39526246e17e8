//! Simulated worlds: seeds, crashes at any step, hung starts, late news, lost acknowledgements; an oracle that knows
//! the promises only; planted bugs that it has to find.
//!
//! `SIM_SEED=n` replays one world and prints its last steps, `SIM_SEEDS=n` runs that many. A seed is a world: it
//! gives the same steps every time.

mod answers;
mod bugs;
mod channels;
mod clock;
mod coverage;
mod faults;
mod marks;
mod oracle;
mod people;
mod processes;
mod random;
mod storage;
mod trace;
mod truth;
mod wiring;
mod world;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bugs::Bug;
use clock::SECOND;
use coverage::Coverage;
use world::{Outcome, World};

/// Worlds in a plain `cargo test`: what fits into some 20 s of CPU without optimisation.
const SEEDS: u64 = 250;

#[test]
fn every_promise_holds_in_every_world() {
    if let Some(seed) = number("SIM_SEED") {
        return assert!(broken(seed, None, true).is_none(), "seed {seed} breaks a promise");
    }
    let seeds = number("SIM_SEEDS").unwrap_or(SEEDS);
    let mut sum = Sum::default();
    for seed in 0..seeds {
        match played(seed, None, false) {
            Ok(outcome) if outcome.verdict.is_none() => sum.add(&outcome),
            _ => {
                broken(seed, None, true);
                panic!("seed {seed} breaks a promise: SIM_SEED={seed} replays it");
            }
        }
    }
    say(&sum.describe());
    assert_eq!(sum.coverage.missing(), Vec::<&str>::new(), "never seen: the run proves nothing about it");
}

#[test]
fn finds_the_highest_committed_instead_of_the_contiguous() {
    finds(Bug::HighestCommitted, 10, &["stored progress"]);
}

#[test]
fn finds_a_stale_ready_that_counts() {
    finds(Bug::StaleReady, 100, &["never took a request", "ended for nothing"]);
}

#[test]
fn finds_a_requeue_lost_at_a_crash() {
    finds(Bug::RequeueLost, 50, &["still", "before it"]);
}

#[test]
fn finds_progress_after_a_failed_dead_letter() {
    finds(Bug::DeadLetterLost, 50, &["DeadLetter"]);
}

#[test]
fn finds_offsets_reused_after_a_cut_log() {
    finds(Bug::OffsetsReused, 50, &["still", "wait at the end", "before it"]);
}

#[test]
fn finds_an_event_delivered_twice_at_once() {
    finds(Bug::DeliveredTwice, 5, &["twice at once", "1 allowed", "a process for one"]);
}

#[test]
fn finds_attempts_that_are_not_counted() {
    finds(Bug::RetriedAtOnce, 20, &["attempt", "ended for nothing"]);
}

#[test]
fn finds_records_that_nobody_looks_at() {
    finds(Bug::RecordsIgnored, 5, &["stored progress", "before it"]);
}

#[test]
fn finds_events_of_one_key_delivered_out_of_order() {
    finds(Bug::OrderIgnored, 10, &["before it"]);
}

#[test]
fn finds_a_commit_for_a_lost_partition() {
    finds(Bug::LossUnheard, 150, &["not ours", "said to have taken", "somebody else's"]);
}

#[test]
fn finds_a_partition_given_up_with_something_in_flight() {
    finds(Bug::ReleasedAtOnce, 50, &["given up", "not ours"]);
}

#[test]
fn finds_a_minimum_that_is_not_kept() {
    finds(Bug::MinimumIgnored, 20, &["ended for nothing", "are to"]);
}

#[test]
fn finds_more_processes_than_there_may_be() {
    finds(Bug::MaximumExceeded, 20, &["instances of"]);
}

#[test]
fn finds_more_in_flight_than_a_process_takes() {
    finds(Bug::ConcurrencyExceeded, 10, &["allowed", "a process for one"]);
}

#[test]
fn finds_calls_refused_that_are_to_wait() {
    finds(Bug::WaitIgnored, 60, &["there is room for it"]);
}

#[test]
fn finds_processes_that_never_fall_idle() {
    finds(Bug::NeverIdle, 10, &["no end within"]);
}

#[test]
fn finds_a_paused_process_that_is_never_let_go_on() {
    finds(Bug::NeverResumed, 60, &["which is paused"]);
}

#[test]
fn finds_a_wish_to_attach_that_has_no_answer() {
    finds(Bug::AttachUnheard, 30, &["has no answer"]);
}

#[test]
fn finds_processes_started_beside_one_that_is_attached() {
    finds(Bug::AttachForgotten, 60, &["is started beside", "has its place", "is called zero"]);
}

#[test]
fn finds_shares_of_traffic_that_do_not_hold() {
    finds(Bug::SharesIgnored, 10, &["belongs to"]);
}

#[test]
fn finds_what_is_delivered_twice_after_a_crash() {
    finds(Bug::MemoryLost, 60, &["the same event was before"]);
}

#[test]
fn finds_what_is_begun_for_a_paused_subscription() {
    finds(Bug::PauseUnheard, 60, &["its subscription is paused"]);
}

#[test]
fn finds_a_paused_subscription_that_never_goes_on() {
    finds(Bug::ResumeUnheard, 60, &["no end within"]);
}

#[test]
fn finds_what_is_delivered_before_its_time() {
    finds(Bug::DelayIgnored, 10, &["before its time"]);
}

#[test]
fn finds_a_wish_to_try_again_that_nobody_hears() {
    finds(Bug::RetryUnheard, 60, &["no end within"]);
}

#[test]
fn finds_what_is_held_and_goes_again_for_no_reason() {
    finds(Bug::HeldInVain, 200, &["delivered for no reason"]);
}

#[test]
fn finds_what_is_done_by_a_reply_that_is_not_stored() {
    finds(Bug::MarkOfTheUnstored, 60, &["stored progress"]);
}

/// The simulator finds the bug within so many seeds, by one of the promises it breaks.
fn finds(bug: Bug, seeds: u64, promises: &[&str]) {
    let found = (0..seeds).find_map(|seed| Some((seed, broken(seed, Some(bug), false)?)));
    let (seed, verdict) = found.unwrap_or_else(|| panic!("{bug:?} is not found within {seeds} seeds"));
    say(&format!("planted bug {bug:?}: found by seed {seed}"));
    assert!(promises.iter().any(|p| verdict.contains(p)), "found by another promise: {verdict}");
}

/// Says something past the capture of the test harness: the figures belong to every run's output.
fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").ok();
}

/// Plays the world of a seed. A panic of the mind is a broken promise, too.
fn played(seed: u64, bug: Option<Bug>, traced: bool) -> std::thread::Result<Outcome> {
    catch_unwind(AssertUnwindSafe(|| World::new(seed, bug, traced).run()))
}

/// Which promise is broken in the world of a seed, if any; printed with the steps before when asked to.
fn broken(seed: u64, bug: Option<Bug>, printed: bool) -> Option<String> {
    let Ok(outcome) = played(seed, bug, printed) else {
        return Some("the mind panicked".into());
    };
    if printed {
        eprintln!("seed {seed}: {}", outcome.verdict.as_deref().unwrap_or("every promise holds"));
    }
    outcome.verdict
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What a run has seen.
#[derive(Default)]
struct Sum {
    coverage: Coverage,
    worlds: u64,
    simulated: u64,
    events: u64,
    effects: u64,
    lives: u64,
}

impl Sum {
    fn add(&mut self, outcome: &Outcome) {
        self.coverage.add(&outcome.coverage);
        self.worlds += 1;
        self.simulated += outcome.simulated;
        self.events += outcome.events;
        self.effects += outcome.effects;
        self.lives += outcome.lives;
    }

    fn describe(&self) -> String {
        let Self { coverage, worlds, simulated, events, effects, lives } = self;
        let minutes = simulated / SECOND / 60;
        let time = format!("{} h {} min", minutes / 60, minutes % 60);
        format!("{worlds} worlds, {time} simulated, {lives} lives, {events} events, {effects} effects\n")
            + &coverage.table()
    }
}
