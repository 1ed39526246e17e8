//! How much was under way on average, over the last while: in bounded memory, whatever the number of events.

use core::time::Duration;

use crate::time::Time;

/// Parts of the while; the oldest is forgotten as a whole when a new one begins.
pub(super) const PARTS: usize = 60;

/// What was under way, weighed by time.
#[derive(Clone, Debug)]
pub(super) struct Load {
    width: u64,
    began: Time,
    /// Of each part, by its number modulo their count: deliveries times microseconds.
    parts: [u64; PARTS],
    /// Up to here it is counted.
    counted: u64,
    level: u64,
}

impl Load {
    /// Nothing is under way yet.
    pub(super) fn new(now: Time, span: Duration) -> Self {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let width = (micros / PARTS as u64).max(1);
        Self { width, began: now, parts: [0; PARTS], counted: now.as_micros(), level: 0 }
    }

    /// From now on so much is under way; until now it was what was said before.
    pub(super) fn step(&mut self, now: Time, level: usize) {
        self.count(now);
        self.level = level as u64;
    }

    /// Whether anything is under way.
    pub(super) const fn is_busy(&self) -> bool {
        self.level > 0
    }

    /// What was held in the last parts, the one that is not over among them: deliveries times microseconds, and how
    /// many microseconds that were. Of a while that began later, only what there was of it.
    pub(super) fn held(&mut self, now: Time, parts: usize) -> (u64, u64) {
        self.count(now);
        let (part, into) = (self.counted / self.width, self.counted % self.width);
        let recent = (0..parts as u64).filter(|back| *back <= part);
        let sum = recent.map(|back| self.parts[slot(part - back)]).sum();
        let whole = (parts as u64 - 1) * self.width + into;
        (sum, whole.min(self.counted - self.began.as_micros()))
    }

    fn count(&mut self, now: Time) {
        let end = now.as_micros().max(self.counted);
        if end / self.width - self.counted / self.width > PARTS as u64 {
            // Older parts are forgotten all the same.
            self.counted = (end / self.width - PARTS as u64) * self.width;
            self.parts[slot(self.counted / self.width)] = 0;
        }
        while self.counted < end {
            let part = self.counted / self.width;
            let over = (part + 1) * self.width;
            let until = over.min(end);
            self.parts[slot(part)] += self.level * (until - self.counted);
            if until == over {
                self.parts[slot(part + 1)] = 0;
            }
            self.counted = until;
        }
    }
}

const fn slot(part: u64) -> usize {
    (part % PARTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Load, PARTS};
    use crate::time::Time;

    fn at(millis: u64) -> Time {
        Time::from_micros(millis * 1000)
    }

    /// The average in thousandths.
    fn average(load: &mut Load, now: Time, parts: usize) -> u64 {
        let (held, micros) = load.held(now, parts);
        held * 1000 / micros
    }

    #[test]
    fn it_is_weighed_by_time() {
        let mut load = Load::new(at(0), Duration::from_secs(60));
        load.step(at(0), 10);
        load.step(at(1_500), 0);
        assert_eq!(average(&mut load, at(3_000), PARTS), 5_000);
        assert_eq!(average(&mut load, at(15_000), PARTS), 1_000);
    }

    #[test]
    fn a_shorter_while_sees_the_last_parts_only() {
        let mut load = Load::new(at(0), Duration::from_secs(60));
        load.step(at(0), 1);
        load.step(at(54_000), 4);
        assert_eq!(average(&mut load, at(59_999), 6), 4_000);
        assert_eq!(average(&mut load, at(60_000), PARTS), (53 * 1_000 + 6 * 4_000) / 59);
    }

    #[test]
    fn what_is_older_is_forgotten_also_after_a_long_silence() {
        let mut load = Load::new(at(7), Duration::from_secs(60));
        load.step(at(1_000), 100);
        load.step(at(2_000), 0);
        assert_eq!(average(&mut load, at(62_000), PARTS), 0);
        load.step(at(62_500), 3);
        assert_eq!(average(&mut load, at(10_000_123), PARTS), 3_000, "it was three all the while");
        load.step(at(10_000_123), 0);
        assert_eq!(average(&mut load, at(20_000_000), PARTS), 0);
    }
}
