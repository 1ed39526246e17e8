//! What the headers of an answer say of the next attempt.

use std::time::Duration;

use activator::delivery::Advice;
use jiff::Timestamp;

use super::answer::Headers;

/// Our own: how a function says that an event can never be handled, whatever its status.
const OUTCOME: &str = "hydrant-outcome";
const RETRY_AFTER: &str = "retry-after";
const DEAD_LETTER: &[u8] = b"dead-letter";

/// Reads it. What is written wrongly says nothing.
pub(super) fn advice(headers: &Headers) -> Advice {
    if headers.get(OUTCOME).is_some_and(|outcome| outcome.eq_ignore_ascii_case(DEAD_LETTER)) {
        return Advice::DeadLetter;
    }
    let wait = headers.get(RETRY_AFTER).and_then(|value| std::str::from_utf8(value).ok());
    wait.and_then(|value| wait_of(value.trim(), Timestamp::now())).map_or(Advice::None, Advice::RetryAfter)
}

/// Seconds, or a date (RFC 9110, 10.2.3 and 5.6.7).
fn wait_of(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn of(name: &'static str, value: &'static str) -> Advice {
        let header = (HeaderName::from_static(name), HeaderValue::from_static(value));
        advice(&Headers::Hyper([header].into_iter().collect()))
    }

    #[test]
    fn the_wait_is_seconds_or_a_date() {
        assert_eq!(of("retry-after", " 120 "), Advice::RetryAfter(Duration::from_secs(120)));
        let now: Timestamp = "1994-11-06T08:49:30Z".parse().unwrap();
        let wait = |value| wait_of(value, now);
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO), "past already");
    }

    #[test]
    fn what_is_written_wrongly_says_nothing() {
        for value in ["", "-1", "1.5", "soon", "1994-11-06", "99999999999999999999999"] {
            assert_eq!(of("retry-after", value), Advice::None, "{value}");
        }
        assert_eq!(of("hydrant-outcome", "delivered"), Advice::None);
    }

    #[test]
    fn a_function_may_say_that_no_attempt_will_succeed() {
        assert_eq!(of("hydrant-outcome", "Dead-Letter"), Advice::DeadLetter);
    }
}
