//! Finding a place in a partition.

use activator::id::Offset;

use super::steps::{Make, P0, append_numbered, numbered, open_first, open_one};
use crate::channel::clock::now_ms;
use crate::channel::{Channel, Landmark};

pub(super) async fn the_beginning_and_the_end_are_found(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    assert_eq!(located(&channel, Landmark::Beginning).await, begin);
    assert_eq!(located(&channel, Landmark::End).await, begin);
    let positions = append_numbered(&channel, 0..5).await;
    assert_eq!(located(&channel, Landmark::Beginning).await, positions[0].offset);
    assert_eq!(located(&channel, Landmark::End).await, positions[4].offset.next());
    let refusal = channel.locate(activator::id::Partition(1), Landmark::End).await;
    assert!(refusal.is_err(), "{refusal:?}");
    channel.close().await;
}

pub(super) async fn a_time_leads_to_the_first_event_since(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    let mut moments = Vec::new();
    for id in 0..4 {
        let moment = a_new_moment().await;
        moments.push((moment, channel.append(numbered(id)).await.unwrap().offset));
    }
    assert_eq!(located(&channel, Landmark::Time(0)).await, begin);
    for (moment, offset) in moments {
        assert_eq!(located(&channel, Landmark::Time(moment)).await, offset);
    }
    let later = a_new_moment().await;
    assert_eq!(located(&channel, Landmark::Time(later)).await, located(&channel, Landmark::End).await);
    channel.close().await;
}

pub(super) async fn times_survive(make: Make<'_>) {
    let spec = make(1);
    let (channel, _) = open_first(&spec).await;
    append_numbered(&channel, 0..3).await;
    let moment = a_new_moment().await;
    let since = append_numbered(&channel, 3..5).await[0].offset;
    channel.close().await;
    let (channel, _) = open_first(&spec).await;
    assert_eq!(located(&channel, Landmark::Time(moment)).await, since);
    channel.close().await;
}

async fn located(channel: &Channel, landmark: Landmark) -> Offset {
    channel.locate(P0, landmark).await.unwrap()
}

/// A millisecond of which no event is yet.
async fn a_new_moment() -> u64 {
    let before = now_ms();
    while now_ms() <= before {
        tokio::task::yield_now().await;
    }
    now_ms()
}
