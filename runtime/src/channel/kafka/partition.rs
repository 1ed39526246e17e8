//! One partition with its two lanes, and the rule which of them serves a read.
//!
//! - The **tail** serves what begins where it stands or behind: the sequence of reads it was made for, and jumps
//!   forward, for which it is moved.
//! - What begins below the tail is served by the **look-back**, a second stream made with the first such read. So
//!   neither a single record for a retry nor a sweep for those who lag disturbs the tail or throws away what it
//!   fetched ahead. A sequence that goes on in the look-back (a rewind, too) ends exactly where the tail stands, and
//!   the next read is the tail's: they join by themselves, and the look-back fetches nothing any more.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use activator::id::Offset;
use activator::input::Batch;
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard};

use super::lane::{self, Lane, Place};
use super::owned::Hold;
use super::taken::Want;
use crate::channel::ReadError;

/// Up to so many records, a read below the tail is taken for one of its kind: nothing is fetched ahead after it.
const POINT_RECORDS_MAX: u32 = 8;

pub(super) struct Partition {
    tail: Arc<Mutex<Lane>>,
    tail_at: Place,
    /// The turn in which the partition was ours last.
    turn: AtomicU64,
    look_back: OnceCell<Arc<Mutex<Lane>>>,
}

impl Partition {
    pub(super) fn new(tail: Lane) -> Self {
        Self {
            tail_at: tail.place(),
            turn: AtomicU64::new(Hold::ALONE.turn),
            tail: Arc::new(Mutex::new(tail)),
            look_back: OnceCell::new(),
        }
    }

    /// `make_look_back` is asked once, when the first read needs it.
    pub(super) async fn read<F>(&self, hold: Hold, want: Want, make_look_back: F) -> Result<Batch, ReadError>
    where
        F: AsyncFnOnce() -> Result<Lane, ReadError>,
    {
        if self.turn.load(Ordering::Acquire) != hold.turn {
            self.begin_turn(hold).await;
        }
        match self.tail_for(want.from).await {
            Ok(tail) => {
                let tail = lane::put(tail, want.from).await?;
                lane::read(tail, want).await.map(|(batch, _)| batch)
            }
            Err(until) => self.read_below(want, until, make_look_back).await,
        }
    }

    /// The tail, for a read from there on; or where it stands, when that is behind.
    async fn tail_for(&self, from: Offset) -> Result<OwnedMutexGuard<Lane>, Offset> {
        loop {
            let mut moved = pin!(self.tail_at.moved());
            moved.as_mut().enable();
            if let Some(until) = self.below_tail(from) {
                return Err(until);
            }
            tokio::select! {
                tail = Arc::clone(&self.tail).lock_owned() => {
                    // Another read may have moved it on while this one waited for it.
                    return self.below_tail(from).map_or(Ok(tail), Err);
                }
                // Whoever has it may wait for a record that never comes, and this read is none of its business any more.
                () = moved => {}
            }
        }
    }

    /// The reads of the turn before end by themselves.
    async fn begin_turn(&self, hold: Hold) {
        let mut tail = self.tail.lock().await;
        if self.turn.swap(hold.turn, Ordering::AcqRel) != hold.turn {
            tail.assigned(hold);
        }
    }

    #[cfg(test)]
    pub(super) fn tail_at(&self) -> Option<Offset> {
        self.tail_at.get()
    }

    fn below_tail(&self, from: Offset) -> Option<Offset> {
        self.tail_at.get().filter(|&at| from < at)
    }

    async fn read_below<F>(&self, want: Want, until: Offset, make: F) -> Result<Batch, ReadError>
    where
        F: AsyncFnOnce() -> Result<Lane, ReadError>,
    {
        let make = async || make().await.map(|lane| Arc::new(Mutex::new(lane)));
        let lane = Arc::clone(self.look_back.get_or_try_init(make).await?);
        let lane = lane::put(lane.lock_owned().await, want.from).await?;
        let want = Want { until: Some(until), ..want };
        let (batch, mut lane) = lane::read(lane, want).await?;
        if want.records_max <= POINT_RECORDS_MAX || batch.next >= until {
            // Nobody waits for it; the next read below the tail does, as the thread holds the lane.
            tokio::task::spawn_blocking(move || lane.pause());
        }
        Ok(batch)
    }
}
