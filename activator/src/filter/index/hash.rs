//! The hash of an attribute's value. Keys are the filters' own, and values that collide cost a comparison: nobody
//! gains by finding some.

/// Two odd constants without pattern: digits of pi.
const SEED: u64 = 0x243F_6A88_85A3_08D3;
const FACTOR: u64 = 0x1319_8A2E_0370_7345;

/// The hash of a text in a slot.
#[inline]
pub(super) fn hash(slot: usize, text: &[u8]) -> u64 {
    let mut state = mix(SEED ^ slot as u64, text.len() as u64 ^ FACTOR);
    let mut rest = text;
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
        state = mix(state ^ u64::from_le_bytes(*chunk), FACTOR);
        rest = behind;
    }
    if rest.is_empty() {
        return state;
    }
    // The last bytes again with those before them, or what there is.
    let last = match text.last_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    mix(state ^ last, FACTOR)
}

/// Both halves of the product count.
#[inline]
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
    let halves = (product as u64, (product >> 64) as u64);
    halves.0 ^ halves.1
}
