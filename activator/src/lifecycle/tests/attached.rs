//! A process that somebody else starts.

use super::*;
use crate::lifecycle::Declined;

fn attach(f: &mut Function, now: Time) -> InstanceId {
    f.attach(now).expect("there is a place").instance
}

#[test]
fn it_takes_everything_and_none_of_ours_starts_or_goes_on() {
    let mut f = function();
    let (idle, busy) = (warm(&mut f, at(0)), start_for(&mut f, at(0), 3).expect("a second one"));
    f.began(busy);
    let attached = f.attach(at(1)).expect("there is a place");
    assert_eq!(attached.stop, vec![idle], "the other finishes what it holds");
    assert_eq!((start_for(&mut f, at(1), 100), f.place()), (None, Some((attached.instance, true))));
    assert_eq!(f.ready(at(2), attached.instance), Some(vec![]));
    assert_eq!(f.place(), Some((attached.instance, false)));
    f.began(attached.instance);
    f.began(attached.instance);
    assert_eq!((start_for(&mut f, at(2), 100), f.place(), f.is_full()), (None, None, true));
}

#[test]
fn it_is_never_idle_and_survives_what_the_folder_holds() {
    let mut f = function();
    let id = attach(&mut f, at(0));
    f.ready(at(0), id);
    assert_eq!(f.idle_check(at(1_000_000), id), Spare::Kept);
    assert_eq!((f.revise(present(2)), f.place()), (vec![], Some((id, false))));
    assert_eq!((f.revise(Availability::Absent), f.place()), (vec![], Some((id, false))));
    assert_eq!(f.trouble(), None, "somebody sees to it");
    assert_eq!(f.exited(at(1), id, "detached"), None);
    assert_eq!((f.place(), f.trouble().is_some()), (None, true));
}

#[test]
fn when_it_ends_ours_start_again_and_no_start_has_failed() {
    let mut f = function();
    let id = attach(&mut f, at(0));
    f.began(id);
    f.finished(at(1), id, Finish::NotTaken);
    assert_eq!((start_for(&mut f, at(1), 1), f.place()), (None, None), "not before its end");
    assert_eq!((f.exited(at(2), id, "detached"), f.failures()), (None, 0));
    assert_ne!(start(&mut f, at(2)), id);
}

#[test]
fn there_is_one_place_and_not_for_what_is_started_for_each_event() {
    let mut f = function();
    attach(&mut f, at(0));
    assert_eq!(f.attach(at(0)), Err(Declined::Taken));
    f.revise(Availability::from(Settings { single_use: true, concurrency: 1, ..settings(2) }));
    assert_eq!(f.attach(at(0)), Err(Declined::SingleUse));
    f.revise(Availability::Absent);
    assert!(matches!(f.attach(at(0)), Err(Declined::Broken(_))));
}

#[test]
fn one_that_is_reaped_loses_its_place() {
    let mut f = function();
    let id = attach(&mut f, at(0));
    assert_eq!(f.reap(), vec![id]);
    assert_eq!((start_for(&mut f, at(0), 1), f.place()), (None, None), "its end is not known yet");
}
