//! Memory and disk read as one.

use std::path::Path;
use std::time::Duration;

use activator::id::{Offset, Partition};
use serde_json::Value;

use super::fixture::*;
use super::log::{Log, RECENT};
use super::view::Outcome;
use super::*;

/// Remembers three events in memory, and all on disk.
fn kept(dir: &Path) -> History {
    let bounds = Bounds { events: 1000, age: Duration::from_secs(3600), bytes: 1 << 30 };
    let history = History::kept(3, Some(Archive::start(dir.to_owned(), bounds).unwrap()));
    history.apply([wired()]);
    history
}

fn order(id: &str) -> Event {
    event(id, "/shop", "order.created", b"{}")
}

/// One that `bill` had, in a turn.
fn story(offset: u64, id: &str) -> [Note; 4] {
    let bill = of(BILL, offset);
    [arrived(offset, order(id)), matched(bill), attempted(bill, 200), delivered(bill)]
}

async fn explain(history: &History, id: &str) -> Vec<Value> {
    let wanted = Wanted::Id { id: id.into(), source: None };
    history.explain(&wanted).await.iter().map(|event| serde_json::to_value(event).unwrap()).collect()
}

async fn list(history: &History, selection: Selection) -> Vec<String> {
    history.list(&Selection { last: 100, ..selection }).await.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn what_memory_forgot_is_told_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let history = kept(dir.path());
    let mut before = Vec::new();
    for n in 0..10 {
        history.apply(story(n, &n.to_string()));
        before.push(explain(&history, &n.to_string()).await);
    }
    history.close();
    assert_eq!(history.log().len().0, 3);
    for (n, before) in before.iter().enumerate() {
        assert_eq!(explain(&history, &n.to_string()).await, *before);
    }
    let place = Place { channel: DEFAULT, partition: Partition(0), offset: Offset(1) };
    let at = history.explain(&Wanted::At { place, id: "1".into() }).await;
    assert_eq!(at.iter().map(|event| &*event.id).collect::<Vec<_>>(), ["1"]);
    // Nobody waits for what is over.
    let wanted = Wanted::Id { id: "0".into(), source: None };
    assert!(history.wait(&wanted, Until::Settled, Duration::from_secs(600)).await[0].settled);
}

#[test]
fn of_what_the_disk_has_memory_keeps_the_newest_and_of_the_rest_all() {
    let mut log = Log::new(10_000, usize::MAX);
    let pending = [arrived(500, order("500")), matched(of(BILL, 500))];
    let (first, rest) = ((0..500), (501..2_000));
    let notes = [wired()].into_iter().chain(first.flat_map(|n| story(n, &n.to_string())));
    let notes = notes.chain(pending).chain(rest.flat_map(|n| story(n, &n.to_string())));
    notes.for_each(|note| log.take(SystemTime::now(), note));
    assert_eq!(log.end_turn().len(), 1_999);
    for (written, left) in [(0, 2_000), (300, 1_700), (1_999, 1_500)] {
        log.forget_written(written);
        assert_eq!(log.len().0, left, "{written} are on disk, and the 500th is never over");
    }
    log.take(SystemTime::now(), delivered(of(BILL, 500)));
    log.end_turn();
    log.forget_written(2_000);
    assert_eq!(log.len().0, RECENT);
    assert_eq!(log.len().1, RECENT, "nothing leads to what is forgotten");
}

