//! One real Kafka for all tests of the run, started by the first that asks.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

#[path = "../../support/kafka.rs"]
mod node;

pub(crate) use node::{KafkaNode, free_port_pair};

static NODE: OnceLock<Mutex<Option<KafkaNode>>> = OnceLock::new();

/// What this machine lacks for a Kafka, if anything. Starts nothing.
pub(crate) fn missing() -> Option<String> {
    let lacks = |tool: &str| super::runtime::output(tool, &["-version"]).is_none();
    ["java", "mvn"].into_iter().find(|tool| lacks(tool)).map(|tool| format!("no {tool}"))
}

/// A Kafka of the test's own, which it may kill. The one of all tests stays up: members of a group that another test
/// watches would lose it, too.
pub(crate) fn own() -> KafkaNode {
    KafkaNode::start_new(&[]).expect("java and mvn are there")
}

/// The Kafka of all tests, running. Held while a soak restarts it.
pub(crate) fn node() -> MutexGuard<'static, Option<KafkaNode>> {
    let node =
        NODE.get_or_init(|| Mutex::new(Some(KafkaNode::start_new(&[]).expect("java and mvn are there"))));
    node.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where clients connect to.
pub(crate) fn bootstrap() -> String {
    node().as_ref().expect("it is stopped only at the end").bootstrap()
}

/// Ends it, at the end of the run.
pub(crate) fn stop() {
    if let Some(node) = NODE.get() {
        node.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
