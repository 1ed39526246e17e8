//! Short byte strings, such as attribute names: compared and checked many bytes at once, without a call.

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

/// Copies between two slices of one length. Up to 32 bytes it takes two overlapping moves, and no call.
#[inline(always)]
pub(super) fn copy(from: &[u8], to: &mut [u8]) {
    match from.len() {
        17..=32 => copy_ends::<16>(from, to),
        8..=16 => copy_ends::<8>(from, to),
        4..=7 => copy_ends::<4>(from, to),
        2..=3 => copy_ends::<2>(from, to),
        _ => to.copy_from_slice(from),
    }
}

#[inline(always)]
fn copy_ends<const N: usize>(from: &[u8], to: &mut [u8]) {
    if let (Some(first), Some(to)) = (from.first_chunk::<N>(), to.first_chunk_mut::<N>()) {
        *to = *first;
    }
    if let (Some(last), Some(to)) = (from.last_chunk::<N>(), to.last_chunk_mut::<N>()) {
        *to = *last;
    }
}

/// The first sixteen bytes; fewer are followed by zeros.
#[inline]
pub(super) fn double_word(bytes: &[u8]) -> u128 {
    let word = bytes.first_chunk().copied().unwrap_or_else(|| {
        let mut word = [0; 16];
        word[..bytes.len()].copy_from_slice(bytes);
        word
    });
    u128::from_le_bytes(word)
}

/// The first eight bytes; fewer are followed by zeros.
#[inline]
pub(super) fn word(bytes: &[u8]) -> u64 {
    match *bytes {
        [] => 0,
        [only] => u64::from(only),
        [a, b] => u64::from_le_bytes([a, b, 0, 0, 0, 0, 0, 0]),
        [a, b, c] => u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]),
        _ => bytes.first_chunk().map_or_else(|| ends(bytes), |word| u64::from_le_bytes(*word)),
    }
}

/// The last eight bytes; fewer are as many zeros behind the first ones.
#[inline]
pub(super) fn last_word(bytes: &[u8]) -> u64 {
    bytes.last_chunk().map_or_else(|| word(bytes), |word| u64::from_le_bytes(*word))
}

/// Four to seven bytes, as two loads that overlap.
fn ends(bytes: &[u8]) -> u64 {
    let half = |half: Option<&[u8; 4]>| half.map_or(0, |half| u64::from(u32::from_le_bytes(*half)));
    half(bytes.first_chunk()) | half(bytes.last_chunk()) << (8 * (bytes.len() - 4))
}

/// Whether all bytes are printable ASCII or spaces: text that needs no further look.
#[inline(always)]
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    none_marked(bytes, odd)
}

/// Whether all bytes are printable ASCII or spaces, and none is a percent sign.
#[inline(always)]
pub(super) fn is_unescaped(bytes: &[u8]) -> bool {
    none_marked(bytes, |word| odd(word) | equal_to(word, b'%'))
}

/// Whether all bytes are printable ASCII but space, `"` and `%`: what needs no encoding in a header.
#[inline(always)]
pub(super) fn is_token(bytes: &[u8]) -> bool {
    none_marked(bytes, |word| odd(word) | equal_to(word, b' ') | equal_to(word, b'"') | equal_to(word, b'%'))
}

/// Whether all bytes are in a-z and 0-9.
#[inline(always)]
pub(super) fn is_alphanumeric(bytes: &[u8]) -> bool {
    none_marked(bytes, |word| {
        let ascii = word & !HIGH;
        let at_least = |byte: u8| ascii.wrapping_add(ONES * u64::from(0x80 - byte));
        let digit = at_least(b'0') & !at_least(b'9' + 1);
        let letter = at_least(b'a') & !at_least(b'z' + 1);
        word | !(digit | letter)
    })
}

/// Where a byte stands first.
#[inline]
pub(crate) fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        // The lowest mark is always a true one.
        let marks = equal_to(u64::from_le_bytes(*word), wanted);
        if marks != 0 {
            return Some(8 * at + marks.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|byte| *byte == wanted).map(|at| 8 * words.len() + at)
}

const ONES: u64 = u64::from_le_bytes([0x01; 8]);
/// The bit of each byte that marks it; what a mark leaves in the other bits means nothing.
const HIGH: u64 = ONES * 0x80;

/// Marks control characters and what is no ASCII.
#[inline(always)]
const fn odd(word: u64) -> u64 {
    // Below a space the subtraction borrows, and the addition fills 0x7f up.
    word | word.wrapping_sub(ONES * 0x20) | word.wrapping_add(ONES)
}

/// Marks each byte that equals `wanted`; now and then also one that does not, above one that does.
#[inline(always)]
pub(super) const fn equal_to(word: u64, wanted: u8) -> u64 {
    let differ = word ^ (ONES * wanted as u64);
    // A byte of zeros borrows from the bit above it.
    differ.wrapping_sub(ONES) & !differ & HIGH
}

/// Whether no byte is marked, eight of them at a time.
#[inline(always)]
fn none_marked(bytes: &[u8], marks: impl Fn(u64) -> u64 + Copy) -> bool {
    let at_ends = |ends: Option<(&[u8; 16], &[u8; 16])>| {
        ends.map_or(HIGH, |(first, last)| marks_of_two(*first, marks) | marks_of_two(*last, marks))
    };
    let marked = match bytes.len() {
        // What is missing is filled with a letter that nobody marks.
        len @ 0..8 => marks(word(bytes) | (ONES * u64::from(b'a')) << (8 * len)),
        8..=16 => marks(word(bytes)) | marks(last_word(bytes)),
        17..=32 => at_ends(bytes.first_chunk().zip(bytes.last_chunk())),
        _ => {
            let (chunks, _) = bytes.as_chunks::<16>();
            let last = bytes.last_chunk().map_or(HIGH, |last| marks_of_two(*last, marks));
            chunks.iter().fold(last, |marked, chunk| marked | marks_of_two(*chunk, marks))
        }
    };
    marked & HIGH == 0
}

#[inline(always)]
fn marks_of_two(chunk: [u8; 16], marks: impl Fn(u64) -> u64) -> u64 {
    let both = u128::from_le_bytes(chunk);
    marks(both as u64) | marks((both >> 64) as u64)
}

/// What is left from the first byte on that no JSON string holds as it is: a control character, `"` or `\`.
#[inline]
pub(super) fn behind_literal(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        // Wrong marks are above right ones, and the first is what counts.
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let marks = control | equal_to(word, b'"') | equal_to(word, b'\\');
        if marks != 0 {
            return &rest[marks.trailing_zeros() as usize / 8..];
        }
        rest = behind;
    }
    while let [0x20..=0x21 | 0x23..=0x5b | 0x5d..=0xff, behind @ ..] = rest {
        rest = behind;
    }
    rest
}

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
                let marks = equal_to(u64::from_le_bytes(word), wanted).to_le_bytes();
                let marked = (0..8).fold(0, |found, at| found | (marks[at] >> 7) << at);
                assert_eq!(marked & pattern, pattern, "{word:?}");
                assert!(pattern != 0 || marked == 0, "{word:?}");
            }
        }
    }
}
