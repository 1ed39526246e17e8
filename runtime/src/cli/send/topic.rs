//! A topic of Kafka that events are written to without a running hydrant, as `[kafka]` in `runtime.toml` says.

use activator::event::Event;

use super::Sent;
use crate::channel::{ContentMode, KafkaSink, KafkaSpec, SinkSpec};
use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;
use crate::cli::output;
use crate::config::{Loader, Severity};
use crate::process::is_written_to;

/// A cheap handle.
#[derive(Clone)]
pub(super) struct Topic {
    sink: KafkaSink,
    name: String,
}

impl Topic {
    /// It must be there: a slip of the fingers makes no topic.
    pub(super) async fn open(global: &Global, name: &str) -> Result<Self, Failure> {
        let topic = KafkaSpec { topic: name.into(), create: None, ..cluster(global)? };
        let sink = KafkaSink::open(&SinkSpec { topic, content: ContentMode::Binary }).await;
        let sink = sink.map_err(|error| {
            Failure::failed(format!("cannot write to Kafka: {error}"))
                .help("[kafka] in runtime.toml says where it is")
        })?;
        Ok(Self { sink, name: name.into() })
    }

    pub(super) async fn send(&self, event: &Event) -> Result<Sent, Failure> {
        let key = event.get("partitionkey").or_else(|| event.get("subject"));
        let stored = self.sink.append_keyed(event, key.map(str::as_bytes)).await;
        let position = stored.map_err(|error| Failure::failed(format!("topic {}: {error}", self.name)))?;
        Ok(Sent {
            id: event.id().into(),
            channel: format!("topic/{}", self.name),
            partition: position.partition.0,
            offset: position.offset.0,
            verdicts: None,
        })
    }
}

/// The cluster of the project.
fn cluster(global: &Global) -> Result<KafkaSpec, Failure> {
    let (project, file) = (global.project(None)?, global.config()?);
    let loader = Loader::new(&project, file.as_deref(), global.overrides()?, is_written_to);
    let loader = loader.map_err(|error| Failure::failed(format!("{}: {error}", project.display())));
    let loaded = loader?.load();
    let Some(resolved) = loaded.resolved else {
        let wrong = loaded.diagnostics.iter().filter(|d| d.severity() == Severity::Error);
        wrong.for_each(|diagnostic| output::talk(&diagnostic.render(global.colours_of_talk())));
        return Err(Failure::new(Exit::ConfigInvalid, "so it is not known where Kafka is"));
    };
    resolved.kafka.map(|kafka| *kafka).ok_or_else(|| {
        Failure::new(Exit::ConfigInvalid, "no brokers are named in runtime.toml")
            .help("[kafka] brokers = [\"127.0.0.1:9092\"]")
    })
}
