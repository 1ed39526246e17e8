//! From and to a cluster: the project's topology as Knative's resources, and resources as a `runtime.toml`.
//!
//! Both ways read a tree in which every value knows its line ([`tree`]), and take from each table what they know
//! ([`fields`]); what is left then is told with its place, so that nothing is lost unseen. [`to`] and [`from`] have a file
//! for each noun. The configuration knows nothing of this.

mod fields;
mod from;
mod to;
mod tree;

#[cfg(test)]
mod tests;

/// Where images are of which somebody has to say where they are: nowhere. What a program is called stands behind it.
const PLACEHOLDER: &str = "registry.example/";

pub(crate) use fields::Note;
pub(crate) use from::{Imported, import};
pub(crate) use to::{BrokerClass, Exported, Options, Project, export};
