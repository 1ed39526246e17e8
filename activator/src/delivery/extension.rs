//! The extension attributes by which those who deliver an event again, or work with a dead one, know whose it is.

/// Where a dead letter was to go: `fn/bill` (Knative, data plane spec, "Error extensions").
pub const TO: &str = "knativeerrordest";
/// The code of the last answer to it (the same).
pub const CODE: &str = "knativeerrorcode";
/// The start of that answer, in base64 (the same).
pub const DATA: &str = "knativeerrordata";
/// The subscription that a dead letter is of: `trigger/bill`.
pub const SUBSCRIPTION: &str = "hydrantsubscription";
/// Why it died, in a word: `exit 101`.
pub const REASON: &str = "hydrantreason";
/// How often it was tried.
pub const ATTEMPTS: &str = "hydrantattempts";
/// The subscription that alone gets an event which is delivered again.
pub const REPLAY: &str = "hydrantreplay";
