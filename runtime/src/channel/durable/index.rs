//! Where in a segment the records lie, and of what time they are: an entry for some of them, in order. In memory of
//! the segment that is written to; of a closed one in a file beside it, little-endian:
//!
//! `crc32c u32 | base u64 | length u64 | last time u64 | (offset u64 | at u64 | time u64)*`
//!
//! The checksum covers what follows it. A file that is not there or not right costs a walk over the segment.

use activator::id::Offset;

/// One entry for that many bytes: 24 KiB of index for a full segment, and at most this much read in vain.
const EVERY: u64 = 64 << 10;

const HEAD: usize = 28;
const ENTRY: usize = 24;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// The first record's, and then at most one every [`EVERY`] bytes.
    entries: Vec<Entry>,
    /// Of the last record.
    last_time: u64,
}

/// A record; one that lies behind another is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) offset: Offset,
    /// Where in the file it begins.
    pub(super) at: u64,
    /// Milliseconds since 1970.
    pub(super) time: u64,
}

impl Index {
    /// Takes the record behind the last one.
    pub(super) fn note(&mut self, record: Entry) {
        self.last_time = record.time;
        if self.entries.last().is_none_or(|last| record.at >= last.at + EVERY) {
            self.entries.push(record);
        }
    }

    /// The times of the first and the last record.
    pub(super) fn times(&self) -> Option<(u64, u64)> {
        Some((self.entries.first()?.time, self.last_time))
    }

    /// The nearest known record that is not behind `offset`.
    pub(super) fn before(&self, offset: Offset) -> Option<Entry> {
        self.last_before(self.entries.partition_point(|known| known.offset <= offset))
    }

    /// The nearest known record that no record of `time` or later precedes.
    pub(super) fn before_time(&self, time: u64) -> Option<Entry> {
        self.last_before(self.entries.partition_point(|known| known.time < time))
    }

    /// The nearest known record that does not begin behind `at`.
    pub(super) fn before_at(&self, at: u64) -> Option<Entry> {
        self.last_before(self.entries.partition_point(|known| known.at <= at))
    }

    fn last_before(&self, behind: usize) -> Option<Entry> {
        behind.checked_sub(1).map(|at| self.entries[at])
    }

    /// The file beside a segment of this base and length.
    pub(super) fn encode(&self, base: Offset, length: u64) -> Vec<u8> {
        let mut file = vec![0; 4];
        file.reserve(HEAD + self.entries.len() * ENTRY);
        for number in [base.0, length, self.last_time] {
            file.extend_from_slice(&number.to_le_bytes());
        }
        for entry in &self.entries {
            for number in [entry.offset.0, entry.at, entry.time] {
                file.extend_from_slice(&number.to_le_bytes());
            }
        }
        let crc = crc32c::crc32c(&file[4..]);
        file[..4].copy_from_slice(&crc.to_le_bytes());
        file
    }

    /// The index in a file, and how long its segment is, if it is one of a segment of this base.
    pub(super) fn decode(file: &[u8], base: Offset) -> Option<(Self, u64)> {
        let (crc, rest) = file.split_first_chunk()?;
        if crc32c::crc32c(rest) != u32::from_le_bytes(*crc) {
            return None;
        }
        let (numbers, odd) = rest.as_chunks::<8>();
        let mut numbers = numbers.iter().map(|bytes| u64::from_le_bytes(*bytes));
        let (of, length, last_time) = (numbers.next()?, numbers.next()?, numbers.next()?);
        if of != base.0 || !odd.is_empty() || numbers.len() % 3 != 0 {
            return None;
        }
        let mut entries = Vec::with_capacity(numbers.len() / 3);
        while let (Some(offset), Some(at), Some(time)) = (numbers.next(), numbers.next(), numbers.next()) {
            entries.push(Entry { offset: Offset(offset), at, time });
        }
        Some((Self { entries, last_time }, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let mut index = Index::default();
        for i in 0..10 {
            index.note(Entry { offset: Offset(40 + i), at: i * EVERY, time: 1_000 + i / 2 });
        }
        index
    }

    #[test]
    fn an_index_comes_back_from_its_file() {
        let index = index();
        let file = index.encode(Offset(40), 700_000);
        assert_eq!(Index::decode(&file, Offset(40)), Some((index, 700_000)));
        assert_eq!(Index::decode(&file, Offset(41)), None, "of another segment");
    }

    #[test]
    fn a_flipped_or_missing_byte_makes_it_no_index() {
        let file = index().encode(Offset(40), 700_000);
        for at in 0..file.len() {
            let mut flipped = file.clone();
            flipped[at] ^= 1;
            assert_eq!(Index::decode(&flipped, Offset(40)), None, "byte {at}");
            assert_eq!(Index::decode(&file[..at], Offset(40)), None, "{at} bytes");
        }
    }

    #[test]
    fn by_where_it_lies_a_record_is_found_that_is_not_behind() {
        let index = index();
        let offset = |at| index.before_at(at).map(|entry| entry.offset.0);
        assert_eq!([0, EVERY - 1, EVERY, u64::MAX].map(offset), [Some(40), Some(40), Some(41), Some(49)]);
    }

    #[test]
    fn of_records_of_one_time_it_names_none_that_has_one_before_it() {
        let index = index();
        let offset = |time| index.before_time(time).map(|entry| entry.offset.0);
        assert_eq!([999, 1_000, 1_001, 1_003, 9_999].map(offset), [None, None, Some(41), Some(45), Some(49)]);
    }
}
