//! How many processes, and for how long they are kept: pure arithmetic, with `now` as an argument.
//!
//! - [`Scaling`] says what the user wants; [`Scaling::wanted`] how many processes a load asks for.
//! - `keep` weighs a process without work against a cold start.
//! - `kpa` is Knative's autoscaler, on the averages of `load`.
//! - `peak` remembers the highest of a number over the last while, for a delay before there are fewer.

mod keep;
mod kpa;
mod load;
mod peak;

use core::time::Duration;

pub use keep::Pauses;
pub use kpa::{Kpa, Rules, TICK};
pub use peak::Peak;

/// How many processes of a function there may be, and what they follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// Kept warm, whether there is work or not (Knative's `min-scale`).
    pub min: u32,
    /// At most; at least 1, and not below `min` (`max-scale`).
    pub max: u32,
    /// Started at once when a revision comes (`initial-scale`).
    pub initial: u32,
    /// At least so many where any are needed (`activation-scale`).
    pub activation: u32,
    /// Deliveries a process is meant to hold at a time, beside the number it can: beyond it another one is started
    /// (`target`).
    pub target: u32,
    /// The share of the target, in percent, at which another one is started (`target-utilization-percentage`).
    pub utilization: u32,
    /// How long fewer are wanted before one ends (`scale-down-delay`).
    pub down_delay: Duration,
    /// How long a process without work is kept, where the policy is demand.
    pub idle: Idle,
    /// What the number follows.
    pub policy: Policy,
    /// Whether one process of a new revision stands by, started ahead and paused, where the one before was of use.
    pub standby: bool,
}

/// What the number of processes follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// What is under way and waits at the moment; down, each process ends by itself when it is idle.
    Demand,
    /// Its averages, as Knative's autoscaler does it.
    Kpa(Rules),
}

/// How long a process without work is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// For so long.
    After(Duration),
    /// As long as is worth it, by what was seen of the function, but within these.
    Auto {
        /// At least.
        floor: Duration,
        /// At most; not below the floor.
        ceiling: Duration,
    },
}

impl Idle {
    /// The bounds where nobody says others.
    pub const AUTO: Self = Self::Auto { floor: Duration::from_secs(5), ceiling: Duration::from_secs(600) };
}

impl Default for Scaling {
    /// What applies when nobody says otherwise.
    fn default() -> Self {
        Self {
            min: 0,
            max: 10,
            initial: 0,
            activation: 1,
            target: u32::MAX,
            utilization: 100,
            down_delay: Duration::ZERO,
            idle: Idle::After(Duration::from_secs(30)),
            policy: Policy::Demand,
            standby: true,
        }
    }
}

impl Scaling {
    /// Deliveries at which one more process is wanted, in hundredths: the target's share of what one can hold.
    pub fn share(&self, concurrency: u32) -> u64 {
        (u64::from(self.target.min(concurrency)) * u64::from(self.utilization)).max(1)
    }

    /// The processes wanted for `outstanding` deliveries (in flight and waiting) where each can hold `concurrency`.
    pub fn wanted(&self, outstanding: usize, concurrency: u32) -> u32 {
        let outstanding = (outstanding as u64).saturating_mul(100);
        self.bounded(self.active(outstanding.div_ceil(self.share(concurrency))))
    }

    /// As many as that, but within what the user allows.
    pub(crate) fn bounded(&self, needed: u64) -> u32 {
        u32::try_from(needed).unwrap_or(u32::MAX).max(self.min).min(self.max)
    }

    /// Where any are needed, at least so many as make an active function.
    pub(crate) fn active(&self, needed: u64) -> u64 {
        if needed > 0 { needed.max(self.activation.into()) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::Scaling;

    #[test]
    fn processes_follow_the_work_up_to_the_maximum() {
        let wanted = |outstanding, concurrency| Scaling::default().wanted(outstanding, concurrency);
        assert_eq!(wanted(0, 100), 0);
        assert_eq!(wanted(1, 100), 1);
        assert_eq!(wanted(100, 100), 1);
        assert_eq!(wanted(101, 100), 2);
        assert_eq!(wanted(usize::MAX, 1), 10);
    }

    #[test]
    fn a_target_starts_more_before_one_is_full() {
        let scaling = Scaling { target: 10, utilization: 70, ..Scaling::default() };
        let wanted = |outstanding| scaling.wanted(outstanding, 100);
        assert_eq!([0, 1, 7, 8, 14, 15].map(wanted), [0, 1, 1, 2, 2, 3]);
        assert_eq!(scaling.wanted(3, 2), 3, "never more than it can hold: 70 % of 2");
    }

    #[test]
    fn never_fewer_than_the_minimum_and_some_more_once_there_is_work() {
        let scaling = Scaling { min: 2, activation: 4, max: 5, ..Scaling::default() };
        assert_eq!([0, 1, 5, 6].map(|n| scaling.wanted(n, 1)), [2, 4, 5, 5]);
    }
}
