//! Knative's autoscaler, as its documentation tells it: averages of what is under way over a stable window and a
//! panic window, looked at every two seconds.
//!
//! - As many processes as the stable average asks for, at their target.
//! - When the panic average asks for so many times as there are, the larger of both, and never fewer than at any
//!   moment of the panic; it lasts until a stable window has passed since it was last as bad.
//! - Within one look not to less than half, nor to more than a thousand times as many.
//! - To none, when nothing was under way for a stable window, after a grace.
//!
//! Facts: knative.dev/docs/serving/autoscaling, and what `pkg/autoscaler/scaling` of knative/serving does.

use core::time::Duration;

use super::Scaling;
use super::load::{Load, PARTS};
use crate::time::Time;

/// Between two looks (Knative's tick interval).
pub const TICK: Duration = Duration::from_secs(2);
/// How many times as many there may be after one look (`max-scale-up-rate`).
const UP_RATE: u64 = 1000;
/// The part of them that stays after one look (`max-scale-down-rate`).
const DOWN_RATE: u64 = 2;

/// What can be said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The stable window (`window`).
    pub window: Duration,
    /// The panic window, in percent of the stable one (`panic-window-percentage`).
    pub panic_window: u32,
    /// The panic average that is a panic, in percent of what there is room for (`panic-threshold-percentage`).
    pub panic_threshold: u32,
    /// How long the last process is kept when none is wanted any more (`scale-to-zero-grace-period`).
    pub grace: Duration,
}

impl Default for Rules {
    /// Knative's.
    fn default() -> Self {
        Self {
            window: Duration::from_secs(60),
            panic_window: 10,
            panic_threshold: 200,
            grace: Duration::from_secs(30),
        }
    }
}

impl Rules {
    fn panic_parts(&self) -> usize {
        (PARTS * self.panic_window as usize).div_ceil(100).clamp(1, PARTS)
    }
}

/// What it remembers of a function that has a process or work.
#[derive(Clone, Debug)]
pub struct Kpa {
    load: Load,
    panic: Option<Panic>,
    /// No process is needed since then, or will be from then on.
    unneeded_since: Option<Time>,
    began: Time,
    wanted: u64,
    /// Both averages were nothing at the last look.
    rests: bool,
}

#[derive(Clone, Debug)]
struct Panic {
    until: Time,
    most: u64,
}

impl Kpa {
    /// There is something from now on.
    pub fn new(now: Time, rules: &Rules) -> Self {
        let load = Load::new(now, rules.window);
        Self { load, panic: None, unneeded_since: None, began: now, wanted: 0, rests: false }
    }

    /// From now on so much is under way or waits.
    pub fn step(&mut self, now: Time, outstanding: usize) {
        self.load.step(now, outstanding);
    }

    /// The processes wanted, by the last look; one for the first work, which waits for no look.
    pub fn wanted(&self) -> u64 {
        self.wanted.max(self.load.is_busy().into())
    }

    /// Whether nothing was under way in either window, and what it wants is for the pace of the way down.
    pub const fn rests(&self) -> bool {
        self.rests
    }

    /// Whether it is in panic.
    pub const fn is_in_panic(&self) -> bool {
        self.panic.is_some()
    }

    /// Looks, where `ready` processes take work and each can hold `concurrency` deliveries.
    pub fn look(&mut self, now: Time, scaling: &Scaling, rules: &Rules, concurrency: u32, ready: u32) -> u64 {
        let (share, ready) = (scaling.share(concurrency), u64::from(ready.max(1)));
        // Of what is needed by itself: what only stays for the pace of the way down makes nobody active.
        let within = |needed: u64| {
            needed.max(ready / DOWN_RATE).min(ready * UP_RATE).max(scaling.active(needed.min(1)))
        };
        let stable = self.needed(now, PARTS, share);
        let urgent = self.needed(now, rules.panic_parts(), share);
        if urgent * 100 >= u64::from(rules.panic_threshold) * ready {
            let most = self.panic.as_ref().map_or(0, |panic| panic.most);
            self.panic = Some(Panic { until: now + rules.window, most });
        } else if self.panic.as_ref().is_some_and(|panic| panic.until < now) {
            self.panic = None;
        }
        let mut needed = within(stable);
        if let Some(panic) = &mut self.panic {
            panic.most = panic.most.max(needed).max(within(urgent));
            needed = panic.most;
        }
        self.rests = stable == 0 && urgent == 0 && self.panic.is_none();
        self.wanted = self.last_one(now, rules, needed);
        self.wanted
    }

    /// The processes that the average of the last parts asks for.
    fn needed(&mut self, now: Time, parts: usize, share: u64) -> u64 {
        let (held, micros) = self.load.held(now, parts);
        let needed = (u128::from(held) * 100).div_ceil(u128::from(micros.max(1)) * u128::from(share));
        u64::try_from(needed).unwrap_or(u64::MAX)
    }

