//! Those who use the runtime: producers, callers, developers with their files and wiring, and chance.

use std::sync::Arc;

use activator::id::{AttachId, CallId, FunctionId};
use activator::input::Input;
use activator::lifecycle::Availability;

use super::channels::BETWEEN_EVENTS;
use super::clock::{MILLI, SECOND};
use super::faults::{Visit, Weather};
use super::wiring::{self, BROKER, FUNCTIONS, LAZY, ORDERS, REPLAYED, REPLAYS, SHIP, THUMB, TOPIC};
use super::world::{Happening, World, event};

/// Few, so that many events wait for one another.
const KEYS: [&str; 3] = ["a", "b", "c"];

impl World {
    /// A few events at once, then a pause.
    pub(crate) fn produce(&mut self) {
        for _ in 0..self.load.between(1, 6) {
            self.named += 1;
            let channel = self.load.pick(&[BROKER, TOPIC, TOPIC, ORDERS]).expect("not empty");
            let ty = self.load.pick(&["order", "image", "other"]).expect("not empty");
            let key = self.load.pick(&KEYS).expect("not empty");
            let event = event(&format!("event{}", self.named), ty, self.load.between(0, 3), key);
            self.store(channel, &event);
            self.sent.push(event);
        }
        if self.load.chance(200) {
            self.replay();
        }
        if self.load.chance(500) {
            self.send_again();
        }
        if self.calm_since.is_none() {
            let pause = self.load.between(MILLI, BETWEEN_EVENTS);
            self.clock.after(pause, Happening::Produce);
        }
    }

    /// A producer did not hear that one of its last events was taken.
    fn send_again(&mut self) {
        let recent = self.sent.len().saturating_sub(10);
        self.sent.drain(..recent);
        let channel = self.load.pick(&[BROKER, BROKER, TOPIC, ORDERS]).expect("not empty");
        let again = self.load.index(self.sent.len());
        if let Some(event) = self.sent.get(again).cloned() {
            self.store(channel, &event);
        }
    }

    /// Somebody wants an event delivered again.
    fn replay(&mut self) {
        self.named += 1;
        let (name, key) = (self.load.pick(&REPLAYED), self.load.pick(&KEYS));
        let event =
            event(&format!("again{}", self.named), "order", self.load.between(0, 3), key.expect("not empty"));
        let event = event.with("hydrantreplay", name.expect("not empty")).expect("allowed");
        self.store(REPLAYS, &event);
    }

    pub(crate) fn call(&mut self) {
        if self.calm_since.is_some() {
            return;
        }
        let pause = self.load.between(100 * MILLI, 4 * SECOND);
        self.clock.after(pause, Happening::Call);
        let function = self.load.pick(&FUNCTIONS).expect("not empty");
        self.call_to(function);
    }

    fn call_to(&mut self, function: FunctionId) {
        self.named += 1;
        let call = CallId(self.named);
        self.calls.insert(call);
        let tagged = self.load.chance(300);
        self.clock.after(1, Happening::News(Input::Called { call, function, tagged }));
        if self.load.chance(200) {
            let patience = self.load.between(1, 3_000) * MILLI;
            self.clock.after(patience, Happening::News(Input::HungUp { call }));
        }
    }

