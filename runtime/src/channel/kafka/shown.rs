//! One consumer group that shows where a subscription is: what is committed there, by whom, and writing it.
//!
//! The library asks and commits only for the group that a client was made for. So this is a client, and it lives as
//! long as the question. Everything here blocks.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use activator::id::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaError;

use super::context::Context;
use super::reader::{self, ASK_TIMEOUT};
use super::settings;
use crate::channel::KafkaSpec;

/// Tells ours from an offset that somebody set.
const TAG: &str = "h1:";

/// One offset for each partition, by number.
pub(super) type Offsets = BTreeMap<u32, Offset>;

/// What is committed in a group.
pub(super) type Standings = BTreeMap<u32, Standing>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) offset: Offset,
    /// Whether a hydrant wrote it.
    pub(super) is_ours: bool,
}

/// A group of one topic.
pub(super) struct Shown {
    client: Arc<BaseConsumer<Context>>,
    spec: Arc<KafkaSpec>,
    group: String,
}

impl Shown {
    pub(super) fn connect(spec: &Arc<KafkaSpec>, group: &str) -> Result<Self, KafkaError> {
        let config = settings::mirror(spec, group).map_err(|error| KafkaError::ClientCreation(error.0))?;
        let client = Arc::new(config.create_with_context(Context::alone(&spec.topic))?);
        Ok(Self { client, spec: Arc::clone(spec), group: group.to_owned() })
    }

    /// Has it connect as soon as may be.
    pub(super) fn hasten(&self) {
        reader::hasten(&self.client, &self.spec.topic);
    }

    pub(super) fn read(&self, partitions: &[u32], patience: Duration) -> Result<Standings, KafkaError> {
        let list = reader::committed(&*self.client, &self.spec.topic, partitions, patience)?;
        let mut standings = Standings::new();
        for element in list.elements() {
            element.error()?;
            let rdkafka::Offset::Offset(offset) = element.offset() else { continue };
            let (Ok(number), Ok(offset)) = (u32::try_from(element.partition()), u64::try_from(offset)) else {
                continue;
            };
            let is_ours = element.metadata().starts_with(TAG);
            standings.insert(number, Standing { offset: Offset(offset), is_ours });
        }
        Ok(standings)
    }

    /// The groups there are.
    pub(super) fn existing(&self) -> Result<HashSet<String>, KafkaError> {
        let found = self.client.fetch_group_list(None, ASK_TIMEOUT)?;
        Ok(found.groups().iter().map(|group| group.name().to_owned()).collect())
    }

    /// Whether somebody reads for the group now: its offsets are theirs.
    pub(super) fn has_members(&self) -> Result<bool, KafkaError> {
        let found = self.client.fetch_group_list(Some(&self.group), ASK_TIMEOUT)?;
        Ok(found.groups().iter().any(|group| group.name() == self.group && !group.members().is_empty()))
    }

    /// Writes offsets as ours; `name` says which of us, for people.
    pub(super) fn write(&self, offsets: &Offsets, name: &str) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (number, offset) in offsets {
            let number = i32::try_from(*number).unwrap_or(i32::MAX);
            let mut element = list.add_partition(&self.spec.topic, number);
            element.set_offset(rdkafka::Offset::Offset(i64::try_from(offset.0).unwrap_or(i64::MAX)))?;
            element.set_metadata(format!("{TAG}{name}"));
        }
        self.client.commit(&list, CommitMode::Sync)
    }

    /// Closes the client elsewhere: that takes longer than a question.
    pub(super) fn let_go(self) {
        let client = self.client;
        reader::let_go(move || drop(client));
    }
}

/// Where others set an offset that is not the one we would write. Where nothing of ours is known, nothing differs.
pub(super) fn set_by_others(standings: &Standings, ours: &Offsets) -> Offsets {
    let differs = |number: &u32, standing: &Standing| {
        !standing.is_ours && ours.get(number).is_some_and(|ours| *ours != standing.offset)
    };
    standings
        .iter()
        .filter(|(number, standing)| differs(number, standing))
        .map(|(number, standing)| (*number, standing.offset))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_set_by_others_when_it_lacks_our_tag_and_is_not_where_we_are() {
        let standing = |offset, is_ours| Standing { offset: Offset(offset), is_ours };
        let standings = Standings::from([
            (0, standing(3, false)),
            (1, standing(3, true)),
            (2, standing(9, false)),
            (3, standing(3, false)),
        ]);
        let ours = Offsets::from([(0, Offset(9)), (1, Offset(9)), (2, Offset(9))]);
        assert_eq!(set_by_others(&standings, &ours), Offsets::from([(0, Offset(3))]));
    }
}