    /// The last one is kept for its grace, and for a whole window in any case.
    fn last_one(&mut self, now: Time, rules: &Rules, needed: u64) -> u64 {
        if needed > 0 {
            self.unneeded_since = None;
            return needed;
        }
        let since = *self.unneeded_since.get_or_insert(now.max(self.began + rules.window));
        u64::from(now < since + rules.grace)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kpa, Rules, TICK};
    use crate::scale::Scaling;
    use crate::time::Time;

    /// A function under load, looked at every tick; a process that is wanted is ready with the next.
    struct Run {
        now: Time,
        rules: Rules,
        kpa: Kpa,
        scaling: Scaling,
        ready: u32,
    }

    fn run(target: u32) -> Run {
        let scaling = Scaling { target, utilization: 70, activation: 0, ..Scaling::default() };
        let rules = Rules::default();
        let now = Time::from_micros(1_000_000_000);
        Run { now, rules, kpa: Kpa::new(now, &rules), scaling, ready: 1 }
    }

    impl Run {
        /// So many at a time for so many seconds. Gives the processes wanted at each look.
        fn load(&mut self, concurrency: usize, seconds: u64) -> Vec<u64> {
            self.kpa.step(self.now, concurrency);
            let looks = 0..seconds / TICK.as_secs();
            looks.map(|_| self.look()).collect()
        }

        fn look(&mut self) -> u64 {
            self.now = self.now + TICK;
            let wanted = self.kpa.look(self.now, &self.scaling, &self.rules, 1000, self.ready);
            self.ready = u32::try_from(wanted).unwrap();
            wanted
        }
    }

    use alloc::vec::Vec;

    #[test]
    fn a_steady_load_gets_what_its_target_asks_for() {
        for (concurrency, wanted) in [(1, 1), (7, 1), (8, 2), (14, 2), (15, 3), (70, 10), (71, 11)] {
            let mut run = run(10);
            let looks = run.load(concurrency, 300);
            assert_eq!(*looks.last().unwrap(), wanted, "{concurrency} at a time, 70 % of 10 each");
        }
    }

    #[test]
    fn twice_what_there_is_room_for_is_a_panic_and_less_is_none() {
        let mut calm = run(10);
        calm.load(14, 120);
        assert_eq!(calm.ready, 2);
        calm.load(21, 8);
        assert!(!calm.kpa.is_in_panic(), "three where there are two");
        let mut burst = run(10);
        burst.load(14, 120);
        burst.load(56, 8);
        assert!(burst.kpa.is_in_panic(), "four where there are two");
        assert!(burst.ready >= 4);
    }

    #[test]
    fn in_a_panic_there_are_never_fewer_and_it_ends_a_stable_window_after_the_last_burst() {
        let mut run = run(10);
        run.load(7, 120);
        run.load(70, 6);
        let most = run.load(70, 2)[0];
        let after = run.load(1, 52);
        assert!(after.iter().all(|wanted| *wanted >= most), "{after:?}");
        assert!(run.kpa.is_in_panic());
        let later = run.load(1, 20);
        assert!(!run.kpa.is_in_panic());
        assert!(later.last().unwrap() < &most);
    }

    #[test]
    fn half_of_them_stay_after_each_look() {
        let mut run = run(1);
        run.load(14, 120);
        assert_eq!(run.ready, 20);
        let looks = run.load(0, 74);
        let down: Vec<u64> = looks.into_iter().skip_while(|wanted| *wanted >= 11).collect();
        assert_eq!(down[..4], [10, 10, 9, 8], "as the average falls, and never by more than half");
        run.ready = 20;
        assert_eq!(run.look(), 10);
    }

    #[test]
    fn to_none_after_a_stable_window_without_work_and_the_grace() {
        let mut run = run(10);
        run.load(1, 10);
        let looks = run.load(0, 120);
        let zero = looks.iter().position(|wanted| *wanted == 0).unwrap();
        let seconds = (zero as u64 + 1) * TICK.as_secs();
        assert!((88..=92).contains(&seconds), "60 s and 30 s, at a look: {seconds} s");
        run.load(1, 2);
        assert_eq!(run.kpa.wanted(), 1, "and back");
    }

    #[test]
    fn one_that_never_had_work_is_kept_for_a_window_too() {
        let mut run = run(10);
        let looks = run.load(0, 120);
        let zero = looks.iter().position(|wanted| *wanted == 0).unwrap();
        assert_eq!((zero as u64 + 1) * TICK.as_secs(), 90);
    }

    #[test]
    fn the_first_work_waits_for_no_look_and_up_is_bounded_too() {
        let mut run = run(1);
        run.kpa.step(run.now, 1_000_000);
        assert_eq!(run.kpa.wanted(), 1);
        assert_eq!(run.look(), 1_000, "a thousand times as many as there are");
    }

    #[test]
    fn an_active_function_has_several_and_an_idle_one_goes_to_none_all_the_same() {
        let mut run = run(10);
        run.scaling.activation = 4;
        assert_eq!(run.load(1, 20), [4; 10]);
        let looks = run.load(0, 120);
        assert_eq!(*looks.last().unwrap(), 0, "{looks:?}");
    }
}
