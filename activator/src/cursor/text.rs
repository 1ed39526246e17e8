//! A cursor as text: `prefix+gap-length+gap-length...`, decimal, each gap counted from where the last range
//! ended. Small enough for thousands of ranges in Kafka's 4,096 characters of commit metadata, and readable.

use alloc::vec::Vec;
use core::{fmt, str::FromStr};

use super::Cursor;
use crate::id::Offset;

/// The text is not a cursor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: expected `prefix+gap-length...`")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.prefix)?;
        let mut end = self.prefix.0;
        for &(from, to) in &self.done {
            write!(f, "+{}-{}", from.0 - end, to.0 - from.0)?;
            end = to.0;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let mut parts = text.split('+');
        let prefix = number(parts.next())?;
        let mut end = prefix;
        let mut done = Vec::new();
        for part in parts {
            let (gap, length) = part.split_once('-').ok_or(CursorError)?;
            let from = end.checked_add(positive(gap)?).ok_or(CursorError)?;
            end = from.checked_add(positive(length)?).ok_or(CursorError)?;
            done.push((Offset(from), Offset(end)));
        }
        Ok(Self { prefix: Offset(prefix), done })
    }
}

fn number(text: Option<&str>) -> Result<u64, CursorError> {
    text.and_then(|t| t.parse().ok()).ok_or(CursorError)
}

fn positive(text: &str) -> Result<u64, CursorError> {
    number(Some(text)).and_then(|n| if n > 0 { Ok(n) } else { Err(CursorError) })
}
