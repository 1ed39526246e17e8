//! What a caller may want to know beside the answer (`Server-Timing`, W3C).

use std::time::Duration;

use hyper::header::HeaderValue;

/// Room for three times of a day.
const LENGTH: usize = 72;

/// How long a call waited, how long its process took to start, and how long it took to answer.
pub(super) fn server_timing(queue: Duration, spawn: Duration, run: Duration) -> Option<HeaderValue> {
    let mut text = String::with_capacity(LENGTH);
    for (name, time) in [("queue;dur=", queue), (", spawn;dur=", spawn), (", run;dur=", run)] {
        text.push_str(name);
        push_millis(&mut text, time);
    }
    HeaderValue::try_from(text).ok()
}

/// Digit by digit: what formats anything is much code, and a cold call finds none of it in a cache.
fn push_millis(text: &mut String, time: Duration) {
    let micros = time.subsec_micros() % 1000;
    let digit = |of: u32| char::from(b'0' + (of % 10) as u8);
    text.push_str(itoa::Buffer::new().format(time.as_millis()));
    text.extend(['.', digit(micros / 100), digit(micros / 10), digit(micros)]);
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
