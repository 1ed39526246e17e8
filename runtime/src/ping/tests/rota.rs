//! Clocks that jump, machines that sleep, and channels that cannot take anything: nothing fires twice, nothing in bursts.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::super::rota::{Ended, Pings, Rota, Turn};
use super::super::{Missed, Ping};
use super::{at, schedule};
use crate::config::resolved::ChannelKind;
use crate::sources::Outlet;

fn ping(text: &str, missed: Missed) -> Arc<Ping> {
    Arc::new(Ping {
        name: "nightly".into(),
        schedule: schedule(text, "UTC"),
        missed,
        outlet: Outlet {
            channel: (ChannelKind::Broker, "default".into()),
            to: "broker/default".into(),
            extensions: Vec::new(),
        },
        data: Bytes::new(),
        content_type: None,
    })
}

/// A rota of one source.
struct World {
    rota: Rota,
    ping: Arc<Ping>,
}

impl World {
    fn new(text: &str, missed: Missed, now: &str) -> Self {
        Self::after(text, missed, now, None)
    }

    /// One that was done up to `known` in an earlier life.
    fn after(text: &str, missed: Missed, now: &str, known: Option<&str>) -> Self {
        let ping = ping(text, missed);
        let mut rota = Rota::default();
        rota.configure(at(now), &pings(&ping), |_| known.map(at));
        Self { rota, ping }
    }

    /// What fires when somebody looks, and is stored at once.
    fn look(&mut self, now: &str) -> Vec<String> {
        let turns = self.rota.turns(at(now));
        let fired = turns.into_iter().filter_map(|turn| match turn {
            Turn::Fire(ping, time) => {
                assert!(self.rota.ended(at(now), &ping, time, Ended::Over));
                Some(time.to_string())
            }
            Turn::Missed(..) => None,
        });
        fired.collect()
    }

    fn next(&self) -> Timestamp {
        self.rota.next().unwrap()
    }
}

fn pings(ping: &Arc<Ping>) -> Pings {
    [(Arc::clone(&ping.name), Arc::clone(ping))].into()
}

const NOTHING: [&str; 0] = [];

#[test]
fn each_time_fires_once() {
    let mut world = World::new("0 * * * *", Missed::Skip, "2026-11-27T02:50:00Z");
    assert_eq!(world.next(), at("2026-11-27T03:00:00Z"));
    assert_eq!(world.look("2026-11-27T02:59:59.999Z"), NOTHING);
    assert_eq!(world.look("2026-11-27T03:00:00.001Z"), ["2026-11-27T03:00:00Z"]);
    assert_eq!(world.look("2026-11-27T03:00:00.002Z"), NOTHING);
    assert_eq!(world.next(), at("2026-11-27T04:00:00Z"));
}

#[test]
fn a_machine_that_slept_fires_nothing_of_the_night_and_no_burst() {
    let mut world = World::new("*/5 * * * *", Missed::Skip, "2026-11-26T22:02:00Z");
    let turns = world.rota.turns(at("2026-11-27T08:02:00Z"));
    assert_eq!(turns, [Turn::Missed(Arc::clone(&world.ping), at("2026-11-26T22:05:00Z"))]);
    assert_eq!(world.look("2026-11-27T08:02:00Z"), NOTHING);
    assert_eq!(world.next(), at("2026-11-27T08:05:00Z"));
    // A busy machine is late, which is no sleep; and of all that passed meanwhile one fires.
    let mut world = World::new("* * * * * *", Missed::Skip, "2026-11-27T08:00:00Z");
    assert_eq!(world.look("2026-11-27T08:00:31Z"), ["2026-11-27T08:00:01Z"]);
    assert_eq!(world.look("2026-11-27T08:00:31Z"), NOTHING);
    assert_eq!(world.next(), at("2026-11-27T08:00:32Z"));
}

#[test]
fn one_that_may_miss_nothing_fires_once_for_all_that_passed() {
    let mut world = World::new("*/5 * * * *", Missed::Once, "2026-11-26T22:02:00Z");
    assert_eq!(world.look("2026-11-27T08:02:00Z"), ["2026-11-26T22:05:00Z"]);
    assert_eq!(world.look("2026-11-27T08:02:00Z"), NOTHING);
    assert_eq!(world.next(), at("2026-11-27T08:05:00Z"));
    // In the next life, too; and where nothing was missed, nothing.
    let life = |known| World::after("0 3 * * *", Missed::Once, "2026-11-27T08:00:00Z", known);
    assert_eq!(life(Some("2026-11-25T03:00:00Z")).look("2026-11-27T08:00:00Z"), ["2026-11-26T03:00:00Z"]);
    assert_eq!(life(Some("2026-11-27T03:00:00Z")).look("2026-11-27T08:00:00Z"), NOTHING);
    assert_eq!(life(None).look("2026-11-27T08:00:00Z"), NOTHING, "it is new");
    let mut skips =
        World::after("0 3 * * *", Missed::Skip, "2026-11-27T08:00:00Z", Some("2026-11-25T03:00:00Z"));
    assert_eq!(skips.look("2026-11-27T08:00:00Z"), NOTHING);
}

