//! JSON strings to the text that they mean (RFC 8259, section 7).

use super::scan::Quoted;

/// Half of a surrogate pair without the other: no text has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LoneSurrogate;

/// Gives the text of a string, piece by piece.
pub(super) fn unescape(quoted: Quoted<'_>, mut text: impl FnMut(&[u8])) -> Result<(), LoneSurrogate> {
    let mut rest = quoted.inner;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        text(&rest[..at]);
        let (meant, behind) = escape(&rest[at + 1..])?;
        text(meant.encode_utf8(&mut [0; 4]).as_bytes());
        rest = behind;
    }
    text(rest);
    Ok(())
}

/// What one escape means, and what is behind it.
fn escape(escape: &[u8]) -> Result<(char, &[u8]), LoneSurrogate> {
    let (&kind, rest) = escape.split_first().ok_or(LoneSurrogate)?;
    let meant = match kind {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return code_point(rest),
        itself => char::from(itself),
    };
    Ok((meant, rest))
}

/// A code point written as one or two units of UTF-16.
fn code_point(text: &[u8]) -> Result<(char, &[u8]), LoneSurrogate> {
    let (high, rest) = unit(text)?;
    if !(0xd800..0xdc00).contains(&high) {
        return Ok((char::from_u32(high).ok_or(LoneSurrogate)?, rest));
    }
    let (low, rest) = unit(rest.strip_prefix(b"\\u").ok_or(LoneSurrogate)?)?;
    if !(0xdc00..0xe000).contains(&low) {
        return Err(LoneSurrogate);
    }
    let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    Ok((char::from_u32(code).ok_or(LoneSurrogate)?, rest))
}

/// Four hex digits.
fn unit(text: &[u8]) -> Result<(u32, &[u8]), LoneSurrogate> {
    let (digits, rest) = text.split_first_chunk::<4>().ok_or(LoneSurrogate)?;
    let unit = digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?));
    Ok((unit.ok_or(LoneSurrogate)?, rest))
}
