//! The mark in the state folder that says whose cursors were stored. It tells cursors that Kafka lost from those that
//! never were: to begin as a newcomer would pass over what nobody was given.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::channel::KafkaSpec;

/// The partitions of one topic that a group has had cursors in.
pub(super) struct Seen {
    /// Nothing where nothing is kept: then it is known for as long as the channel is open.
    path: Option<PathBuf>,
    partitions: Mutex<BTreeSet<u32>>,
}

impl Seen {
    /// What was noted before. Blocks.
    pub(super) fn read(spec: &KafkaSpec) -> Self {
        let path = spec.marks.as_ref().map(|folder| folder.join(&spec.topic).join(file_name(&spec.group)));
        let text = path.as_deref().map_or_else(|| Ok(String::new()), fs::read_to_string);
        let text = text.unwrap_or_else(|error| {
            if error.kind() != ErrorKind::NotFound {
                tracing::warn!(topic = %spec.topic, "cannot read which cursors were stored: {error}");
            }
            String::new()
        });
        let partitions = text.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect();
        Self { path, partitions: Mutex::new(partitions) }
    }

    pub(super) fn was_stored(&self, partition: u32) -> bool {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).contains(&partition)
    }

    /// There are cursors in these partitions. Blocks the first time.
    pub(super) fn note(&self, stored: impl IntoIterator<Item = u32>) {
        let mut partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        let known = partitions.len();
        partitions.extend(stored);
        if let Some(path) = self.path.as_ref().filter(|_| partitions.len() > known)
            && let Err(error) = write(path, &partitions)
        {
            tracing::warn!(path = %path.display(), "cannot note which cursors are stored: {error}");
        }
    }
}

fn write(path: &Path, partitions: &BTreeSet<u32>) -> io::Result<()> {
    let text: Vec<String> = partitions.iter().map(u32::to_string).collect();
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    // A dot is in no name of ours.
    let new = path.with_extension("new");
    fs::write(&new, text.join(" ") + "\n")?;
    fs::rename(new, path)
}

/// A group may be named anything.
fn file_name(group: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    group.bytes().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_of_any_name_has_a_file_of_its_own() {
        for (group, name) in [
            ("hydrant-orders", "hydrant-orders"),
            ("shop.orders", "shop%2Eorders"),
            ("../b", "%2E%2E%2Fb"),
            ("ü", "%C3%BC"),
        ] {
            assert_eq!(file_name(group), name);
        }
    }
}
