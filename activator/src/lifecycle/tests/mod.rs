//! A process on its way, by what the mind is told.

mod attached;
mod averages;
mod number;
mod standby;

use alloc::{vec, vec::Vec};
use core::time::Duration;

use super::{Availability, Finish, Function, Overflow, Settings, Spare};
use crate::id::{FunctionId, InstanceId, Revision};
use crate::scale::Scaling;
use crate::time::Time;

const HELLO: FunctionId = FunctionId(7);

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1000)
}

fn settings(revision: u32) -> Settings {
    Settings {
        revision: Revision(revision),
        single_use: false,
        concurrency: 2,
        scaling: Scaling { max: 2, ..Scaling::default() },
        overflow: Overflow::default(),
        start_timeout: Duration::from_secs(10),
        call_timeout: Duration::from_secs(300),
        response_timeout: None,
        drain_timeout: Duration::from_secs(10),
    }
}

fn present(revision: u32) -> Availability {
    Availability::from(settings(revision))
}

fn function() -> Function {
    let mut function = Function::new(HELLO);
    function.revise(present(1));
    function
}

/// Starts an instance, gives it one delivery and lets it become warm.
fn warm(function: &mut Function, now: Time) -> InstanceId {
    let id = start(function, now);
    function.began(id);
    function.ready(now, id);
    function.finished(now, id, Finish::Answered);
    id
}

fn start(function: &mut Function, now: Time) -> InstanceId {
    start_for(function, now, 1).expect("a start")
}

fn start_for(function: &mut Function, now: Time, waiting: usize) -> Option<InstanceId> {
    function.start_next(now, waiting).map(|start| start.instance)
}

fn scaled(scaling: Scaling) -> Function {
    let mut function = Function::new(HELLO);
    function.revise(Availability::from(Settings { scaling, ..settings(1) }));
    function
}

/// Starts whatever is wanted, and lets it become warm.
fn settle(function: &mut Function, now: Time, waiting: usize) -> Vec<InstanceId> {
    let mut started = Vec::new();
    while let Some(id) = start_for(function, now, waiting) {
        function.ready(now, id);
        started.push(id);
    }
    started
}

#[test]
fn the_first_event_starts_a_process_and_waits_in_it() {
    let mut f = function();
    let id = start(&mut f, at(0));
    assert_eq!(f.place(), Some((id, true)));
    f.began(id);
    assert_eq!(f.place(), Some((id, true)), "room for a second one");
    f.began(id);
    assert_eq!(f.place(), None, "full");
    assert!(start_for(&mut f, at(0), 1).is_some(), "the next process");
}

#[test]
fn never_more_processes_than_the_maximum() {
    let mut f = function();
    for _ in 0..2 {
        let id = start(&mut f, at(0));
        f.began(id);
        f.began(id);
    }
    assert_eq!((start_for(&mut f, at(0), 1000), f.place()), (None, None));
}

#[test]
fn it_is_full_when_there_are_as_many_as_may_be_and_none_has_room() {
    let mut f = function();
    assert!(!f.is_full(), "nothing runs");
    for _ in 0..2 {
        let id = start(&mut f, at(0));
        f.began(id);
        assert!(!f.is_full(), "room for another one");
        f.began(id);
    }
    assert!(f.is_full());
    f.reap();
    assert!(!f.is_full(), "those that are on their way out make room");
    f.revise(Availability::Absent);
    assert!(!f.is_full(), "that is another trouble");
}

#[test]
fn a_delivery_never_goes_to_a_dying_process() {
    let mut f = function();
    let id = warm(&mut f, at(0));
    assert_eq!(f.idle_check(at(29_999), id), Spare::LookAgain(at(30_000)));
    assert_eq!(f.idle_check(at(30_000), id), Spare::Stop);
    let next = start(&mut f, at(30_000));
    assert_ne!(next, id);
}

#[test]
fn a_new_revision_takes_the_next_event_and_the_old_one_finishes_what_it_holds() {
    let mut f = function();
    let old = warm(&mut f, at(0));
    f.began(old);
    f.revise(present(2));
    let new = start(&mut f, at(1));
    f.began(new);
    assert_eq!(f.ready(at(2), new), Some(vec![]), "the old one still holds something");
    assert!(f.finished(at(3), old, Finish::Answered), "and stops when that is done");
}

