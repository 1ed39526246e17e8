//! What the history promises to those who ask it.

use std::sync::Arc;
use std::time::Duration;

use activator::effect::{FunctionNews, Report};
use activator::filter::{Expression, Filter};
use activator::id::{FunctionId, Offset, Partition};
use futures_util::FutureExt;

use super::fixture::*;
use super::log::Log;
use super::view::{Decision, Outcome};
use super::*;
use crate::channel::{DurableSpec, Reserve, Retention, Spec, SyncMode};

/// Whoever waits for so long was not woken.
const LONG: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(20);

fn id(id: &str) -> Wanted {
    Wanted::Id { id: id.into(), source: None }
}

fn at(offset: u64) -> Wanted {
    Wanted::At {
        place: Place { channel: DEFAULT, partition: Partition(0), offset: Offset(offset) },
        id: String::new(),
    }
}

/// Without an archive there is nothing to wait for.
fn explain(history: &History, wanted: &Wanted) -> Vec<Explained> {
    history.explain(wanted).now_or_never().unwrap()
}

fn newest(history: &History, last: usize) -> Vec<String> {
    let selection = Selection { last, ..Selection::default() };
    history.list(&selection).now_or_never().unwrap().into_iter().map(|row| row.id).collect()
}

fn order(id: &str) -> Event {
    event(id, "/shop", "order.created", b"{}")
}

fn history(notes: impl IntoIterator<Item = Note>) -> History {
    let history = History::new(100);
    history.apply([wired()]);
    history.apply(notes);
    history
}

#[test]
fn every_subscription_of_the_channel_has_a_verdict() {
    let bill = of(BILL, 0);
    let history = history([arrived(0, order("1")), matched(bill), attempted(bill, 200), delivered(bill)]);
    let [explained] = &explain(&history, &id("1"))[..] else { panic!("one event") };
    assert_eq!((&*explained.channel, explained.offset, explained.settled), ("broker/default", 0, true));
    let [bill, audit] = &explained.verdicts[..] else { panic!("two triggers") };
    assert_eq!((&*bill.trigger, &*bill.kind, bill.matched), ("bill", "trigger", true));
    assert_eq!((bill.outcome, bill.function.as_deref()), (Outcome::Delivered, Some("bill")));
    assert_eq!((bill.attempts.len(), bill.attempt_count, bill.status.as_deref()), (1, 1, Some("200")));
    assert_eq!((audit.matched, audit.outcome), (false, Outcome::Unmatched));
    assert_eq!((bill.decision, audit.decision), (Decision::Match, Decision::NoMatch));
    assert_eq!(audit.clause.as_deref(), Some("type = \"audit\" (event has \"order.created\")"));
}

#[test]
fn a_refusal_is_that_of_the_filter_the_event_met() {
    let history = history([arrived(0, order("1"))]);
    let mut changed = resolved();
    changed.topology.subscriptions[1] = trigger(AUDIT, "audit", "later").into();
    history.apply([Note::Wired(Arc::new(changed)), arrived(1, order("2"))]);
    let clause = |wanted| {
        let verdict =
            explain(&history, &id(wanted))[0].verdicts.iter().find(|v| v.trigger == "audit").cloned();
        verdict.map(|v| (v.clause.unwrap(), v.filter_revision)).unwrap()
    };
    assert_eq!(clause("1"), ("type = \"audit\" (event has \"order.created\")".into(), 1));
    assert_eq!(clause("2"), ("type = \"later\" (event has \"order.created\")".into(), 2));
}

#[test]
fn an_error_is_told_from_a_refusal() {
    let mut failing = resolved();
    let expression = Expression::parse("total > 5").unwrap();
    Arc::make_mut(&mut failing.topology.subscriptions[1]).filter = Filter::Cesql(expression).into();
    let history = History::new(100);
    history.apply([Note::Wired(Arc::new(failing)), arrived(0, order("1"))]);
    let verdict = explain(&history, &at(0))[0].verdicts[1].clone();
    assert_eq!((verdict.matched, verdict.decision), (false, Decision::Error));
    assert_eq!(verdict.clause.as_deref(), Some("total failed at 1: the event has no total"));
}

