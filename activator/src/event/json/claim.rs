//! Whether a text is meant as an event: asked of what programs print, where other JSON is no mistake.

use super::decode::scanner;
use super::scan::{Scanner, Wrong};

/// Whether the text is a JSON object that names its `specversion`: meant as an event, be it a valid one or not.
pub fn claims_event(text: &[u8]) -> bool {
    scanner(text).is_ok_and(|mut scanner| names_version(&mut scanner).unwrap_or(false))
}

fn names_version(scanner: &mut Scanner<'_>) -> Result<bool, Wrong> {
    let mut found = false;
    scanner.expect(b'{', "expected an object")?;
    if !scanner.take(b'}') {
        loop {
            found |= scanner.string()?.inner == b"specversion";
            scanner.expect(b':', "expected a colon")?;
            scanner.value()?;
            if !scanner.take(b',') {
                break;
            }
        }
        scanner.expect(b'}', "expected a comma or the end of the object")?;
    }
    scanner.end()?;
    Ok(found)
}