#[test]
fn a_broken_revision_never_replaces_a_working_one() {
    let mut f = function();
    let old = warm(&mut f, at(0));
    f.revise(present(2));
    let broken = start(&mut f, at(1));
    assert_eq!(f.exited(at(2), broken, "exit 1"), Some(Duration::from_millis(100)));
    assert_eq!((start_for(&mut f, at(2), 1), f.place()), (None, Some((old, false))));
    f.revise(Availability::Broken("not executable".into()));
    assert_eq!((start_for(&mut f, at(2), 1), f.place()), (None, Some((old, false))));
}

#[test]
fn a_removed_function_takes_nothing() {
    let mut f = function();
    let old = warm(&mut f, at(0));
    assert_eq!(f.revise(Availability::Absent), vec![old]);
    assert_eq!((start_for(&mut f, at(1), 1), f.place()), (None, None));
}

#[test]
fn failed_starts_wait_longer_each_time_and_a_file_change_ends_the_wait() {
    let mut f = function();
    let mut now = at(0);
    for millis in [100, 200, 400] {
        let id = start(&mut f, now);
        f.began(id);
        f.finished(now, id, Finish::NotTaken);
        assert_eq!(start_for(&mut f, now, 1), None, "its end is not known yet");
        let wait = f.exited(now, id, "exit 1");
        assert_eq!(wait, Some(Duration::from_millis(millis)));
        assert_eq!(start_for(&mut f, now, 1), None, "not before the wait is over");
        now = now + Duration::from_millis(millis);
    }
    let id = start(&mut f, now);
    f.exited(now, id, "exit 1");
    f.revise(present(2));
    start(&mut f, now);
}

#[test]
fn while_starts_fail_only_one_process_tries() {
    let mut f = function();
    let id = start(&mut f, at(0));
    f.exited(at(0), id, "exit 1");
    let probe = start(&mut f, at(100));
    f.began(probe);
    f.began(probe);
    assert_eq!(start_for(&mut f, at(100), 50), None);
    f.ready(at(101), probe);
    assert!(start_for(&mut f, at(101), 50).is_some());
}

#[test]
fn a_hung_process_is_replaced() {
    let mut f = function();
    let id = warm(&mut f, at(0));
    for expected in [false, false, true] {
        f.began(id);
        assert_eq!(f.finished(at(1), id, Finish::TimedOut), expected);
    }
    start(&mut f, at(1));
}

#[test]
fn news_of_a_process_that_is_gone_changes_nothing() {
    let mut f = function();
    let id = warm(&mut f, at(0));
    assert_eq!(f.exited(at(1), id, "exit 0"), None);
    assert_eq!(f.exited(at(1), id, "exit 0"), None);
    assert_eq!(f.ready(at(1), id), None);
    assert!(!f.finished(at(1), id, Finish::NotTaken));
    assert!(f.instances().is_empty());
}

#[test]
fn a_process_that_took_too_long_to_start_is_not_warm_when_it_answers_after_all() {
    let mut f = function();
    let id = start(&mut f, at(0));
    f.began(id);
    assert!(f.start_timed_out(id));
    assert_eq!(f.ready(at(1), id), None);
    assert!(f.exited(at(2), id, "signal 9").is_some(), "and its start counts as failed");
}

#[test]
fn a_single_use_process_takes_one_delivery() {
    let mut f = Function::new(HELLO);
    f.revise(Availability::from(Settings { single_use: true, concurrency: 1, ..settings(1) }));
    let id = warm(&mut f, at(0));
    let next = start(&mut f, at(0));
    assert_ne!(id, next);
}

#[test]
fn a_single_use_process_that_hangs_is_ended() {
    let mut f = Function::new(HELLO);
    f.revise(Availability::from(Settings { single_use: true, concurrency: 1, ..settings(1) }));
    let id = start(&mut f, at(0));
    f.began(id);
    f.ready(at(1), id);
    assert!(f.finished(at(2), id, Finish::TimedOut));
}

#[test]
fn a_process_for_one_delivery_that_was_given_none_did_not_fail_to_start() {
    let mut f = Function::new(HELLO);
    f.revise(Availability::from(Settings { single_use: true, concurrency: 1, ..settings(1) }));
    let id = start(&mut f, at(0));
    assert!(f.start_timed_out(id), "it is ended all the same");
    assert_eq!(f.exited(at(1), id, "signal 9"), None);
}
