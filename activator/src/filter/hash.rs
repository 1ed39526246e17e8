//! The hash of an attribute's value. Where it is looked up, values that collide cost a comparison, or make an event
//! wait for one of another key: nobody gains by finding some.

/// Odd constants without pattern: digits of pi.
const SEED: u64 = 0x243F_6A88_85A3_08D3;
const FACTOR: u64 = 0x1319_8A2E_0370_7345;

/// The hash of a text in a slot: 16 bytes a step, the last ones together with those before them.
#[inline]
pub(crate) fn hash(slot: usize, text: &[u8]) -> u64 {
    let mut state = SEED ^ slot as u64 ^ (text.len() as u64) << 32;
    if let Some(last) = text.last_chunk::<16>() {
        let mut rest = text;
        while let Some((chunk, behind)) = rest.split_first_chunk::<16>() {
            state = step(state, u128::from_le_bytes(*chunk));
            rest = behind;
        }
        return if rest.is_empty() { state } else { step(state, u128::from_le_bytes(*last)) };
    }
    step(state, short(text))
}

/// Fewer than 16 bytes, all of them, some perhaps twice.
#[inline]
fn short(text: &[u8]) -> u128 {
    match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            u128::from(u64::from_le_bytes(*first)) << 64 | u128::from(u64::from_le_bytes(*last))
        }
        _ => text.iter().fold(0, |word, byte| word << 8 | u128::from(*byte)),
    }
}

/// Both halves of the product count.
#[inline]
fn step(state: u64, word: u128) -> u64 {
    let (low, high) = halves(word);
    let (low, high) = halves(u128::from(low ^ FACTOR) * u128::from(high ^ state));
    low ^ high
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
const fn halves(word: u128) -> (u64, u64) {
    (word as u64, (word >> 64) as u64)
}
