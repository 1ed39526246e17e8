extern crate std;

use alloc::{vec, vec::Vec};
use core::time::Duration;

use super::{Availability, Finish, Function, Overflow, Settings, Spare};
use crate::id::{FunctionId, InstanceId, Revision};
use crate::scale::{Idle, Policy, Rules, Scaling};
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
        drain_timeout: Duration::from_secs(10),
    }
}

fn present(revision: u32) -> Availability {
    Availability::Present(settings(revision))
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
    f.revise(Availability::Present(Settings { single_use: true, concurrency: 1, ..settings(1) }));
    let id = warm(&mut f, at(0));
    let next = start(&mut f, at(0));
    assert_ne!(id, next);
}

#[test]
fn a_single_use_process_that_hangs_is_ended() {
    let mut f = Function::new(HELLO);
    f.revise(Availability::Present(Settings { single_use: true, concurrency: 1, ..settings(1) }));
    let id = start(&mut f, at(0));
    f.began(id);
    f.ready(at(1), id);
    assert!(f.finished(at(2), id, Finish::TimedOut));
}

#[test]
fn a_process_for_one_delivery_that_was_given_none_did_not_fail_to_start() {
    let mut f = Function::new(HELLO);
    f.revise(Availability::Present(Settings { single_use: true, concurrency: 1, ..settings(1) }));
    let id = start(&mut f, at(0));
    assert!(f.start_timed_out(id), "it is ended all the same");
    assert_eq!(f.exited(at(1), id, "signal 9"), None);
}

#[test]
fn a_process_that_is_kept_warm_and_never_accepts_did_fail_to_start() {
    let mut f = scaled(Scaling { min: 1, ..Scaling::default() });
    let id = start_for(&mut f, at(0), 0).expect("one is kept warm");
    assert!(f.start_timed_out(id));
    assert_eq!(f.exited(at(1), id, "signal 9"), Some(Duration::from_millis(100)));
    assert_eq!(start_for(&mut f, at(1), 0), None, "not before the wait is over");
    assert!(start_for(&mut f, at(101), 0).is_some());
}

fn scaled(scaling: Scaling) -> Function {
    let mut function = Function::new(HELLO);
    function.revise(Availability::Present(Settings { scaling, ..settings(1) }));
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
fn the_minimum_is_started_without_work_and_kept_when_idle() {
    let mut f = scaled(Scaling { min: 2, ..Scaling::default() });
    let kept = settle(&mut f, at(0), 0);
    assert_eq!(kept.len(), 2);
    assert_eq!(f.idle_until(kept[0]), None, "no timer for those that are kept");
    assert_eq!(f.idle_check(at(1_000_000), kept[0]), Spare::Kept);
    let more = settle(&mut f, at(0), 5);
    assert_eq!(more.len(), 1);
    assert_eq!(f.idle_check(at(30_000), kept[0]), Spare::Stop, "there are more than that now");
    assert_eq!(f.idle_check(at(30_000), kept[1]), Spare::Kept);
    f.exited(at(30_001), kept[1], "signal 11");
    assert_eq!(settle(&mut f, at(30_001), 0).len(), 1, "one that dies is replaced");
}

#[test]
fn a_lower_minimum_lets_go_of_the_old_ones() {
    let mut f = scaled(Scaling { min: 1, ..Scaling::default() });
    let old = settle(&mut f, at(0), 0)[0];
    f.revise(present(2));
    assert_eq!(f.idle_until(old), Some(at(30_000)));
}

#[test]
fn the_initial_ones_are_started_once_for_each_revision() {
    let mut f = scaled(Scaling { initial: 3, ..Scaling::default() });
    let first = settle(&mut f, at(0), 0);
    assert_eq!(first.len(), 3);
    for id in first {
        assert_eq!(f.idle_check(at(30_000), id), Spare::Stop, "they are not kept");
        f.exited(at(30_000), id, "exit 0");
    }
    assert_eq!(start_for(&mut f, at(30_000), 0), None);
    f.revise(Availability::Present(Settings {
        scaling: Scaling { initial: 1, ..Scaling::default() },
        ..settings(2)
    }));
    let failed = start_for(&mut f, at(30_000), 0).expect("the new revision's");
    f.exited(at(30_001), failed, "exit 1");
    assert_eq!(start_for(&mut f, at(40_000), 0), None, "tried once");
}

#[test]
fn a_soft_target_spreads_before_the_limit_is_reached() {
    let mut f = scaled(Scaling { target: 1, ..Scaling::default() });
    let first = settle(&mut f, at(0), 1)[0];
    f.began(first);
    let second = start_for(&mut f, at(1), 1).expect("one is at its target");
    assert_eq!(f.place(), Some((first, false)), "better than to wait for a start");
    f.ready(at(2), second);
    assert_eq!(f.place(), Some((second, false)));
}

#[test]
fn fewer_are_wanted_for_a_while_before_one_ends() {
    let delay = Duration::from_secs(80);
    let mut f = scaled(Scaling {
        down_delay: delay,
        idle: Idle::After(Duration::from_secs(1)),
        ..Scaling::default()
    });
    let both = settle(&mut f, at(1_000), 4);
    assert_eq!(both.len(), 2);
    start_for(&mut f, at(2_000), 0);
    let Spare::LookAgain(due) = f.idle_check(at(80_000), both[0]) else {
        panic!("two were wanted until 2 s")
    };
    assert!(due > at(80_000) && due <= at(90_000), "{due:?}");
    assert_eq!(f.idle_check(at(92_000), both[0]), Spare::Stop);
}

/// Delivers something to a function with one process, and gives when that falls idle.
fn delivered(function: &mut Function, now: Time) -> InstanceId {
    if let Some(id) = start_for(function, now, 1) {
        function.ready(now + Duration::from_secs(3), id);
    }
    let (id, _) = function.place().expect("room");
    function.began(id);
    function.finished(now, id, Finish::Answered);
    start_for(function, now, 0);
    id
}

#[test]
fn a_costly_start_is_kept_longer_by_itself_and_a_plain_time_is_obeyed() {
    let mut f = scaled(Scaling { idle: Idle::AUTO, ..Scaling::default() });
    let id = delivered(&mut f, at(0));
    assert_eq!(f.idle_until(id), Some(at(300_000)), "3 s to start are worth 300 s");
    for round in 1..=10 {
        delivered(&mut f, at(round * 40_000));
    }
    assert_eq!(f.idle_until(id), Some(at(464_000)), "its pauses take 40 s, so 64 are enough");
    let mut f = scaled(Scaling { idle: Idle::After(Duration::from_secs(7)), ..Scaling::default() });
    let id = delivered(&mut f, at(0));
    assert_eq!(f.idle_until(id), Some(at(7_000)));
}

#[test]
fn a_function_at_rest_is_small() {
    let bytes = size_of::<Function>();
    std::eprintln!("a function at rest: {bytes} bytes");
    assert!(bytes <= 512, "{bytes}");
}

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
