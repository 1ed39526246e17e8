//! What a caller may want to know beside the answer (`Server-Timing`, W3C).

use std::fmt;
use std::time::Duration;

use hyper::header::HeaderValue;

/// How long a call waited, how long its process took to start, and how long it took to answer.
pub(super) fn server_timing(queue: Duration, spawn: Duration, run: Duration) -> Option<HeaderValue> {
    let (queue, spawn, run) = (Millis(queue), Millis(spawn), Millis(run));
    HeaderValue::try_from(format!("queue;dur={queue}, spawn;dur={spawn}, run;dur={run}")).ok()
}

/// Written from whole numbers: what writes fractions is much code, and a cold call finds none of it in a cache.
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0.as_millis(), self.0.subsec_micros() % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_milliseconds_with_three_places() {
        let times = [Duration::ZERO, Duration::from_micros(5_907), Duration::new(61, 1_050_999)];
        let timing = server_timing(times[0], times[1], times[2]).unwrap();
        assert_eq!(timing, "queue;dur=0.000, spawn;dur=5.907, run;dur=61001.050");
    }
}