#[tokio::test]
async fn what_is_written_is_let_go_of_while_more_comes_and_still_told() {
    let dir = tempfile::tempdir().unwrap();
    let bounds = Bounds { events: 100_000, age: Duration::from_secs(3600), bytes: 1 << 30 };
    let history = History::kept(10_000, Some(Archive::start(dir.path().to_owned(), bounds).unwrap()));
    history.apply([wired()]);
    let before = {
        history.apply(story(0, "0"));
        explain(&history, "0").await
    };
    let mut next = 1;
    while next <= RECENT as u64 + 100 || history.log().len().0 > RECENT + 10 {
        history.apply(story(next, &next.to_string()));
        next += 1;
        if next > RECENT as u64 + 100 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert_eq!(history.log().find(&Wanted::Id { id: "0".into(), source: None }).len(), 0);
    assert_eq!(explain(&history, "0").await, before);
}

#[tokio::test]
async fn each_event_is_listed_once_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let history = kept(dir.path());
    (0..8).for_each(|n| history.apply(story(n, &n.to_string())));
    // One that is not over.
    history.apply([arrived(8, order("8")), matched(of(BILL, 8))]);
    history.close();
    assert_eq!(list(&history, Selection::default()).await, ["8", "7", "6", "5", "4", "3", "2", "1", "0"]);
    let pending = || Selection { outcome: Some(Outcome::Pending), ..Selection::default() };
    assert_eq!(list(&history, pending()).await, ["8"]);
    drop(history);
    // It goes on in another run, where two others are read again.
    let history = kept(dir.path());
    let bill = of(BILL, 8);
    history.apply([arrived(6, order("6")), arrived(7, order("7"))]);
    history.apply([arrived(8, order("8")), matched(bill), dead_letter(bill, 4), arrived(9, order("9"))]);
    history.close();
    let mut all = list(&history, Selection::default()).await;
    all.sort();
    assert_eq!(all, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert!(list(&history, pending()).await.is_empty(), "it was, and is no more");
    let failed = Selection { failed: true, ..Selection::default() };
    assert_eq!(list(&history, failed).await, ["8"]);
    let verdict = |event: &Value| event["verdicts"][0]["outcome"].clone();
    assert_eq!(verdict(&explain(&history, "6").await[0]), "delivered", "as it was before");
}

#[tokio::test]
async fn events_are_meant_by_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let history = kept(dir.path());
    (0..8).for_each(|n| history.apply(story(n, &n.to_string())));
    history.close();
    let at = |channel: &str, partition, (first, last)| Selection {
        channel: Some(channel.into()),
        partition: Some(Partition(partition)),
        offsets: Some(Offset(first)..=Offset(last)),
        ..Selection::default()
    };
    // The last of them are in memory, the others on disk.
    assert_eq!(list(&history, at("broker/default", 0, (3, 6))).await, ["6", "5", "4", "3"]);
    assert!(list(&history, at("broker/default", 1, (3, 6))).await.is_empty());
    assert!(list(&history, at("channel/orders", 0, (3, 6))).await.is_empty());
}

#[tokio::test]
async fn one_id_in_one_place_is_told_by_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let history = kept(dir.path());
    history.apply(story(0, "a"));
    history.close();
    // A channel in memory begins anew, and others have the place.
    let history = kept(dir.path());
    history.apply(story(0, "b"));
    history.close();
    let history = kept(dir.path());
    history.apply([arrived(0, event("a", "/cafe", "order.created", b""))]);
    let sources: Vec<_> = explain(&history, "a").await.iter().map(|event| event["source"].clone()).collect();
    assert_eq!(sources, ["/shop", "/cafe"]);
    assert_eq!(explain(&history, "b").await.len(), 1);
    let selection = Selection { last: 100, source: Some("/cafe".into()), ..Selection::default() };
    let rows = history.list(&selection).await;
    assert_eq!(
        rows.iter().map(|row| row.outcome).collect::<Vec<_>>(),
        [Outcome::Unmatched],
        "not the other's"
    );
}

#[tokio::test]
async fn an_answer_and_its_event_find_each_other_across_memory_and_disk() {
    let dir = tempfile::tempdir().unwrap();
    let history = kept(dir.path());
    let bill = of(BILL, 0);
    history.apply([arrived(0, order("1")), matched(bill), replied(bill, "/bill", "1-done")]);
    history.apply((1..9).flat_map(|n| story(n, &format!("e{n}"))));
    history.apply([arrived(9, event("1-done", "/bill", "billed", b""))]);
    history.close();
    let kin = serde_json::json!([{ "id": "1", "source": "/shop", "trigger": "bill" }]);
    assert_eq!(explain(&history, "1-done").await[0]["parents"], kin);
    let kin = serde_json::json!([{ "id": "1-done", "source": "/bill", "trigger": "bill" }]);
    assert_eq!(explain(&history, "1").await[0]["children"], kin);
}
