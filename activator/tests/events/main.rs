//! Properties of events: every binding gives back what went in, and no bytes whatever do harm.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod differences;
mod harm;
mod json_grammar;
mod make;
mod oracle;
mod round_trip;
