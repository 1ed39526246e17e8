//! Short byte strings, such as attribute names: compared and checked word by word, without a call.

/// Whether two byte strings are equal. Up to 32 bytes it takes two overlapping loads of each, and no call.
#[inline]
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if a.len() > 32 {
        return a == b;
    }
    if a.len() >= 16 {
        return ends_equal::<16>(a, b);
    }
    if a.len() >= 8 {
        return ends_equal::<8>(a, b);
    }
    if a.len() >= 4 {
        return ends_equal::<4>(a, b);
    }
    a.iter().eq(b)
}

/// Whether a byte string begins with another.
#[inline]
pub(crate) fn starts_with(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|begin| equal(begin, start))
}

/// Whether a byte string ends with another.
#[inline]
pub(crate) fn ends_with(text: &[u8], end: &[u8]) -> bool {
    text.len().checked_sub(end.len()).is_some_and(|at| equal(&text[at..], end))
}

#[inline]
fn ends_equal<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    a.first_chunk::<N>() == b.first_chunk() && a.last_chunk::<N>() == b.last_chunk()
}

/// The first sixteen bytes; fewer are followed by zeros.
#[inline]
pub(super) fn word(bytes: &[u8]) -> u128 {
    let word = bytes.first_chunk().copied().unwrap_or_else(|| {
        let mut word = [0; 16];
        word[..bytes.len()].copy_from_slice(bytes);
        word
    });
    u128::from_le_bytes(word)
}

/// Whether all bytes are printable ASCII or spaces: text that needs no further look.
#[inline]
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e));
    };
    let (words, _) = bytes.as_chunks::<8>();
    let odd = words.iter().fold(odd_bytes(*last), |odd, word| odd | odd_bytes(*word));
    odd == 0
}

/// Not zero when one of the bytes is a control character or no ASCII.
const fn odd_bytes(word: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(word);
    // The top bit of a byte says: no ASCII; below 0x20, for the subtraction borrows; 0x7f, for the addition fills it.
    (word | word.wrapping_sub(ONES * 0x20) | word.wrapping_add(ONES)) & (ONES * 0x80)
}

/// Where a byte stands first.
#[inline]
pub(crate) fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        // The lowest mark is always a true one.
        let marks = bytes_like(u64::from_le_bytes(*word), wanted);
        if marks != 0 {
            return Some(8 * at + marks.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|byte| *byte == wanted).map(|at| 8 * words.len() + at)
}

/// Marks, by the top bit of its byte in the answer, each byte of the word that equals `wanted`; now and then also one
/// that does not, above one that does.
#[inline]
pub(super) const fn bytes_like(word: u64, wanted: u8) -> u64 {
    let differ = word ^ (ONES * wanted as u64);
    // A byte of zeros borrows from the bit above it.
    differ.wrapping_sub(ONES) & !differ & (ONES * 0x80)
}

const ONES: u64 = u64::from_le_bytes([0x01; 8]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_looks_at_every_byte() {
        let text = *b"0123456789abcdefghijklmnopqrstuvwxyzABCD";
        for len in 0..=text.len() {
            let same = text;
            assert!(equal(&text[..len], &same[..len]), "{len}");
            for at in 0..len {
                let mut other = text;
                other[at] ^= 1;
                assert!(!equal(&text[..len], &other[..len]), "{len} {at}");
            }
        }
        assert!(!equal(b"ab", b"abc"));
    }

    #[test]
    fn a_byte_is_found_where_it_stands_first() {
        let text: [u8; 40] = core::array::from_fn(|at| at as u8 * 3);
        for len in 0..=text.len() {
            for wanted in 0..=u8::MAX {
                let expected = text[..len].iter().position(|byte| *byte == wanted);
                assert_eq!(position(&text[..len], wanted), expected, "{wanted} of {len}");
            }
        }
    }

    #[test]
    fn plain_is_printable_ascii_wherever_the_odd_byte_is() {
        for len in 0..=20 {
            for at in 0..len {
                for byte in 0..=255 {
                    let mut text = [b' '; 20];
                    text[at] = byte;
                    let expected = matches!(byte, 0x20..=0x7e);
                    assert_eq!(is_plain(&text[..len]), expected, "{len} {at} {byte:#x}");
                }
            }
            assert!(is_plain(&[b'~'; 20][..len]));
        }
    }

    #[test]
    fn every_byte_of_a_word_that_is_wanted_is_marked_and_none_without_one() {
        for wanted in [0, 1, 0x7f, 0x80, 0xff] {
            for pattern in 0..=255_u8 {
                let word: [u8; 8] = core::array::from_fn(|at| {
                    if pattern >> at & 1 == 1 { wanted } else { wanted ^ (1 + at as u8) }
                });
                let marks = bytes_like(u64::from_le_bytes(word), wanted).to_le_bytes();
                let marked = (0..8).fold(0, |found, at| found | (marks[at] >> 7) << at);
                assert_eq!(marked & pattern, pattern, "{word:?}");
                assert!(pattern != 0 || marked == 0, "{word:?}");
            }
        }
    }
}
