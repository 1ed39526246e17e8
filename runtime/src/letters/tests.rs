//! Letters in a real channel: nothing of it is lost, whatever happens between.

use std::path::Path;
use std::sync::Arc;

use activator::event::Event;
use activator::id::Offset;
use bytes::Bytes;
use tokio::task::JoinSet;

use super::*;
use crate::channel::{
    Channel, DurableSpec, MemorySpec, Opened, Reserve, Retention, Spec, SyncMode, no_subscribers,
};

pub(super) fn event(id: &str) -> Event {
    let mut event = Event::builder();
    for (name, value) in [("id", id), ("source", "/shop"), ("type", "order.created")] {
        event.attribute(name, value).unwrap();
    }
    event.build(Bytes::from_static(b"{\"total\":\n 12345678901234567890123.10}")).unwrap()
}

/// As the activator makes one, and the driver dates it.
pub(super) fn letter(id: &str, subscription: &str, reason: &str) -> Event {
    let to = subscription.replace("trigger/", "fn/");
    let extensions = [
        ("knativeerrordest", &*to),
        ("knativeerrorcode", reason.rsplit(' ').next().unwrap()),
        ("knativeerrordata", "bm8gZmllbGQgYHRvdGFsYAo="),
        ("hydrantsubscription", subscription),
        ("hydrantreason", reason),
        ("hydrantattempts", "5"),
    ];
    let letter = extensions.iter().fold(event(id), |event, (name, value)| event.with(name, value).unwrap());
    stamped(letter, "2026-11-26T12:00:00Z".parse().unwrap())
}

/// A desk on the channel in a folder, for as long as this lives.
struct World {
    desk: Arc<Desk>,
    channel: Channel,
    following: JoinSet<()>,
}

impl World {
    async fn open(dir: &Path) -> Self {
        let reserve = Reserve::Used;
        let (sync, retention) = (SyncMode::Os, Retention::default());
        let dir = dir.into();
        Self::of(&Spec::Durable(DurableSpec { dir, partitions: 1, sync, retention, reserve })).await
    }

    async fn of(spec: &Spec) -> Self {
        let Opened { channel, partitions, .. } = Channel::open(spec, no_subscribers()).await.unwrap();
        let desk = Arc::new(Desk::default());
        let mut following = JoinSet::new();
        for follows in desk.opened(&channel, &partitions) {
            following.spawn(follows);
        }
        let world = Self { desk, channel, following };
        world.desk.caught_up().await.unwrap();
        world
    }

    async fn die(&self, ids: &[&str]) {
        for id in ids {
            self.channel.append(letter(id, "trigger/bill", "exit 1")).await.unwrap();
        }
        self.desk.caught_up().await.unwrap();
    }

    async fn open_letters(&self) -> Vec<String> {
        let found = self.desk.list(&Selection::default(), None, 100).await.unwrap();
        found.iter().map(|(_, event)| event.id().to_owned()).collect()
    }

    /// Everyone lets go of the channel, or this hangs.
    async fn close(mut self) {
        self.desk.close();
        while self.following.join_next().await.is_some() {}
        self.channel.close().await;
    }
}

#[tokio::test]
async fn a_letter_is_known_once_it_is_stored_and_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    assert_eq!(world.open_letters().await, [""; 0]);
    world.die(&["a", "b"]).await;
    assert_eq!((world.open_letters().await, world.desk.count()), (vec!["a".into(), "b".into()], 2));
    world.close().await;
    assert_eq!(World::open(dir.path()).await.open_letters().await, ["a", "b"]);
}

