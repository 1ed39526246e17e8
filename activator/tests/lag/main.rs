//! Slow triggers among many: the tail goes on without them, one sweep serves all who are behind, keys are kept in
//! order, and partitions come and go.

mod load;

use std::time::Duration;

use activator::Limits;
use activator::filter::Filter;
use activator::id::Offset;
use activator::topology::{Order, Start};
use load::{Load, trigger};

const MINUTE: Duration = Duration::from_secs(60);

/// Room for few unfinished events, so that a trigger falls behind soon.
fn tight() -> Limits {
    Limits { unfinished_max: 64, unfinished_min: 8, ..Limits::default() }
}

fn wants_all(number: u32) -> activator::topology::Subscription {
    trigger(number, Filter::always(), Order::None, Start::Tail)
}

fn wants_nothing(number: u32) -> activator::topology::Subscription {
    trigger(number, Filter::exact("type", "never"), Order::None, Start::Tail)
}

fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("e{number}")).collect()
}

#[test]
fn the_tail_goes_on_while_a_trigger_is_stuck() {
    let mut load = Load::new(tight(), vec![wants_all(0), wants_all(1)]);
    load.stuck.insert(0);
    load.store_all(0..500);
    assert_eq!(load.delivered_to(1), ids(0..500), "the other one has them all");
    assert!(load.held_by(0).len() <= 64, "what it may have unfinished is bounded");
    load.wait(60 * MINUTE);
    load.mend();
    let mut delivered = load.delivered_to(0).to_vec();
    delivered.sort_by_key(|id| id[1..].parse::<usize>().unwrap());
    assert_eq!(delivered, ids(0..500), "and each of them once");
    load.wait(MINUTE);
    assert_eq!((load.progress().position, load.progress().behind), (Offset(500), vec![]), "both at the tail");
}

/// A tail that waits for whoever keeps pace with so many events.
fn pacing() -> Limits {
    Limits { unfinished_max: 8_000, ..Limits::default() }
}

/// Events are stored at three times the pace of a URL: 32 in a millisecond.
fn store_faster_than_it_goes(load: &mut Load, numbers: std::ops::Range<usize>) {
    for number in numbers {
        load.store(&format!("e{number}"), "k");
        if number % 100 == 99 {
            load.answer_some(32);
            load.wait(Duration::from_millis(1));
        }
    }
}

#[test]
fn a_backlog_that_one_of_two_triggers_wants_and_keeps_pace_with_is_read_hardly_more_than_once() {
    let mut load = Load::new(pacing(), vec![wants_all(0), wants_nothing(1)]);
    load.stuck.insert(0);
    store_faster_than_it_goes(&mut load, 0..40_000);
    while load.delivered_to(0).len() < 40_000 {
        assert!(load.answer_some(32) > 0, "there is always something under way");
        load.wait(Duration::from_millis(1));
    }
    let times = load.records_read as f64 / 40_000.0;
    assert!(times <= 1.3, "the log was read {times} times");
}

#[test]
fn the_tail_waits_once_for_a_trigger_that_kept_pace_and_is_stuck_and_not_for_long() {
    let mut load = Load::new(pacing(), vec![wants_all(0), wants_all(1)]);
    load.stuck.insert(0);
    store_faster_than_it_goes(&mut load, 0..2_000);
    load.store_all(2_000..20_000);
    assert!(load.delivered_to(1).len() < 20_000, "it waits");
    load.wait(Limits::default().tail_waits);
    assert_eq!(load.delivered_to(1), ids(0..20_000), "the other one has them all");
    load.store_all(20_000..30_000);
    assert_eq!(load.delivered_to(1), ids(0..30_000), "nobody waits again");
    load.mend();
    load.wait(MINUTE);
    assert_eq!(load.delivered_to(0).len(), 30_000);
}

#[test]
fn nobody_waits_for_a_trigger_that_was_slow_from_the_beginning() {
    let mut load = Load::new(pacing(), vec![wants_all(0), wants_all(1)]);
    load.stuck.insert(0);
    for number in 0..20_000 {
        load.store(&format!("e{number}"), "k");
        if number < 1_000 && number % 100 == 99 {
            load.answer_some(1);
            load.wait(Duration::from_millis(10));
        }
    }
    assert_eq!(load.delivered_to(1), ids(0..20_000));
}