#[test]
fn failed_attempts_are_told_one_by_one() {
    let bill = of(BILL, 0);
    let pending = [arrived(0, order("1")), matched(bill), attempted(bill, 500)];
    let history = history(pending);
    let verdict = |history: &History| explain(history, &at(0))[0].verdicts[0].clone();
    assert_eq!(
        (verdict(&history).outcome, verdict(&history).status.as_deref()),
        (Outcome::Pending, Some("500"))
    );
    history.apply([attempted(bill, 500), dead_letter(bill, 2)]);
    assert_eq!((verdict(&history).outcome, verdict(&history).attempt_count), (Outcome::DeadLetter, 2));
}

#[test]
fn what_is_held_is_told_until_it_goes_on() {
    let bill = of(BILL, 0);
    let held = || Note::Reported(Report::Held { event: bill, attempts: 1, outcome: answered(500) });
    let history = history([arrived(0, order("1")), matched(bill), attempted(bill, 500), held()]);
    let told = |history: &History| {
        let explained = explain(history, &at(0)).remove(0);
        let verdict = explained.verdicts[0].clone();
        (explained.settled, verdict.outcome, verdict.status, verdict.attempt_count)
    };
    assert_eq!(told(&history), (true, Outcome::Held, Some("500".into()), 1));
    history.apply([attempted(bill, 503)]);
    assert_eq!(told(&history), (false, Outcome::Pending, Some("503".into()), 2));
    history.apply([held(), attempted(bill, 200), delivered(bill)]);
    assert_eq!(told(&history), (true, Outcome::Delivered, Some("200".into()), 3));
}

#[test]
fn a_record_told_twice_is_one_event() {
    let bill = of(BILL, 0);
    let history = history([arrived(0, order("1")), matched(bill), delivered(bill), arrived(0, order("1"))]);
    assert_eq!(newest(&history, 10).len(), 1);
    assert!(explain(&history, &id("1"))[0].settled);
}

#[test]
fn one_id_from_two_sources_is_two_events() {
    let history = history([
        arrived(0, event("1", "/shop", "order.created", b"")),
        arrived(1, event("1", "/cafe", "order.created", b"")),
        arrived(2, event("1", "/shop", "order.created", b"")),
    ]);
    let sources = |wanted| -> Vec<(String, usize)> {
        explain(&history, &wanted).into_iter().map(|e| (e.source, e.verdicts.len())).collect()
    };
    // What was sent twice is one event with the verdicts of both.
    assert_eq!(sources(id("1")), [("/shop".into(), 4), ("/cafe".into(), 2)]);
    let cafe = Wanted::Id { id: "1".into(), source: Some("/cafe".into()) };
    assert_eq!(sources(cafe), [("/cafe".into(), 2)]);
    assert!(sources(id("2")).is_empty());
}

#[test]
fn the_newest_event_is_the_first_of_the_list() {
    let history = history((0..5).map(|n| arrived(n, order(&format!("e{n}")))));
    assert_eq!(newest(&history, 3), ["e4", "e3", "e2"]);
}

#[test]
fn the_oldest_are_forgotten_and_leave_nothing_behind() {
    let mut log = Log::new(3, 1 << 20);
    let now = SystemTime::now();
    log.take(now, wired());
    for n in 0..10 {
        // The same id over and over: the chain of equal ids is cut, too.
        log.take(now, arrived(n, order(if n % 2 == 0 { "even" } else { "odd" })));
        log.take(now, matched(of(BILL, n)));
        (0..40).for_each(|_| log.take(now, attempted(of(BILL, n), 500)));
        log.take(now, delivered(of(BILL, n)));
    }
    let (entries, places, ids, _) = log.len();
    assert_eq!((entries, places, ids), (3, 3, 2));
    assert_eq!(log.find(&id("even")).len(), 1, "offset 8 alone");
    assert!(log.find(&at(6)).is_empty());
    // Late news of what is forgotten changes nothing.
    log.take(now, delivered(of(BILL, 0)));
    assert_eq!(log.len().0, 3);
}

