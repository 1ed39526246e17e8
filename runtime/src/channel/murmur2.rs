//! Which partition an event goes to: Kafka's Java client's choice, so that moving a channel from durable to kafka
//! keeps every key's partition.

use std::sync::atomic::{AtomicU32, Ordering};

use activator::event::Event;
use activator::id::Partition;

/// Spreads events over the partitions of a channel.
#[derive(Debug)]
pub(super) struct Partitioner {
    partitions: u32,
    turn: AtomicU32,
}

impl Partitioner {
    /// At least one partition is assumed.
    pub(super) fn new(partitions: u32) -> Self {
        Self { partitions: partitions.max(1), turn: AtomicU32::new(0) }
    }

    /// The partition of the event's `partitionkey`, or the next in turn when it has none.
    pub(super) fn choose(&self, event: &Event) -> Partition {
        match event.get("partitionkey") {
            Some(key) => partition_of(key.as_bytes(), self.partitions),
            None => Partition(self.turn.fetch_add(1, Ordering::Relaxed) % self.partitions),
        }
    }
}

/// `toPositive(murmur2(key)) % partitions`, as `org.apache.kafka.clients.producer` has it.
pub(super) const fn partition_of(key: &[u8], partitions: u32) -> Partition {
    Partition((murmur2(key).cast_unsigned() & 0x7fff_ffff) % partitions)
}

/// `org.apache.kafka.common.utils.Utils.murmur2`.
const fn murmur2(key: &[u8]) -> i32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    // Java's length is an int; no key comes near its end.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a key is an attribute, and those are shorter than 4 GiB"
    )]
    let mut hash = SEED ^ key.len() as u32;
    let (mut words, _) = key.as_chunks::<4>();
    let (_, rest) = key.as_chunks::<4>();
    while let Some((word, behind)) = words.split_first() {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
        words = behind;
    }
    if !rest.is_empty() {
        let mut i = rest.len();
        while i > 0 {
            i -= 1;
            hash ^= (rest[i] as u32) << (8 * i);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    (hash ^ (hash >> 15)).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of Kafka's own `UtilsTest.testMurmur2`.
    #[test]
    fn hashes_as_kafkas_java_client() {
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
        }
    }

    /// `toPositive` drops the sign bit; it does not negate.
    #[test]
    fn a_negative_hash_has_a_partition() {
        assert_eq!(partition_of(b"21", 10), Partition((-973_932_308_i32 & i32::MAX) as u32 % 10));
    }
}