    /// Something comes over the world.
    pub(crate) fn visit(&mut self) {
        if self.calm_since.is_some() {
            return;
        }
        let pause = self.faults.between(50 * MILLI, 3 * SECOND);
        self.clock.after(pause, Happening::Visit);
        self.stale_news();
        let visits = std::mem::take(&mut self.weather.visits);
        let visit = self.faults.pick(&visits);
        self.weather.visits = visits;
        match visit {
            None => {}
            Some(Visit::Crash) => self.crash(),
            Some(Visit::Drain) => self.drain(),
            Some(Visit::Reload) => self.reload(),
            Some(Visit::NewRevision) => self.revise(|world, function| world.make(function, true)),
            Some(Visit::BadRevision) => self.revise(|world, function| world.make(function, false)),
            Some(Visit::Absent) => self.revise(|_, _| Availability::Absent),
            Some(Visit::Broken) => self.revise(|_, _| Availability::Broken("not executable".into())),
            Some(Visit::Reap) => {
                let function = self.users.pick(&FUNCTIONS).expect("not empty");
                self.clock.after(1, Happening::News(Input::Reap { function }));
            }
            Some(Visit::Retry) => {
                let all = self.wired.subscriptions.len();
                let subscription = self.wired.subscriptions[self.users.index(all)].id;
                self.clock.after(1, Happening::News(Input::Retry { subscription }));
            }
            Some(Visit::Attach) => {
                self.named += 1;
                let function = self.users.pick(&[LAZY, SHIP, THUMB, FunctionId(77)]).expect("not empty");
                let attach = AttachId(self.named);
                self.clock.after(1, Happening::News(Input::Attaching { attach, function }));
            }
            Some(Visit::Retention) => self.overtake(),
            Some(Visit::Revoke) => self.ask_back(),
            Some(Visit::Lose) => self.take_away(),
            Some(Visit::ProcessExits) => {
                let alive: Vec<_> = self.processes.keys().copied().collect();
                if let Some(instance) = self.faults.pick(&alive) {
                    self.coverage.count("fault process exits");
                    self.exit(instance, "signal 11");
                }
            }
            Some(Visit::CallsUnknown) => self.call_to(FunctionId(77)),
            Some(Visit::Pause) => self.pause_or_resume(),
        }
    }

    fn drain(&mut self) {
        if self.draining_since.is_some() {
            return;
        }
        self.coverage.count("fault drain");
        self.draining_since = Some(self.clock.micros());
        self.clock.after(0, Happening::News(Input::Drain));
    }

    /// Somebody pauses a subscription, or lets it go on. That is stored before the mind hears of it.
    fn pause_or_resume(&mut self) {
        let chosen = self.users.index(self.all.subscriptions.len());
        let name = Arc::clone(&self.all.subscriptions[chosen].name);
        let input = match self.paused.remove(&name) {
            true => Input::Resume { name },
            false => {
                self.paused.insert(Arc::clone(&name));
                Input::Pause { name }
            }
        };
        self.clock.after(1, Happening::News(input));
    }

    fn reload(&mut self) {
        self.coverage.count("fault reload");
        let new = wiring::changed(&self.all, &self.wired, &mut self.users);
        self.clock.after(1, Happening::News(Input::Wired(new)));
    }

    fn revise(&mut self, made: impl Fn(&mut Self, FunctionId) -> Availability) {
        let function = self.users.pick(&FUNCTIONS).expect("not empty");
        if function == LAZY && self.bad_neighbour {
            return;
        }
        let now = made(self, function);
        self.folder.insert(function, now.clone());
        self.clock.after(1, Happening::News(Input::Revised { function, now }));
    }

    /// News of a process that ended long ago.
    fn stale_news(&mut self) {
        if !self.faults.chance(self.weather.late_news) {
            return;
        }
        let Some(instance) = self.faults.pick(&self.ended) else { return };
        let ready = self.faults.chance(500);
        self.coverage.count(if ready { "fault late ready" } else { "fault late exit" });
        let input = if ready {
            Input::Ready { instance }
        } else {
            Input::Exited { instance, reason: "exit 0".into() }
        };
        // Behind the news of its end, which is at most a few milliseconds old.
        self.clock.after(100 * MILLI, Happening::News(input));
    }

    /// The faults stop, every function is there and good, nothing is paused, and all is wired that ever was.
    pub(crate) fn calm_down(&mut self) {
        self.note(|_| "CALM".into());
        self.weather = Weather::calm();
        self.calm_since = Some(self.clock.micros());
        let calm = 10 * MILLI;
        for function in FUNCTIONS {
            if function == LAZY && self.bad_neighbour {
                continue;
            }
            let now = self.make(function, true);
            self.folder.insert(function, now.clone());
            self.clock.after(calm, Happening::News(Input::Revised { function, now }));
        }
        for name in std::mem::take(&mut self.paused) {
            self.clock.after(calm, Happening::News(Input::Resume { name }));
        }
        let mut all = self.wired.clone();
        if self.users.chance(500) {
            all = self.all.clone();
        }
        self.clock.after(calm, Happening::News(Input::Wired(all)));
        self.clock.after(SECOND, Happening::Check);
    }
}
