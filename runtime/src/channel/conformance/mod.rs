//! What every channel promises, whichever kind it is: one suite, run over each kind with the real thing behind it.
//!
//! Offsets need not begin at 0 nor be without gaps; nothing here assumes it.

mod cursors;
mod events;
mod landmarks;
mod matrix;
mod partitions;
mod steps;
mod waiting;

use std::time::Duration;

use super::{DurableSpec, MemorySpec, Reserve, Retention, Spec, SyncMode};

/// A check that hangs has failed; Kafka in a slow container needs some seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A kind of channel under test.
pub(crate) struct Kind<'a> {
    pub(crate) name: &'static str,
    /// Makes the specification of a channel that never was, with this many partitions.
    pub(crate) make: &'a dyn Fn(u32) -> Spec,
    /// Whether events and cursors outlive the handles.
    pub(crate) survives_reopen: bool,
}

/// Runs every check that applies to the kind, and prints how many those were, and the matrix of checks and kinds.
pub(crate) async fn suite(kind: &Kind<'_>) {
    let mut executed = 0;
    macro_rules! check {
        ($($group:ident::$promise:ident),* $(,)?) => {$(
            let done = tokio::time::timeout(PATIENCE, Box::pin($group::$promise(kind.make))).await;
            assert!(done.is_ok(), "{}: {} hangs", kind.name, stringify!($promise));
            matrix::kept(stringify!($promise), kind.name);
            executed += 1;
        )*};
    }
    check!(
        events::a_new_channel_has_its_partitions_and_no_cursors,
        events::an_event_comes_back_byte_for_byte,
        events::an_event_grows_older,
        events::offsets_ascend,
        events::a_read_gives_no_more_records_than_wanted,
        events::a_read_gives_about_the_bytes_wanted_and_at_least_one_record,
        events::a_read_goes_on_where_the_last_one_ended,
        waiting::a_reader_at_the_end_is_woken,
        waiting::every_reader_at_the_end_is_woken,
        waiting::a_dropped_waiting_read_loses_nothing,
        waiting::a_dropped_append_harms_nothing,
        partitions::the_same_key_goes_to_the_same_partition,
        partitions::events_without_a_key_are_spread,
        partitions::concurrent_appends_are_read_exactly_once_and_in_order,
        cursors::what_no_cursor_has_passed_stays,
        cursors::several_commits_are_taken,
        landmarks::the_beginning_and_the_end_are_found,
        landmarks::a_time_leads_to_the_first_event_since,
    );
    if kind.survives_reopen {
        check!(
            cursors::events_survive,
            cursors::offsets_are_not_reused_after_reopening,
            cursors::begin_is_the_lowest_offset,
            cursors::progress_comes_back_with_names_and_done_ranges,
            cursors::the_newest_commit_wins,
            cursors::a_commit_of_one_partition_leaves_the_others,
            landmarks::times_survive,
        );
    }
    println!("{}: executed {executed} checks\n{}", kind.name, matrix::text());
}

#[tokio::test]
async fn memory_keeps_every_promise() {
    let make = |partitions| {
        let bytes_max = 64 << 20;
        Spec::Memory(MemorySpec { partitions, bytes_max })
    };
    suite(&Kind { name: "memory", make: &make, survives_reopen: false }).await;
}

#[tokio::test]
async fn durable_keeps_every_promise() {
    durable("durable os", SyncMode::Os).await;
}

#[tokio::test]
async fn durable_keeps_every_promise_when_it_syncs_to_the_disk() {
    durable("durable disk", SyncMode::Disk).await;
}

async fn durable(name: &'static str, sync: SyncMode) {
    let folders = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    let make = |partitions| {
        count.set(count.get() + 1);
        let dir = folders.path().join(count.get().to_string());
        Spec::Durable(DurableSpec {
            dir,
            partitions,
            sync,
            retention: Retention::default(),
            reserve: Reserve::Left,
        })
    };
    suite(&Kind { name, make: &make, survives_reopen: true }).await;
}
