//! What an answer says of the next attempt, beside its status.

use core::time::Duration;

/// A header of an HTTP answer that is a word on the delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Advice {
    /// Nothing.
    #[default]
    None,
    /// `Retry-After` (RFC 9110, 10.2.3): not before that long from now.
    RetryAfter(Duration),
    /// `hydrant-outcome: dead-letter`: no attempt will ever succeed, whatever the status says.
    DeadLetter,
}