#[test]
fn bytes_are_bounded_whatever_the_count() {
    let mut log = Log::new(1_000_000, 100_000);
    log.take(SystemTime::now(), wired());
    for n in 0..1000 {
        log.take(SystemTime::now(), arrived(n, event(&format!("{n}"), "/s", "t", &[b'x'; 100_000])));
    }
    let (entries, _, ids, bytes) = log.len();
    assert!(bytes <= 100_000 && entries > 10 && entries < 25, "{entries} entries, {bytes} bytes");
    assert_eq!(ids, entries);
}

#[test]
fn data_is_kept_whole_or_said_to_be_cut() {
    let history = history([
        arrived(0, event("small", "/s", "t", b"hello")),
        arrived(1, event("large", "/s", "t", &[b'x'; 5000])),
    ]);
    let explained = |wanted| explain(&history, &id(wanted)).remove(0);
    assert_eq!(explained("small").event["data"], "hello");
    assert!(!explained("large").event.contains_key("data"));
    assert_eq!(explained("large").data_bytes, 5000);
}

#[test]
fn data_that_is_in_the_channel_is_not_kept_a_second_time() {
    let mut resolved = resolved();
    resolved.channels.get_mut(&DEFAULT).unwrap().spec = Spec::Durable(DurableSpec {
        dir: "events".into(),
        partitions: 1,
        sync: SyncMode::Os,
        retention: Retention::default(),
        reserve: Reserve::Left,
    });
    let history = History::new(10);
    history.apply([Note::Wired(Arc::new(resolved)), arrived(0, event("small", "/s", "t", b"hello"))]);
    let explained = explain(&history, &id("small")).remove(0);
    assert!(!explained.event.contains_key("data"));
    assert_eq!((explained.data_bytes, &explained.event["type"]), (5, &"t".into()));
}

#[test]
fn a_payload_buffer_is_not_kept_alive() {
    let event = order("1");
    let data = event.data().clone();
    let history = history([arrived(0, event)]);
    assert!(data.try_into_mut().is_ok(), "the history still holds the buffer");
    assert_eq!(newest(&history, 1).len(), 1);
}

#[tokio::test]
async fn whoever_waits_is_woken_when_the_last_delivery_is_over() {
    let history = Arc::new(history([]));
    let waiting = tokio::spawn({
        let history = history.clone();
        async move { history.wait(&at(0), Until::Settled, LONG).await }
    });
    let bill = of(BILL, 0);
    for notes in
        [vec![arrived(0, order("1")), matched(bill)], vec![attempted(bill, 500)], vec![delivered(bill)]]
    {
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        history.apply(notes);
    }
    let woken = tokio::time::timeout(SOON, waiting).await.expect("nobody woke it");
    assert!(woken.unwrap()[0].settled);
}

#[tokio::test]
async fn what_nobody_matched_is_over_at_once() {
    let history = history([arrived(0, event("1", "/s", "unheard.of", b""))]);
    let explained = history.wait(&id("1"), Until::Settled, LONG).await;
    assert_eq!(explained[0].outcome(), Outcome::Unmatched);
}

#[tokio::test]
async fn whoever_waits_too_long_gets_what_is_known() {
    let history = history([arrived(0, order("1")), matched(of(BILL, 0))]);
    let explained = history.wait(&id("1"), Until::Settled, SHORT).await;
    assert!(!explained[0].settled);
    assert!(history.wait(&id("1"), Until::Arrived, Duration::ZERO).await[0].verdicts[0].matched);
    assert!(history.wait(&id("2"), Until::Arrived, SHORT).await.is_empty());
}

#[tokio::test]
async fn news_of_a_function_wakes_who_asked_for_it() {
    let history = history([]);
    let mut news = std::pin::pin!(history.function_news());
    news.as_mut().enable();
    history.apply([arrived(0, order("1"))]);
    assert!(tokio::time::timeout(Duration::ZERO, news.as_mut()).await.is_err(), "an event is none");
    history.apply([Note::Reported(Report::Function { function: FunctionId(0), news: FunctionNews::Zero })]);
    news.await;
}

