//! One delivery's life: what an answer means, when to try again, and when to give up.

mod advice;
pub mod extension;
mod outcome;
mod policy;
mod status;

pub use advice::Advice;
pub use outcome::{Outcome, Verdict};
pub use policy::{Backoff, Deduplicate, Exhausted, Format, Policy};
pub use status::Status;
