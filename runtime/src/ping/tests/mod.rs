//! The times of schedules, and whose turn it is, by clocks that tests make.

mod rota;
mod schedule;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Schedule, ScheduleError, zone};

/// RFC 3339.
fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schedule(text: &str, name: &str) -> Schedule {
    Schedule::new(text, zone(name).unwrap()).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn refused(text: &str) -> ScheduleError {
    Schedule::new(text, TimeZone::UTC).expect_err(text)
}