/// Failure scenario 41.
#[test]
fn a_thousand_lagging_triggers_among_ten_thousand_read_the_log_three_times_at_most() {
    const LAGGING: u32 = 1_000;
    const EVENTS: usize = 2_000;
    let triggers = (0..10_000).map(|n| if n < LAGGING { wants_all(n) } else { wants_nothing(n) });
    // The sinks' concurrency of 64 is far below the events, and what may be unfinished is a fraction of them.
    let limits = Limits { unfinished_max: 50_000, ..Limits::default() };
    let mut load = Load::new(limits, triggers.collect());
    load.stuck.extend(0..LAGGING);
    load.store_all(0..EVENTS);
    load.mend();
    let complete = (0..LAGGING).filter(|n| load.delivered_to(*n).len() == EVENTS).count();
    assert_eq!(complete, LAGGING as usize, "every lagging trigger has every event");
    let times = load.records_read as f64 / EVENTS as f64;
    println!("{LAGGING} of 10000 triggers lagging: the log of {EVENTS} events was read {times:.2} times");
    assert!(times <= 3.0, "the log was read {times} times");
}

/// Failure scenario 9, ordered.
#[test]
fn a_poison_key_holds_up_only_itself() {
    let by_key = trigger(0, Filter::always(), Order::Key, Start::Tail);
    let mut load = Load::new(Limits::default(), vec![by_key]);
    load.poison.insert("a0".into());
    for number in 0..20 {
        load.store(&format!("a{number}"), "a");
        load.store(&format!("b{number}"), "b");
    }
    let b: Vec<String> = (0..20).map(|n| format!("b{n}")).collect();
    assert_eq!(load.delivered_to(0), b, "the other key goes on");
    load.wait(MINUTE);
    let a: Vec<String> = (1..20).map(|n| format!("a{n}")).collect();
    assert_eq!(load.delivered_to(0)[20..], a, "behind its dead letter the key goes on in order");
}

#[test]
fn one_key_is_delivered_one_after_the_other_and_different_keys_at_once() {
    let by_key = trigger(0, Filter::always(), Order::Key, Start::Tail);
    let mut load = Load::new(Limits::default(), vec![by_key]);
    load.stuck.insert(0);
    for number in 0..3 {
        load.store(&format!("a{number}"), "a");
        load.store(&format!("b{number}"), "b");
    }
    assert_eq!(load.held_by(0), ["a0", "b0"]);
}

#[test]
fn a_partition_in_order_is_delivered_one_after_the_other() {
    let in_order = trigger(0, Filter::always(), Order::Partition, Start::Tail);
    let mut load = Load::new(tight(), vec![in_order]);
    load.stuck.insert(0);
    for number in 0..300 {
        load.store(&format!("e{number}"), &format!("k{number}"));
    }
    assert_eq!(load.held_by(0), ["e0"]);
    load.mend();
    assert_eq!(load.delivered_to(0), ids(0..300), "also what fell behind and was read again");
}

/// EKB#2201 and EKB#3767: it begins where it was told to once, and never again.
#[test]
fn a_new_trigger_begins_where_it_says_and_a_restart_does_not_begin_anew() {
    let mut load = Load::new(Limits::default(), vec![wants_all(0)]);
    load.store_all(0..10);
    let starts = [Start::Tail, Start::Beginning, Start::Offset(Offset(7)), Start::Time(1_700_000_000_000)];
    for (number, start) in (1..).zip(starts) {
        load.add(trigger(number, Filter::always(), Order::None, start));
    }
    load.wait(MINUTE);
    for restart in 0..2 {
        let begun = |number: u32| load.delivered_to(number).to_vec();
        assert_eq!(begun(1), ids(0..0), "{restart}");
        assert_eq!(begun(2), ids(0..10), "{restart}");
        assert_eq!(begun(3), ids(7..10), "{restart}");
        assert_eq!(begun(4), ids(5..10), "the storage says that the time is at offset 5; {restart}");
        load.restart(Limits::default());
        load.wait(MINUTE);
    }
}

/// Failure scenario 8.
#[test]
fn a_trigger_that_was_added_gets_its_first_event_also_when_the_runtime_restarts_before_it() {
    let mut load = Load::new(Limits::default(), vec![wants_all(0)]);
    load.store("e0", "k");
    load.add(wants_all(1));
    load.wait(MINUTE);
    load.restart(Limits::default());
    load.store("e1", "k");
    assert_eq!(load.delivered_to(1), ["e1"]);
}

