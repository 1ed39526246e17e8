//! What the specification says about each name and value (CloudEvents 1.0, sections 3 "Context Attributes" and
//! 3.2 "Type System").

use super::block::NAME_MAX;
use super::error::shown;
use super::name::signature;
use super::{EventError, Value, short, timestamp};

/// What every event has, beside `specversion`.
pub(super) const REQUIRED: [&str; 3] = ["id", "source", "type"];
/// All that the specification names, the required ones first.
pub(super) const KNOWN: [&str; 8] =
    ["id", "source", "type", "subject", "time", "dataschema", "datacontenttype", "specversion"];
const TIME: usize = 4;
/// Where `specversion` is among them.
pub(super) const SPECVERSION: usize = 7;

/// Section 3.1 "Attribute Naming Convention"; the JSON format reserves `data` and `data_base64` for what they say.
#[inline]
pub(super) fn check_name(name: &[u8]) -> Result<(), EventError> {
    let fits = (1..=NAME_MAX).contains(&name.len());
    if !fits || !short::is_alphanumeric(name) {
        return Err(EventError::Name(shown(name)));
    }
    if name == b"data" { Err(EventError::Data) } else { Ok(()) }
}

/// Section 3.2 "String": UTF-8 without control characters (C0, DEL, C1) and Unicode noncharacters. Plain ASCII is
/// known to be good before.
pub(super) fn check_text(name: &[u8], value: &[u8]) -> Result<(), EventError> {
    let text = core::str::from_utf8(value).map_err(|_| EventError::Utf8(shown(name)))?;
    for c in text.chars() {
        if c.is_control() {
            return Err(EventError::Control(shown(name)));
        }
        if is_noncharacter(c) {
            return Err(EventError::Noncharacter(shown(name)));
        }
    }
    Ok(())
}

/// The 66 code points that Unicode keeps free for ever.
const fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || c as u32 & 0xfffe == 0xfffe
}

/// Sections 3.1.1 "REQUIRED Attributes" and 3.1.2 "OPTIONAL Attributes": strings that are not empty, and a time.
#[inline(always)]
pub(super) fn check_known(at: usize, value: Value<'_>) -> Result<(), EventError> {
    if value.is_typed() {
        return Err(EventError::NotString(KNOWN[at]));
    }
    if value.bytes().is_empty() {
        return Err(EventError::Empty(KNOWN[at]));
    }
    if at == TIME && !timestamp::is_rfc3339(value.bytes()) {
        return Err(EventError::Time(shown(value.bytes())));
    }
    Ok(())
}

/// Whether the text is the canonical one of an integer or a boolean (section 3.2).
pub(super) fn is_typed_text(text: &[u8]) -> bool {
    matches!(text, b"true" | b"false") || is_integer(text)
}

/// A whole number in 32 bits, without leading zeros; minus nothing is no number.
pub(super) fn is_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_canonical = matches!(digits, [b'1'..=b'9', ..]) || text == b"0";
    is_canonical && core::str::from_utf8(text).is_ok_and(|text| text.parse::<i32>().is_ok())
}

/// Where a name is among the specification's own attributes.
#[inline]
pub(super) fn known(name: &[u8], signature: u8) -> Option<usize> {
    let at = usize::from(BY_SIGNATURE[usize::from(signature)]);
    let known = KNOWN.get(at)?;
    short::equal(known.as_bytes(), name).then_some(at)
}

/// The place of the one known name that has a signature, or one beyond all.
const BY_SIGNATURE: [u8; 256] = {
    let mut places = [u8::MAX; 256];
    let mut at = 0;
    while at < KNOWN.len() {
        let signature = signature(KNOWN[at].as_bytes()) as usize;
        assert!(places[signature] == u8::MAX, "two known names have one signature");
        places[signature] = at as u8;
        at += 1;
    }
    places
};
