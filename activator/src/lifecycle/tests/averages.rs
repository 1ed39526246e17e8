//! Processes that follow averages.

use alloc::vec::Vec;
use core::time::Duration;

use super::super::{Availability, Finish, Function, Settings};
use super::{at, scaled, settings, settle, start_for};
use crate::id::InstanceId;
use crate::scale::{Policy, Rules, Scaling};

fn averaged(scaling: Scaling) -> Function {
    scaled(Scaling { policy: Policy::Kpa(Rules::default()), ..scaling })
}

/// Seconds pass, with a look every two. Gives those that were stopped.
fn pass(function: &mut Function, from: u64, seconds: u64) -> Vec<InstanceId> {
    let mut stopped = Vec::new();
    for second in (from + 2..=from + seconds).step_by(2) {
        for id in function.look(at(second * 1000)) {
            function.exited(at(second * 1000), id, "signal 15");
            stopped.push(id);
        }
        settle(function, at(second * 1000), 0);
    }
    stopped
}

#[test]
fn by_averages_the_first_event_starts_one_and_a_burst_more_with_the_next_look() {
    let mut f = averaged(Scaling { max: 5, ..Scaling::default() });
    let first = settle(&mut f, at(0), 20);
    assert_eq!(first.len(), 1, "the others wait for a look");
    for _ in 0..2 {
        f.began(first[0]);
    }
    f.look(at(2_000));
    assert_eq!(settle(&mut f, at(2_000), 18).len(), 4);
    assert_eq!(f.idle_until(first[0]), None, "no time to zero of its own");
}

#[test]
fn by_averages_it_is_at_zero_after_the_window_and_the_grace_and_nothing_looks_any_more() {
    let mut f = averaged(Scaling::default());
    let id = settle(&mut f, at(0), 1)[0];
    f.began(id);
    f.finished(at(1_000), id, Finish::Answered);
    assert_eq!(start_for(&mut f, at(1_000), 0), None);
    assert_eq!(pass(&mut f, 0, 88), []);
    assert!(f.is_watched());
    assert_eq!(pass(&mut f, 88, 6), [id]);
    assert!(!f.is_watched(), "zero is zero");
}

#[test]
fn by_averages_the_minimum_stays() {
    let mut f = averaged(Scaling { min: 1, initial: 2, ..Scaling::default() });
    assert_eq!(settle(&mut f, at(0), 0).len(), 2);
    assert_eq!(pass(&mut f, 0, 300).len(), 1);
    assert_eq!(f.instances().len(), 1);
    assert!(!f.is_watched(), "and no timer for it");
}

#[test]
fn by_averages_the_minimum_of_a_working_revision_stays_while_the_next_does_not_start() {
    let scaling =
        Scaling { min: 1, policy: Policy::Kpa(Rules::default()), max: 2, initial: 2, ..Scaling::default() };
    let mut f = scaled(scaling);
    assert_eq!(settle(&mut f, at(0), 2).len(), 2);
    f.revise(Availability::from(Settings { scaling, ..settings(2) }));
    let mut stopped = 0;
    for second in (2..300).step_by(2) {
        if let Some(broken) = start_for(&mut f, at(second * 1000), 0) {
            f.exited(at(second * 1000), broken, "exit 1");
        }
        stopped += f.look(at(second * 1000)).len();
    }
    assert_eq!(stopped, 1, "one of the two that work is kept");
    assert!(f.place().is_some());
}

#[test]
fn by_averages_fewer_are_wanted_for_a_while_before_one_ends() {
    let down_delay = Duration::from_secs(200);
    let mut f = averaged(Scaling { down_delay, ..Scaling::default() });
    let id = settle(&mut f, at(0), 1)[0];
    f.began(id);
    f.finished(at(1_000), id, Finish::Answered);
    start_for(&mut f, at(1_000), 0);
    assert_eq!(pass(&mut f, 0, 280), [], "one was wanted until 92 s");
    assert_eq!(pass(&mut f, 280, 60), [id]);
}
