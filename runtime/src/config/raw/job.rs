//! `[job.NAME]`: a process for each event, which finds it in a file.

use crate::config::source::At;
use crate::config::value::Value;

use super::channel::Channel;
use super::destination::Destination;

#[derive(Debug)]
pub(in crate::config) struct Job {
    /// What the channel is in which events wait for their process.
    pub(in crate::config) channel: Channel,
    /// A function.
    pub(in crate::config) to: Option<At<Destination>>,
}

const TO_HELP: &str = "name the function whose processes do the job, such as to = \"fn/NAME\"";

impl Job {
    pub(in crate::config) const KEYS: &[&str] =
        &["to", "class", "partitions", "sync", "retention", "kafka", "delivery"];

    pub(super) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        let table = value.table(section, Self::KEYS)?;
        let to = table.need("to", TO_HELP).and_then(|v| {
            let to = Destination::read(&v)?;
            let is_function = matches!(to.value, Destination::Function(_));
            if is_function { Some(to) } else { v.refuse("a function", "another destination", TO_HELP) }
        });
        let channel = Channel::read_from(&table, section);
        if let (Some(delivery), Some(said)) = (&channel.delivery, table.get("delivery"))
            && delivery.format.is_some()
        {
            let help = "leave it out: a job finds its event in the file that K_EVENT_PATH names";
            said.refuse::<()>("without `format`", "with one", help);
        }
        Some(Self { channel, to })
    }
}