#[tokio::test]
async fn what_is_done_stays_done_and_what_is_given_back_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.die(&["a", "b", "c", "d"]).await;
    let page = world.desk.take_for_retry(&Selection::default(), 3, false, |_| true);
    assert_eq!((page.taken.ids().len(), page.left, world.open_letters().await), (3, 1, vec!["d".into()]));
    page.taken.done(2).await.unwrap();
    assert_eq!(world.open_letters().await, ["c", "d"]);
    let nobody = world.desk.take_for_retry(&Selection::default(), 3, false, |_| false);
    assert_eq!((nobody.taken.ids().len(), nobody.unwired), (0, 2));
    world.close().await;
    let world = World::open(dir.path()).await;
    assert_eq!(world.open_letters().await, ["c", "d"]);
    let late = world.desk.take([LetterId { partition: activator::id::Partition(0), offset: Offset(3) }]);
    late.done(1).await.unwrap();
    world.close().await;
    assert_eq!(World::open(dir.path()).await.open_letters().await, ["c"]);
}

#[tokio::test]
async fn a_letter_is_found_by_its_name_and_by_the_id_of_its_event() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.die(&["a", "b", "a", "d1"]).await;
    let ids = async |text: &str| {
        let found = world.desk.find(text).await.unwrap();
        found.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids("b").await, ["d1"]);
    assert_eq!(ids("d0").await, ["d0"]);
    assert_eq!(ids("a").await, ["d0", "d2"]);
    assert_eq!(ids("d1").await, ["d3", "d1"], "the name of one, and the event of another");
    assert_eq!(ids("c").await, [""; 0]);
}

#[tokio::test]
async fn pages_follow_each_other_whatever_lies_between() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    let names: Vec<String> = (0..600).map(|n| format!("e{n}")).collect();
    world.die(&names.iter().map(|name| &**name).collect::<Vec<_>>()).await;
    let between = (0..600).filter(|n| n % 300 != 0);
    let between = between.map(|n| LetterId { partition: activator::id::Partition(0), offset: Offset(n) });
    let taken = world.desk.take(between);
    let count = taken.ids().len();
    taken.done(count).await.unwrap();
    assert_eq!(world.open_letters().await, ["e0", "e300"]);
    let first = world.desk.list(&Selection::default(), None, 1).await.unwrap();
    let second = world.desk.list(&Selection::default(), Some(first[0].0), 1).await.unwrap();
    assert_eq!(second[0].1.id(), "e300");
}

#[tokio::test]
async fn what_was_sent_again_too_often_is_left_out_unless_it_is_forced() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.die(&["a"]).await;
    let again = letter("b", "trigger/bill", "exit 1").with("hydrantredrives", "3").unwrap();
    world.channel.append(again).await.unwrap();
    world.desk.caught_up().await.unwrap();
    let page = world.desk.take_for_retry(&Selection::default(), 10, false, |_| true);
    assert_eq!((page.taken.ids().len(), page.guarded), (1, 1));
    drop(page);
    let page = world.desk.take_for_retry(&Selection::default(), 10, true, |_| true);
    assert_eq!((page.taken.ids().len(), page.guarded), (2, 0));
}

#[tokio::test]
async fn in_memory_what_is_done_makes_room() {
    let world = World::of(&Spec::Memory(MemorySpec { partitions: 1, bytes_max: 4_000 })).await;
    let fill = async || {
        let mut stored = 0;
        while world.channel.append(letter("a", "trigger/bill", "exit 1")).await.is_ok() {
            stored += 1;
        }
        world.desk.caught_up().await.unwrap();
        stored
    };
    let stored = fill().await;
    assert!(stored > 3, "{stored}");
    let taken = world.desk.take_all(&Selection::default());
    taken.done(2).await.unwrap();
    assert_eq!((fill().await, world.desk.count()), (2, stored));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_many_are_done_with_at_once_is_all_stored() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    let names: Vec<String> = (0..100).map(|n| format!("e{n}")).collect();
    world.die(&names.iter().map(|name| &**name).collect::<Vec<_>>()).await;
    let mut storing = JoinSet::new();
    for _ in 0..99 {
        storing.spawn(world.desk.take_for_retry(&Selection::default(), 1, false, |_| true).taken.done(1));
    }
    storing.join_all().await.into_iter().for_each(|stored| stored.unwrap());
    world.close().await;
    assert_eq!(World::open(dir.path()).await.open_letters().await, ["e99"]);
}
