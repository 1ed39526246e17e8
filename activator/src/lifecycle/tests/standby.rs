//! A process that is started ahead for a new revision.

use alloc::vec::Vec;

use super::{at, function, present, scaled, settings, start, start_for, warm};
use crate::id::{InstanceId, Revision};
use crate::lifecycle::{Availability, Function, Settings, Spare, State};
use crate::scale::Scaling;

/// A function that was called, of which a second revision came and has one that stands by, ready.
fn standing_by() -> (Function, InstanceId) {
    let mut f = function();
    warm(&mut f, at(0));
    f.revise(present(2));
    let id = start_for(&mut f, at(1), 0).expect("one is started ahead");
    assert_eq!(start_for(&mut f, at(1), 0), None, "and only one");
    assert_eq!(f.pause_next(), None, "it does not accept requests yet");
    assert_eq!(f.ready(at(100), id).map(|stop| stop.len()), Some(1), "the old one goes");
    assert_eq!(f.pause_next(), Some(id));
    (f, id)
}

fn states(f: &Function) -> Vec<State> {
    f.instances().iter().map(|i| i.state).filter(|s| !matches!(s, State::Stopping { .. })).collect()
}

#[test]
fn it_is_paused_and_goes_on_with_the_first_delivery() {
    let (mut f, id) = standing_by();
    assert_eq!(states(&f), [State::Paused { since: at(100) }]);
    assert_eq!(f.pause_next(), None, "once is enough");
    assert_eq!(start_for(&mut f, at(200), 1), None, "nobody else is needed");
    assert_eq!(f.place(), Some((id, false)), "it is warm");
    assert!(f.began(id), "it was paused");
    assert!(!f.began(id), "and is no more");
    assert_eq!(start_for(&mut f, at(200), 1).map(|_| ()), Some(()), "three are more than it takes");
}

#[test]
fn it_ends_as_any_other_that_is_idle() {
    let (mut f, id) = standing_by();
    let until = f.idle_until(id).expect("it is not kept");
    assert_eq!(f.idle_check(at(100), id), Spare::LookAgain(until));
    assert_eq!(f.idle_check(until, id), Spare::Stop);
    f.exited(until, id, "signal 15");
    assert_eq!(start_for(&mut f, until, 0), None, "and none comes in its place");
}

#[test]
fn something_that_comes_while_it_starts_makes_it_one_like_any_other() {
    let mut f = function();
    warm(&mut f, at(0));
    f.revise(present(2));
    let id = start_for(&mut f, at(1), 0).expect("one is started ahead");
    f.began(id);
    f.ready(at(100), id);
    f.finished(at(200), id, crate::lifecycle::Finish::Answered);
    assert_eq!(f.pause_next(), None);
}

#[test]
fn one_that_fails_to_start_is_told_and_not_tried_again_for_nobody() {
    let mut f = function();
    let old = warm(&mut f, at(0));
    f.revise(present(2));
    let id = start_for(&mut f, at(1), 0).expect("one is started ahead");
    let wait = f.exited(at(2), id, "exit 1").expect("that is a failed start");
    assert_eq!(start_for(&mut f, at(2) + wait, 0), None);
    assert_eq!((f.trouble(), f.place()), (Some("exit 1"), Some((old, false))));
}

#[test]
fn only_what_is_of_use_to_somebody_has_one() {
    let mut never_called = function();
    never_called.revise(present(2));
    assert_eq!(start_for(&mut never_called, at(1), 0), None);

    let mut called_once = function();
    let id = warm(&mut called_once, at(0));
    called_once.reap();
    called_once.exited(at(1), id, "exit 0");
    called_once.revise(Availability::Absent);
    called_once.revise(present(2));
    let ahead = start_for(&mut called_once, at(2), 0).expect("it was called since, and its file is back");
    called_once.exited(at(3), ahead, "exit 1");
    called_once.revise(present(3));
    assert_eq!(start_for(&mut called_once, at(4), 0), None, "it was not called since");
}

#[test]
fn nobody_has_one_who_needs_none() {
    let one_more = |settings: Settings| {
        let mut f = scaled(settings.scaling);
        start(&mut f, at(0));
        let revision = Revision(settings.revision.0 + 1);
        f.revise(Availability::from(Settings { revision, ..settings }));
        start_for(&mut f, at(1), 0).is_some()
    };
    assert!(one_more(settings(1)));
    let scaling = settings(1).scaling;
    assert!(!one_more(Settings { scaling: Scaling { standby: false, ..scaling }, ..settings(1) }));
    assert!(!one_more(Settings { single_use: true, ..settings(1) }));
    // Those are started for another reason, and are not paused.
    let mut kept = scaled(Scaling { min: 1, ..scaling });
    warm(&mut kept, at(0));
    let kept_settings = Settings { scaling: Scaling { min: 1, ..scaling }, ..settings(2) };
    kept.revise(Availability::from(kept_settings));
    let id = start_for(&mut kept, at(1), 0).expect("one is to be kept");
    kept.ready(at(2), id);
    assert_eq!(kept.pause_next(), None);
}
