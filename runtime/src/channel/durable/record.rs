//! One event as it lies in a segment, little-endian:
//!
//! `length u32 | crc32c u32 | offset u64 | time u64 | attributes length u16 | headers length u16 | attribute block | headers |
//! data`
//!
//! The first of the headers may be a [mark](crate::channel::mark): it says what is done by the record, and is none of the
//! event's. Of format 2 were the same without marks, of format 1 without headers.
//!
//! The length counts what follows the checksum, so it is never 0 and zeroed space is no record. The checksum
//! covers the segment's base offset, the length and all that follows, so a record in another place is none either.

use activator::event::{Event, EventError, Headers};
use activator::id::Offset;
use bytes::Bytes;

use crate::channel::Mark;

/// What precedes the attribute block.
pub(super) const HEAD: usize = 28;

/// Length and checksum: what the length does not count.
const PREFIX: usize = 8;

/// Year 10889; a later time is no time of ours.
const TIME_MAX: u64 = 1 << 48;

/// The numbers in front of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    length: u32,
    crc: u32,
    pub(super) offset: Offset,
    /// Milliseconds since 1970; never goes back within a segment.
    pub(super) time: u64,
    attributes_length: u16,
    headers_length: u16,
}

/// The bytes an event takes in a segment.
pub(super) fn size(event: &Event, mark: Option<&Mark>) -> usize {
    HEAD + event.size() + mark.map_or(0, Mark::size)
}

/// Writes the record behind what `into` holds.
pub(super) fn encode(
    into: &mut Vec<u8>,
    base: Offset,
    (offset, time): (Offset, u64),
    event: &Event,
    mark: Option<&Mark>,
) {
    let block = event.attributes().block();
    let start = into.len();
    let size = size(event, mark);
    into.reserve(size);
    let length = size - PREFIX;
    into.extend_from_slice(&u32_of(length).to_le_bytes());
    into.extend_from_slice(&[0; 4]);
    into.extend_from_slice(&offset.0.to_le_bytes());
    into.extend_from_slice(&time.min(TIME_MAX - 1).to_le_bytes());
    let headers = event.headers().stored();
    into.extend_from_slice(&u16_of(block.len()).to_le_bytes());
    into.extend_from_slice(&u16_of(mark.map_or(0, Mark::size) + headers.len()).to_le_bytes());
    into.extend_from_slice(&block);
    mark.into_iter().for_each(|mark| mark.encode(into));
    into.extend_from_slice(headers);
    into.extend_from_slice(event.data());
    let crc = checksum(base, &into[start..]);
    into[start + 4..start + PREFIX].copy_from_slice(&crc.to_le_bytes());
}

fn u32_of(length: usize) -> u32 {
    u32::try_from(length).expect("an event that does not fit a segment was refused before")
}

fn u16_of(length: usize) -> u16 {
    u16::try_from(length).expect("attributes and headers have bounds below that")
}

fn checksum(base: Offset, record: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&base.0.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &record[..4]);
    crc32c::crc32c_append(crc, &record[PREFIX..])
}

impl Head {
    /// Reads the head, when its numbers can be those of a record at all.
    pub(super) fn parse(bytes: &[u8; HEAD]) -> Option<Self> {
        let head = Self {
            length: u32_at(bytes, 0),
            crc: u32_at(bytes, 4),
            offset: Offset(u64_at(bytes, 8)),
            time: u64_at(bytes, 16),
            attributes_length: u16_at(bytes, 24),
            headers_length: u16_at(bytes, 26),
        };
        let body = usize::try_from(head.length).ok()?.checked_sub(HEAD - PREFIX)?;
        (head.data_at() - HEAD <= body && head.time < TIME_MAX && head.offset.0 < u64::MAX).then_some(head)
    }

    /// The bytes the record takes, head included.
    pub(super) const fn size(&self) -> usize {
        PREFIX + self.length as usize
    }

    /// Whether `record`, all of it, is what was written.
    pub(super) fn is_intact(&self, base: Offset, record: &[u8]) -> bool {
        checksum(base, record) == self.crc
    }

    const fn headers_at(&self) -> usize {
        HEAD + self.attributes_length as usize
    }

    const fn data_at(&self) -> usize {
        self.headers_at() + self.headers_length as usize
    }

    /// The headers, a mark before them.
    pub(super) fn headers<'r>(&self, record: &'r [u8]) -> &'r [u8] {
        &record[self.headers_at()..self.data_at()]
    }

    /// The event; attributes and data are slices of `record`.
    pub(super) fn event(&self, record: &Bytes) -> Result<Event, EventError> {
        let (headers_at, data_at) = (self.headers_at(), self.data_at());
        let event = Event::from_stored(record.slice(HEAD..headers_at), record.slice(data_at..))?;
        if headers_at == data_at {
            return Ok(event);
        }
        Ok(event.with_headers(Headers::from_stored(self.headers(record))))
    }
}

fn u32_at(bytes: &[u8; HEAD], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u16_at(bytes: &[u8; HEAD], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two bytes"))
}

fn u64_at(bytes: &[u8; HEAD], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_another_segment_is_none_of_this_one() {
        let mut builder = Event::builder();
        for (name, value) in [("id", "1"), ("source", "/s"), ("type", "t")] {
            builder.attribute(name, value).unwrap();
        }
        let headers = Headers::of([(&b"traceparent"[..], &b"00-1"[..])].into_iter());
        let event = builder.build(Bytes::from_static(b"data")).unwrap().with_headers(headers);
        let mut record = Vec::new();
        encode(&mut record, Offset(40), (Offset(43), 1_700_000_000_000), &event, None);
        let head = Head::parse(record.first_chunk().unwrap()).unwrap();
        assert_eq!(head.size(), record.len());
        assert!(head.is_intact(Offset(40), &record));
        assert!(!head.is_intact(Offset(0), &record));
        assert_eq!(head.event(&record.into()).unwrap(), event);
    }
}
