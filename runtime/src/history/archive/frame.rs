//! How records lie in a segment, little-endian:
//!
//! `"hydrhist" | format u32 | 0 u32 | (length u32 | crc32c u32 | kind u8 | body)*`
//!
//! The length counts kind and body, so it is never 0 and zeroed space is no record; the checksum covers all three. An
//! event's body begins with where in the file the table is of those who subscribed.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;

/// Counts up when a file changes its meaning.
pub(super) const FORMAT: u32 = 1;

const MAGIC: &[u8; 8] = b"hydrhist";
/// What a file begins with.
pub(super) const HEADER: usize = 16;
/// Length and checksum.
const PREFIX: usize = 8;

pub(super) const TABLE: u8 = 1;
pub(super) const EVENT: u8 = 2;

/// What a file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    Ours,
    /// Of a later format.
    Newer(u32),
    /// Not even as long as a header: its writer was killed.
    Torn,
    Foreign,
}

impl Header {
    pub(super) fn bytes() -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes
    }

    pub(super) fn read(file: &File) -> io::Result<Self> {
        let mut bytes = [0; HEADER];
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Self::Torn),
            Err(error) => return Err(error),
        }
        Ok(match u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) {
            _ if &bytes[..8] != MAGIC => Self::Foreign,
            FORMAT => Self::Ours,
            newer if newer > FORMAT => Self::Newer(newer),
            _ => Self::Foreign,
        })
    }
}

/// Writes a record behind what `into` holds.
pub(super) fn put(into: &mut Vec<u8>, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = into.len();
    into.extend_from_slice(&[0; PREFIX]);
    into.push(kind);
    body(into);
    let length = u32::try_from(into.len() - start - PREFIX).expect("events and tables are smaller by far");
    into[start..start + 4].copy_from_slice(&length.to_le_bytes());
    let crc = checksum(length, &into[start + PREFIX..]);
    into[start + 4..start + PREFIX].copy_from_slice(&crc.to_le_bytes());
}

/// The record at the beginning of `bytes`: its kind and body, and what follows it. Nothing when it is not whole, or not what was
/// written.
pub(super) fn take(bytes: &Bytes) -> Option<(u8, Bytes, Bytes)> {
    let (length, crc) = prefix(bytes.get(..PREFIX)?.try_into().ok()?);
    let end = PREFIX.checked_add(length as usize)?;
    let payload = bytes.get(PREFIX..end)?;
    let kind = *payload.first()?;
    (checksum(length, payload) == crc).then(|| (kind, bytes.slice(PREFIX + 1..end), bytes.slice(end..)))
}

/// The record in a file at a place, if it ends before `end`.
pub(super) fn read(file: &File, at: u64, end: u64) -> Option<(u8, Bytes)> {
    let mut head = [0; PREFIX];
    file.read_exact_at(&mut head, at).ok()?;
    let (length, _) = prefix(head);
    if at + PREFIX as u64 + u64::from(length) > end {
        return None;
    }
    let mut bytes = vec![0; PREFIX + length as usize];
    file.read_exact_at(&mut bytes, at).ok()?;
    take(&bytes.into()).map(|(kind, body, _)| (kind, body))
}

fn prefix(bytes: [u8; PREFIX]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = bytes;
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}

fn checksum(length: u32, payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length.to_le_bytes()), payload)
}
