//! Ids for events that are given none: a ULID, so that they sort by the time they were made.

use std::fs::File;
use std::io::{self, Read};
use std::time::{SystemTime, UNIX_EPOCH};

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 26;

/// An id that no other event has.
pub(crate) fn new() -> io::Result<String> {
    let mut random = [0; 10];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(ulid(now.as_millis(), random))
}

/// 48 bits of milliseconds, 80 bits of chance, five bits a letter.
fn ulid(ms: u128, random: [u8; 10]) -> String {
    let chance = random.iter().fold(0_u128, |bits, &byte| bits << 8 | u128::from(byte));
    let bits = ms << 80 | chance;
    let letter = |at: usize| char::from(CROCKFORD[(bits >> (5 * at) & 31) as usize]);
    (0..LENGTH).rev().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ulids() {
        // The example of the ULID specification.
        assert_eq!(&ulid(1_469_918_176_385, [0; 10])[..10], "01ARYZ6S41");
        assert_eq!(ulid((1 << 48) - 1, [0xff; 10]), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert!(ulid(2, [0; 10]) > ulid(1, [0xff; 10]), "they sort by time");
        assert_ne!(new().unwrap(), new().unwrap());
    }
}
