//! The highest that a number was over the last while, in few bytes.

use core::time::Duration;

use crate::time::Time;

/// Parts of the while. A value is forgotten with its part, so up to one of them late and never early.
const PARTS: usize = 8;

/// The highest of a number that steps up and down, over the last `span`.
#[derive(Clone, Debug)]
pub struct Peak {
    span: Duration,
    /// The highest in each part, by the part's number modulo their count.
    parts: [u32; PARTS + 1],
    /// The part that was written last.
    part: u64,
    current: u32,
}

impl Peak {
    /// Nothing but zero so far.
    pub const fn new(span: Duration) -> Self {
        Self { span, parts: [0; PARTS + 1], part: 0, current: 0 }
    }

    /// The while it looks back over.
    pub const fn span(&self) -> Duration {
        self.span
    }

    fn width(&self) -> u64 {
        u64::try_from(self.span.as_micros()).unwrap_or(u64::MAX).div_ceil(PARTS as u64).max(1)
    }

    /// From now on it is `value`; until now it was what was said before.
    pub fn step(&mut self, now: Time, value: u32) {
        self.advance(now);
        let part = &mut self.parts[(self.part % (PARTS as u64 + 1)) as usize];
        *part = (*part).max(value);
        self.current = value;
    }

    /// The highest over the last while.
    pub fn highest(&mut self, now: Time) -> u32 {
        self.advance(now);
        self.parts.iter().copied().max().unwrap_or(0)
    }

    /// When some of what is remembered is forgotten next.
    pub fn forgets_at(&self) -> Time {
        Time::from_micros((self.part + 1).saturating_mul(self.width()))
    }

    /// The value stayed as it was through the parts that have begun since.
    fn advance(&mut self, now: Time) {
        let part = now.as_micros() / self.width();
        let begun = part.saturating_sub(self.part).min(PARTS as u64 + 1);
        self.part = self.part.max(part);
        for back in 0..begun {
            self.parts[((self.part - back) % (PARTS as u64 + 1)) as usize] = self.current;
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::Peak;
    use crate::time::Time;

    fn at(millis: u64) -> Time {
        Time::from_micros(millis * 1000)
    }

    #[test]
    fn a_peak_is_remembered_for_the_whole_while_and_then_forgotten() {
        let mut peak = Peak::new(Duration::from_secs(8));
        peak.step(at(10_000), 5);
        peak.step(at(10_500), 2);
        assert_eq!(peak.highest(at(18_499)), 5, "not a moment early");
        assert_eq!(peak.highest(at(19_500)), 2, "at most an eighth late");
    }

    #[test]
    fn what_it_is_now_counts_however_long_it_has_been_so() {
        let mut peak = Peak::new(Duration::from_secs(8));
        peak.step(at(0), 3);
        assert_eq!(peak.highest(at(1_000_000)), 3);
        peak.step(at(1_000_000), 1);
        assert_eq!(peak.highest(at(1_004_000)), 3, "it was three until a moment ago");
        assert_eq!(peak.highest(at(1_010_000)), 1);
    }

    #[test]
    fn it_says_when_it_is_worth_looking_again() {
        let mut peak = Peak::new(Duration::from_secs(8));
        peak.step(at(500), 3);
        peak.step(at(600), 0);
        let mut looks = 0;
        while peak.highest(peak.forgets_at()) > 0 {
            looks += 1;
        }
        assert_eq!(looks, 8);
    }
}
