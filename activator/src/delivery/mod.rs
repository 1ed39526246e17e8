//! One delivery's life: what an answer means, when to try again, and when to give up.

mod outcome;
mod policy;

pub use outcome::{Outcome, Verdict};
pub use policy::{Backoff, Policy};
