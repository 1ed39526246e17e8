//! `[kafka]`: the cluster, for everything that is of class kafka or reads a topic.

use toml::de::DeValue;

use crate::config::source::At;
use crate::config::value::Value;

#[derive(Debug, Default)]
pub(in crate::config) struct Kafka {
    pub(in crate::config) brokers: Option<Vec<String>>,
    /// Further librdkafka settings, in the order of the file.
    pub(in crate::config) options: Vec<(String, String)>,
}

/// What hydrant's cursors stand on; another value would lose events or deliver them twice.
const OPTIONS_OURS: &[&str] = &[
    "auto.offset.reset",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "group.id",
    "metadata.broker.list",
];

impl Kafka {
    pub(in crate::config) const KEYS: &[&str] = &["brokers", "options"];

    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let table = value.table("[kafka]", Self::KEYS)?;
        Some(Self {
            brokers: table.get("brokers").and_then(|v| read_brokers(&v)),
            options: table.get("options").map(|v| read_options(&v)).unwrap_or_default(),
        })
    }
}

fn read_brokers(value: &Value<'_>) -> Option<Vec<String>> {
    let items = value.items();
    let brokers: Vec<String> = items
        .iter()
        .filter_map(|item| item.parse("`host:port` of a Kafka broker", "such as \"127.0.0.1:9092\"", broker))
        .map(|broker| broker.value)
        .collect();
    if items.is_empty() {
        return value.refuse("a list of brokers", "empty", "such as [\"127.0.0.1:9092\"]");
    }
    (brokers.len() == items.len()).then_some(brokers)
}

fn broker(text: &str) -> Result<String, &'static str> {
    if text.contains("://") {
        return Err("a URL");
    }
    let (host, port) = text.rsplit_once(':').ok_or("a host without a port")?;
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    if host.is_empty() || !is_port || host.contains([',', ' ', '/']) {
        return Err("no host with a port");
    }
    Ok(text.into())
}

fn read_options(value: &Value<'_>) -> Vec<(String, String)> {
    let entries = value.entries("[kafka] options").unwrap_or_default();
    entries.iter().filter_map(|(name, value)| read_option(name, value)).collect()
}

fn read_option(name: &At<String>, value: &Value<'_>) -> Option<(String, String)> {
    if OPTIONS_OURS.contains(&&*name.value) {
        let help = "hydrant sets it: its cursors stand on it; brokers go to `[kafka] brokers`, groups to their source";
        return value.problems().bad_value(
            &name.place,
            "`options` in [kafka]",
            "settings hydrant leaves open",
            "not one of them",
            help,
        );
    }
    let text = match value.node() {
        // librdkafka takes texts only, and nobody should have to know.
        DeValue::Integer(integer) => integer.as_str().into(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        _ => value.text()?.value,
    };
    Some((name.value.clone(), text))
}