#[test]
fn what_is_not_settled_is_held_until_it_is() {
    let mut log = Log::new(3, 1 << 20);
    let now = SystemTime::now();
    log.take(now, wired());
    for n in 0..10 {
        log.take(now, arrived(n, order(&n.to_string())));
        if n == 2 {
            log.take(now, matched(of(BILL, n)));
        }
    }
    assert_eq!(log.end_turn().len(), 9, "all others are settled: nobody wants them");
    assert_eq!(log.len().0, 4);
    assert!(!log.is_reached(&id("2"), Until::Settled));
    assert!(!log.find(&id("2")).is_empty() && log.find(&id("3")).is_empty());
    log.take(now, attempted(of(BILL, 2), 500));
    log.take(now, dead_letter(of(BILL, 2), 1));
    let filed = log.end_turn();
    let [entry] = &filed[..] else { panic!("one is settled") };
    assert_eq!((entry.place.offset, entry.deliveries[0].attempt_count), (Offset(2), 1));
    assert_eq!((log.len().0, log.len().1), (3, 3), "and forgotten");
}

#[test]
fn what_is_held_has_its_bound_and_goes_as_it_is() {
    let mut log = Log::new(3, 100_000);
    log.take(SystemTime::now(), wired());
    let mut filed = Vec::new();
    for n in 0..1000 {
        log.take(SystemTime::now(), arrived(n, event(&n.to_string(), "/s", "t", &[b'x'; 4000])));
        log.take(SystemTime::now(), matched(of(BILL, n)));
        filed.extend(log.end_turn());
    }
    let (entries, places, ids, bytes) = log.len();
    assert!(
        bytes <= 100_000 && entries > 3 && places == entries && ids == entries,
        "{entries}, {bytes} bytes"
    );
    assert_eq!(filed.len() + entries, 1000);
    assert!(filed.iter().all(|entry| !entry.is_reached(Until::Settled)));
}

#[test]
fn an_event_that_comes_again_for_one_that_fell_behind_has_its_verdict() {
    let mut log = Log::new(1, 1 << 20);
    let now = SystemTime::now();
    log.take(now, wired());
    log.take(now, arrived(0, order("0")));
    log.take(now, arrived(1, order("1")));
    assert_eq!(log.end_turn().len(), 2);
    let again = |offset, event| match arrived(offset, event) {
        Note::Arrived { channel, partition, records } => Note::Again { channel, partition, records },
        other => other,
    };
    // Read again by somebody who does not want it.
    log.take(now, again(0, order("0")));
    assert!(log.end_turn().is_empty() && log.find(&id("0")).is_empty());
    log.take(now, again(0, order("0")));
    log.take(now, matched(of(BILL, 0)));
    log.take(now, delivered(of(BILL, 0)));
    let filed = log.end_turn();
    assert_eq!((filed.len(), filed[0].deliveries.len()), (1, 1));
}

#[test]
fn a_reply_and_what_it_answers_know_each_other() {
    let (bill, audit) = (of(BILL, 0), of(AUDIT, 1));
    let history = history([
        arrived(0, order("1")),
        arrived(1, order("2")),
        matched(bill),
        replied(bill, "/bill", "1"),
        matched(audit),
        replied(audit, "/audit", "1"),
        arrived(2, event("1", "/bill", "billed", b"")),
    ]);
    let kin = |source: &str| {
        let wanted = Wanted::Id { id: "1".into(), source: Some(source.into()) };
        let event = explain(&history, &wanted).remove(0);
        let told = |kin: Vec<view::Kin>| -> Vec<_> {
            kin.into_iter().map(|kin| format!("{} {} {}", kin.source, kin.id, kin.trigger)).collect()
        };
        (told(event.parents), told(event.children))
    };
    // The function answered with the id it was given, which is another event from another source.
    assert_eq!(kin("/shop"), (vec![], vec!["/bill 1 bill".to_owned()]));
    assert_eq!(kin("/bill"), (vec!["/shop 1 bill".to_owned()], vec![]));
}
