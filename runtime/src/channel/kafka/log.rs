//! What librdkafka has to say goes to `tracing`, the same line not more than once in a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// A broker that is away makes librdkafka repeat itself several times a second.
const REPEAT_AFTER: Duration = Duration::from_secs(30);

/// The callbacks of one client. They only write, and never block or call back.
pub(super) struct Log {
    topic: String,
    quiet: Mutex<HashMap<String, Spoken>>,
}

/// When a kind of line was written last, and how many were held back since.
struct Spoken {
    at: Instant,
    held_back: u32,
}

impl Log {
    pub(super) fn new(topic: &str) -> Self {
        Self { topic: topic.to_owned(), quiet: Mutex::default() }
    }

    /// How many lines of this kind were held back before this one; nothing = hold this one back too.
    /// The kinds are librdkafka's own facilities and error codes, so their number is bounded.
    fn may_speak(&self, kind: &str, now: Instant) -> Option<u32> {
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(spoken) = quiet.get_mut(kind) else {
            quiet.insert(kind.to_owned(), Spoken { at: now, held_back: 0 });
            return Some(0);
        };
        if now.duration_since(spoken.at) < REPEAT_AFTER {
            spoken.held_back += 1;
            return None;
        }
        spoken.at = now;
        Some(std::mem::take(&mut spoken.held_back))
    }
}

impl ClientContext for Log {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        let topic = &self.topic;
        // CONFWARN: a setting of the user's is for the other kind of client; both get all of them.
        if level as i32 > RDKafkaLogLevel::Warning as i32 || facility == "CONFWARN" {
            tracing::debug!(%topic, facility, "{line}");
            return;
        }
        if let Some(held_back) = self.may_speak(facility, Instant::now()) {
            tracing::warn!(%topic, facility, held_back, "{line}");
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            // The reads asked for it, and take it for what it is.
            return;
        }
        let topic = &self.topic;
        let kind = error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| format!("{code:?}"));
        if let Some(held_back) = self.may_speak(&kind, Instant::now()) {
            tracing::warn!(%topic, held_back, "Kafka: {reason}");
        }
    }
}

impl ConsumerContext for Log {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_repeats_is_held_back_and_counted() {
        let log = Log::new("orders");
        let start = Instant::now();
        assert_eq!(log.may_speak("FAIL", start), Some(0));
        assert_eq!(log.may_speak("FAIL", start), None);
        assert_eq!(log.may_speak("FAIL", start + REPEAT_AFTER / 2), None);
        assert_eq!(log.may_speak("OTHER", start), Some(0));
        assert_eq!(log.may_speak("FAIL", start + REPEAT_AFTER), Some(2));
    }
}