#[test]
fn a_clock_that_is_set_forward_is_a_machine_that_slept() {
    // Such as that of a board without a clock, once it hears of the time.
    let mut world = World::new("* * * * *", Missed::Skip, "1970-01-01T00:00:05Z");
    assert_eq!(world.look("2026-11-27T08:00:20Z"), NOTHING);
    assert_eq!(world.next(), at("2026-11-27T08:01:00Z"));
}

#[test]
fn a_clock_that_is_set_back_fires_nothing_twice() {
    for missed in [Missed::Skip, Missed::Once] {
        let mut world = World::new("*/10 * * * *", missed, "2026-11-27T02:55:00Z");
        assert_eq!(world.look("2026-11-27T03:00:00Z"), ["2026-11-27T03:00:00Z"]);
        assert_eq!(world.look("2026-11-27T02:59:30Z"), NOTHING);
        assert_eq!(world.look("2026-11-27T03:00:00Z"), NOTHING, "it was fired");
        assert_eq!(world.look("2026-11-27T03:10:00Z"), ["2026-11-27T03:10:00Z"]);
    }
}

#[test]
fn a_clock_that_was_wrong_by_years_silences_nobody() {
    for missed in [Missed::Skip, Missed::Once] {
        let mut world = World::new("*/10 * * * *", missed, "2036-01-01T00:05:00Z");
        assert_eq!(world.look("2036-01-01T00:10:00Z"), ["2036-01-01T00:10:00Z"]);
        assert_eq!(world.look("2026-11-27T03:00:30Z"), NOTHING);
        assert_eq!(world.next(), at("2026-11-27T03:10:00Z"));
    }
    // What is due by a clock that was a little ahead is not what is due now, either.
    let mut world = World::new("*/10 * * * *", Missed::Skip, "2026-11-27T03:05:00Z");
    assert_eq!(world.look("2026-11-27T02:45:00Z"), NOTHING);
    assert_eq!(world.next(), at("2026-11-27T02:50:00Z"));
}

#[test]
fn what_cannot_be_stored_is_tried_again_until_it_is_missed() {
    let now = |second: &str| at(&format!("2026-11-27T03:0{second}Z"));
    for missed in [Missed::Skip, Missed::Once] {
        let mut world = World::new("0 3 * * *", missed, "2026-11-27T02:50:00Z");
        let time = now("0:00");
        let fires = |turns: Vec<Turn>| matches!(&turns[..], [Turn::Fire(_, fired)] if *fired == time);
        assert!(fires(world.rota.turns(now("0:00"))));
        assert_eq!(world.rota.turns(now("0:00")), [], "it is being stored");
        assert_eq!(world.rota.next(), None, "and wakes nobody");
        assert!(world.rota.ended(now("0:00"), &world.ping, time, Ended::NotNow), "the first failure is news");
        assert_eq!(world.next(), now("0:01"));
        assert!(fires(world.rota.turns(now("0:01"))));
        assert!(!world.rota.ended(now("0:01"), &world.ping, time, Ended::NotNow));
        match missed {
            Missed::Skip => {
                assert!(matches!(world.rota.turns(now("1:02"))[..], [Turn::Missed(..)]));
                assert_eq!(world.next(), at("2026-11-28T03:00:00Z"));
            }
            Missed::Once => assert!(fires(world.rota.turns(now("5:00")))),
        }
    }
}

#[test]
fn another_schedule_counts_at_once_and_the_same_goes_on() {
    let mut world = World::new("0 3 * * *", Missed::Skip, "2026-11-27T02:50:00Z");
    let changed = ping("55 2 * * *", Missed::Skip);
    world.rota.configure(at("2026-11-27T02:51:00Z"), &pings(&changed), |_| None);
    assert_eq!(world.next(), at("2026-11-27T02:55:00Z"));
    assert_eq!(world.look("2026-11-27T02:55:00Z"), ["2026-11-27T02:55:00Z"]);
    // Saved again in the same second.
    world.rota.configure(at("2026-11-27T02:55:00.5Z"), &pings(&changed), |_| None);
    assert_eq!(world.look("2026-11-27T02:55:00.6Z"), NOTHING);
    world.rota.configure(at("2026-11-27T02:56:00Z"), &Pings::new(), |_| None);
    assert_eq!(world.rota.next(), None, "a source that is gone wakes nobody");
}