/// Failure scenario 47.
#[test]
fn a_trigger_that_is_renamed_goes_on_where_it_was() {
    let mut load = Load::new(Limits::default(), vec![wants_all(0), wants_nothing(1)]);
    load.poison.extend(["e1".to_owned(), "e3".to_owned()]);
    load.store_all(0..5);
    load.rename(0, 7);
    load.poison.clear();
    load.wait(MINUTE);
    load.store("e5", "k");
    let mut delivered = load.delivered_to(0).to_vec();
    delivered.sort();
    assert_eq!(delivered, ids(0..6), "what was done stays done, and what was not is not lost");
    assert_eq!(load.renamed, ["trigger/0 -> trigger/7"]);
}

/// Failure scenario 40.
#[test]
fn one_event_that_is_retried_for_long_makes_a_restart_repeat_nothing_else() {
    let mut load = Load::new(tight(), vec![wants_all(0), wants_nothing(1)]);
    load.poison.insert("e3".into());
    load.store_all(0..1_000);
    load.wait(Duration::from_secs(1));
    assert_eq!(load.delivered_to(0).len(), 999);
    assert_eq!(load.progress().low(), Offset(3));
    let read = load.records_read;
    load.restart(tight());
    load.wait(Duration::from_secs(1));
    assert_eq!(load.delivered_to(0).len(), 999, "nothing is delivered again");
    assert!(load.records_read - read <= 64, "and next to nothing is read: {}", load.records_read - read);
    load.poison.clear();
    load.wait(MINUTE);
    assert_eq!(load.delivered_to(0)[999..], ["e3"]);
}

/// Failure scenarios 4 and 5; dapr#4577, contrib#4577.
/// What is done and not stored comes again after a crash.
#[test]
fn what_is_done_is_stored_in_the_same_turn_and_what_follows_within_moments() {
    let mut load = Load::new(Limits::default(), vec![wants_all(0)]);
    load.wait(MINUTE);
    load.store("e0", "k");
    assert_eq!(load.progress().position, Offset(1));
    load.store("e1", "k");
    assert_eq!(load.progress().position, Offset(1), "the last commit was a moment ago");
    load.wait(Limits::default().commit_every);
    assert_eq!(load.progress().position, Offset(2));
}

#[test]
fn that_an_event_is_wanted_by_nobody_is_stored_later() {
    let mut load = Load::new(Limits::default(), vec![wants_nothing(0)]);
    load.wait(MINUTE);
    load.store_all(0..3);
    assert_eq!(load.progress().position, Offset(0));
    load.wait(Limits::default().commit_tail_every);
    assert_eq!(load.progress().position, Offset(3));
}

#[test]
fn a_partition_that_is_asked_back_is_given_up_when_what_is_in_flight_is_done_and_stored() {
    let by_key = trigger(0, Filter::always(), Order::Key, Start::Tail);
    let mut load = Load::new(Limits::default(), vec![by_key]);
    load.stuck.insert(0);
    for number in 0..3 {
        load.store(&format!("a{number}"), "a");
    }
    load.ask_back();
    assert!(!load.released, "a0 is in flight");
    load.mend();
    assert!(load.released);
    assert_eq!(load.delivered_to(0), ["a0"], "nothing begins after it is asked back");
    assert_eq!(load.progress().low(), Offset(1), "what is done is stored before it is given up");

    load.assign();
    assert_eq!(load.delivered_to(0), ["a0", "a1", "a2"], "whoever has it next goes on in order");
}

#[test]
fn a_retry_does_not_outlive_its_partition() {
    let mut load = Load::new(Limits::default(), vec![wants_all(0)]);
    load.poison.insert("e0".into());
    load.store("e0", "k");
    load.ask_back();
    assert!(load.released, "what waits for its retry is the next owner's");
    load.poison.clear();
    load.wait(MINUTE);
    assert_eq!(load.delivered_to(0).len(), 0, "it is not tried here any more");
    load.assign();
    assert_eq!(load.delivered_to(0), ["e0"]);
}

#[test]
fn a_partition_is_given_up_in_time_also_when_a_function_hangs() {
    let mut load = Load::new(Limits::default(), vec![wants_all(0)]);
    load.stuck.insert(0);
    load.store("e0", "k");
    load.store("e1", "k");
    load.ask_back();
    load.wait(Limits::default().revoke);
    assert!(load.released);
    assert_eq!(load.progress().low(), Offset(0));
    load.mend();
    load.wait(MINUTE);
    assert_eq!(load.progress().low(), Offset(0), "a late answer counts for nothing");
}
