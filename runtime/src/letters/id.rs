//! What a dead letter is called: by its place, which no other ever has.

use std::fmt;
use std::str::FromStr;

use activator::id::{Offset, Partition};

/// `d17`, and `d2-17` outside the first partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LetterId {
    pub(crate) partition: Partition,
    pub(crate) offset: Offset,
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.partition {
            Partition(0) => write!(f, "d{}", self.offset),
            partition => write!(f, "d{partition}-{}", self.offset),
        }
    }
}

/// No letter is called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoId;

impl FromStr for LetterId {
    type Err = NoId;

    fn from_str(text: &str) -> Result<Self, NoId> {
        let numbers = text.strip_prefix('d').ok_or(NoId)?;
        let (partition, offset) = numbers.split_once('-').unwrap_or(("0", numbers));
        let partition = Partition(partition.parse().map_err(|_| NoId)?);
        let offset = Offset(offset.parse().map_err(|_| NoId)?);
        let id = Self { partition, offset };
        // One letter has one name.
        (id.to_string() == text).then_some(id).ok_or(NoId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_has_one_name() {
        for (partition, offset, name) in [(0, 0, "d0"), (0, 17, "d17"), (2, 17, "d2-17")] {
            let id = LetterId { partition: Partition(partition), offset: Offset(offset) };
            assert_eq!((id.to_string().as_str(), name.parse()), (name, Ok(id)));
        }
        for text in ["", "d", "17", "d017", "d0-17", "d+17", "d-17", "d1-", "D17", "d1-2-3"] {
            assert_eq!(text.parse::<LetterId>(), Err(NoId), "{text}");
        }
    }
}
