//! What the specification says about each name and value (CloudEvents 1.0, sections 3 "Context Attributes" and
//! 3.2 "Type System").

use super::block::NAME_MAX;
use super::error::shown;
use super::{EventError, short, timestamp};

/// What every event has, beside `specversion`.
pub(super) const REQUIRED: [&str; 3] = ["id", "source", "type"];

/// Section 3.1 "Attribute Naming Convention"; the JSON format reserves `data` and `data_base64` for what they say.
#[inline]
pub(super) fn check_name(name: &[u8]) -> Result<(), EventError> {
    let fits = (1..=NAME_MAX).contains(&name.len());
    if !fits || !name.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9')) {
        return Err(EventError::Name(shown(name)));
    }
    if name == b"data" { Err(EventError::Data) } else { Ok(()) }
}

/// Section 3.2 "String": no control characters (C0, DEL, C1) and no Unicode noncharacters.
pub(super) fn check_text(name: &[u8], value: &str) -> Result<(), EventError> {
    if short::is_plain(value.as_bytes()) {
        return Ok(());
    }
    for c in value.chars() {
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
#[inline]
pub(super) fn check_known(name: &[u8], value: &[u8], typed: bool) -> Result<(), EventError> {
    let Some(known) = known(name) else {
        return Ok(());
    };
    if typed {
        return Err(EventError::NotString(known));
    }
    if value.is_empty() {
        return Err(EventError::Empty(known));
    }
    if known == "time" && !timestamp::is_rfc3339(value) {
        return Err(EventError::Time(shown(value)));
    }
    Ok(())
}

/// Whether the text is the canonical one of an integer or a boolean (section 3.2), under a name that may have one.
pub(super) fn may_be_typed(name: &[u8], text: &[u8]) -> bool {
    let integer = || {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let canonical = matches!(digits, [b'1'..=b'9', ..]) || text == b"0";
        let number = core::str::from_utf8(text).ok().and_then(|text| text.parse::<i32>().ok());
        canonical && number.is_some()
    };
    known(name).is_none() && (matches!(text, b"true" | b"false") || integer())
}

/// The specification's own attributes.
fn known(name: &[u8]) -> Option<&'static str> {
    const KNOWN: [&str; 7] = ["id", "source", "type", "subject", "time", "dataschema", "datacontenttype"];
    KNOWN.into_iter().find(|known| short::equal(known.as_bytes(), name))
}
