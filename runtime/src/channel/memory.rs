//! A channel in memory: a bounded ring per channel, gone at exit. A full ring refuses until the slowest cursor
//! moves; it never forgets what a cursor still needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use activator::event::Event;
use activator::id::{Offset, Partition};
use activator::input::{Batch, OpenedPartition, Progress};

use super::murmur2::Partitioner;
use super::window::{Look, Window, charge};
use super::{AppendError, Landmark, MemorySpec, Position, ReadError};

/// A handle to the channel.
#[derive(Clone)]
pub(crate) struct Memory {
    ring: Arc<Ring>,
}

struct Ring {
    partitions: Vec<Window>,
    partitioner: Partitioner,
    bytes_max: usize,
    bytes: AtomicUsize,
}

impl Memory {
    pub(super) fn open(spec: &MemorySpec) -> (Self, Vec<OpenedPartition>) {
        let count = spec.partitions.max(1);
        let ring = Ring {
            partitions: (0..count).map(|_| Window::new(Offset(0))).collect(),
            partitioner: Partitioner::new(count),
            bytes_max: spec.bytes_max,
            bytes: AtomicUsize::new(0),
        };
        let opened = (0..count)
            .map(|partition| OpenedPartition {
                partition: Partition(partition),
                begin: Offset(0),
                committed: None,
            })
            .collect();
        (Self { ring: Arc::new(ring) }, opened)
    }

    pub(super) fn append(&self, event: Event) -> Result<Position, AppendError> {
        self.append_within(self.ring.bytes_max, event)
    }

    /// Stores what came of an event that may be in this ring and stays there until this is stored: a full ring in which
    /// every event waits for its reply would never have room for one. So there is as much room again, for these alone.
    pub(super) fn pass_on(&self, event: Event) -> Result<Position, AppendError> {
        self.append_within(self.ring.bytes_max.saturating_mul(2), event)
    }

    fn append_within(&self, room: usize, event: Event) -> Result<Position, AppendError> {
        self.ring.reserve(&event, room)?;
        let partition = self.ring.partitioner.choose(&event);
        let offset = self.window(partition).expect("the partitioner knows the partitions").push(event);
        Ok(Position { partition, offset })
    }

    pub(super) async fn read(
        &self,
        partition: Partition,
        from: Offset,
        records_max: u32,
        bytes_max: u32,
    ) -> Result<Batch, ReadError> {
        let window = self.read_window(partition)?;
        let mut from = from;
        loop {
            match window.look(from, records_max, bytes_max) {
                Look::Records(batch) => return Ok(batch),
                // Everything before it is done and forgotten. When nothing follows yet, the gap alone is news.
                Look::Behind(next) if next == window.end() => {
                    return Ok(Batch { next, ..Batch::default() });
                }
                Look::Behind(next) => from = next,
                Look::AtEnd => window.grown_past(from).await,
            }
        }
    }

    pub(super) fn locate(&self, partition: Partition, landmark: Landmark) -> Result<Offset, ReadError> {
        let window = self.read_window(partition)?;
        Ok(match landmark {
            Landmark::Beginning => window.begin(),
            Landmark::End => window.end(),
            Landmark::Time(time) => window.since(time),
        })
    }

    pub(super) fn event_bytes_max(&self) -> usize {
        self.ring.bytes_max
    }

    pub(super) fn commit(&self, progress: &[(Partition, Progress)]) {
        for (partition, progress) in progress {
            let freed = self.window(*partition).map_or(0, |window| window.forget_below(progress.low()));
            self.ring.bytes.fetch_sub(freed, Ordering::Relaxed);
        }
    }

    fn read_window(&self, partition: Partition) -> Result<&Window, ReadError> {
        self.window(partition).ok_or_else(|| ReadError(format!("there is no partition {partition}")))
    }

    fn window(&self, partition: Partition) -> Option<&Window> {
        self.ring.partitions.get(usize::try_from(partition.0).ok()?)
    }
}

impl Ring {
    fn reserve(&self, event: &Event, room: usize) -> Result<(), AppendError> {
        let size = charge(event);
        if size > self.bytes_max {
            let limit = self.bytes_max;
            return Err(AppendError::TooLarge { size, limit });
        }
        let fits = |bytes: usize| Some(bytes + size).filter(|sum| *sum <= room);
        self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).map_err(|bytes| {
            AppendError::Unavailable(format!(
                "its ring is full: {bytes} of {room} bytes wait for their subscriptions"
            ))
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const RING: MemorySpec = MemorySpec { partitions: 1, bytes_max: 2_000 };

    fn event(data: &'static [u8]) -> Event {
        let mut builder = Event::builder();
        for (name, value) in [("id", "1"), ("source", "/s"), ("type", "t")] {
            builder.attribute(name, value).unwrap();
        }
        builder.build(Bytes::from_static(data)).unwrap()
    }

    fn fill(channel: &Memory) -> u64 {
        let mut stored = 0;
        while stored < 1_000 && channel.append(event(&[7; 100])).is_ok() {
            stored += 1;
        }
        stored
    }

    #[test]
    fn a_full_ring_refuses_until_the_slowest_cursor_moves() {
        let (channel, _) = Memory::open(&RING);
        let stored = fill(&channel);
        assert!(stored > 5, "{stored}");
        let refusal = channel.append(event(&[7; 100])).unwrap_err();
        assert!(matches!(refusal, AppendError::Unavailable(_)), "{refusal}");

        let behind = vec![("trigger/slow".into(), activator::cursor::Cursor::at(Offset(2)))];
        let position = Offset(stored);
        channel.commit(&[(Partition(0), Progress { position, behind })]);
        assert_eq!(fill(&channel), 2);
    }

    #[test]
    fn what_comes_of_its_events_has_as_much_room_again_and_no_more() {
        let (channel, _) = Memory::open(&RING);
        let stored = fill(&channel);
        for _ in 0..stored {
            channel.pass_on(event(&[7; 100])).unwrap();
        }
        assert!(channel.append(event(b"")).is_err(), "producers have none of it");
        while channel.pass_on(event(&[7; 100])).is_ok() {}
        let bytes = channel.ring.bytes.load(Ordering::Relaxed);
        assert!(bytes <= 2 * RING.bytes_max, "{bytes}");
    }

    #[tokio::test]
    async fn a_full_ring_forgets_nothing_that_a_cursor_needs() {
        let (channel, _) = Memory::open(&RING);
        let stored = fill(&channel);
        let position = Offset(3);
        channel.commit(&[(Partition(0), Progress { position, behind: vec![] })]);
        let batch = channel.read(Partition(0), Offset(0), 1_000, u32::MAX).await.unwrap();
        let offsets: Vec<u64> = batch.records.iter().map(|(offset, _)| offset.0).collect();
        assert_eq!(offsets, (3..stored).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn reading_what_is_forgotten_goes_on_behind_it() {
        let (channel, _) = Memory::open(&RING);
        let position = Offset(fill(&channel));
        channel.commit(&[(Partition(0), Progress { position, behind: vec![] })]);
        let batch = channel.read(Partition(0), Offset(0), 10, 1_000).await.unwrap();
        assert!(batch.records.is_empty());
        assert_eq!(batch.next, position);
    }

    #[test]
    fn an_event_larger_than_the_ring_never_fits() {
        let (channel, _) = Memory::open(&RING);
        let refusal = channel.append(event(&[7; 2_000])).unwrap_err();
        assert!(matches!(refusal, AppendError::TooLarge { .. }), "{refusal}");
    }
}
