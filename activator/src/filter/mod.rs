//! Trigger filters: the dialects of the CloudEvents Subscriptions API (section 3.2.4 "Filters") and Knative's older
//! `filter.attributes`.
//!
//! A filter never fails open: what cannot be decided does not match, not even under `not`.
//!
//! - `dialect`: the filters and what they say of an event; `explain` says why, in data and in a line.
//! - `cesql`: the dialect that is a language.
//! - `index`: which of many filters match, without asking each; `access` is what it can look up.
//! - `facts`: clauses that contradict one another.

mod access;
pub mod cesql;
mod dialect;
mod explain;
mod facts;
mod hash;
mod index;
mod truth;

#[cfg(test)]
mod tests;

pub use cesql::Expression;
pub use dialect::{Filter, Pair};
pub use explain::{Decision, Explanation};
pub(crate) use hash::hash;
pub use index::Index;

use truth::Truth;
