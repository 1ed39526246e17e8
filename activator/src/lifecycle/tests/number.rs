//! Those that are kept, started ahead, or spared.

extern crate std;

use core::time::Duration;

use super::super::{Availability, Finish, Function, Settings, Spare};
use super::{at, present, scaled, settings, settle, start_for};
use crate::id::InstanceId;
use crate::scale::{Idle, Scaling};
use crate::time::Time;

#[test]
fn a_process_that_is_kept_warm_and_never_accepts_did_fail_to_start() {
    let mut f = scaled(Scaling { min: 1, ..Scaling::default() });
    let id = start_for(&mut f, at(0), 0).expect("one is kept warm");
    assert!(f.start_timed_out(id));
    assert_eq!(f.exited(at(1), id, "signal 9"), Some(Duration::from_millis(100)));
    assert_eq!(start_for(&mut f, at(1), 0), None, "not before the wait is over");
    assert!(start_for(&mut f, at(101), 0).is_some());
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
    f.revise(Availability::from(Settings {
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
