//! The configuration: `runtime.toml`, sidecars, script headers and the functions folders, read into one value
//! that cannot be wrong.
//!
//! [`raw`] mirrors what is written, [`scan`] what the folders hold, [`resolve`] puts both together into
//! [`resolved::Resolved`]. Everything wrong is told at once, with its place; nobody validates again after that.

mod book;
mod called;
mod codes;
mod content;
mod diagnostic;
mod document;
mod edition;
mod env_file;
mod explain;
mod expression;
mod format;
mod ids;
mod ledger;
mod loader;
mod name;
mod nearest;
mod overrides;
mod pins;
mod quoted;
mod raw;
mod resolve;
pub(crate) mod resolved;
mod scan;
mod schema;
mod secrets;
mod source;
mod table;
mod unit;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use called::{is_called, kind_and_name, short_name};
pub(crate) use codes::{Code, Severity};
pub(crate) use diagnostic::{Diagnostic, summary};
pub(crate) use explain::{ANNOTATIONS, Explained, Said, Unexplained, plain};
pub(crate) use expression::Told;
pub(crate) use format::{format, format_file};
pub(crate) use ledger::hash_all;
pub(crate) use loader::Loader;
pub(crate) use name::{hint as name_hint, is_valid as is_name};
pub(crate) use nearest::nearest;
pub(crate) use overrides::{Given, Overrides};
pub(crate) use scan::{is_left_over, is_no_part};
pub(crate) use schema::{Of, schema};
pub(crate) use source::{Place, Source};
pub(crate) use unit::duration;

/// The `runtime.toml` hydrant ships with: every key with its default and a sentence.
pub(crate) const MANUAL: &str = include_str!("../../../runtime.toml");
