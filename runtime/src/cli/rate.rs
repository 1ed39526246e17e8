//! How fast something is done again and again.

use std::str::FromStr;
use std::time::Duration;

/// At a higher rate, several are done at once, this often.
const TICK: Duration = Duration::from_millis(100);

/// One every so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) each: Duration,
}

impl Rate {
    /// So many at once, every so often.
    pub(super) fn portions(self) -> (usize, Duration) {
        if self.each >= TICK {
            return (1, self.each);
        }
        let number = usize::try_from(TICK.as_nanos().div_ceil(self.each.as_nanos().max(1))).unwrap_or(1);
        (number, self.each * u32::try_from(number).unwrap_or(1))
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (count, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit.trim() {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3600,
            _ => return Err(format!("{text:?} is no rate: write 100/s, 30/m or 500/h")),
        };
        let count: u32 =
            count.trim().parse().ok().filter(|count| (1..=1_000_000).contains(count)).ok_or_else(|| {
                format!("{text:?} is no rate: write 100/s, 30/m or 500/h, at least 1 and at most 1000000")
            })?;
        Ok(Self { each: Duration::from_secs(seconds) / count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_so_many_every_so_often() {
        for (text, letters, every_ms) in [
            ("100/s", 10, 100),
            ("7", 1, 142),
            ("1/s", 1, 1000),
            ("30/m", 1, 2000),
            ("500/h", 1, 7200),
            ("1000/s", 100, 100),
        ] {
            let (number, every) = text.parse::<Rate>().unwrap().portions();
            assert_eq!((number, every.as_millis()), (letters, every_ms), "{text}");
        }
        for text in ["", "0/s", "-1", "fast", "10/d", "1.5/s", "10000000/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
