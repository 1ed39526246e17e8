//! One delivery's life: what an answer means, when to try again, and when to give up.

mod outcome;
mod policy;
mod status;

pub use outcome::{Outcome, Verdict};
pub use policy::{Backoff, Policy};
pub use status::Status;
