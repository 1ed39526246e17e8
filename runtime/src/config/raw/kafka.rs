//! `[kafka]`: the cluster, for everything that is of class kafka or reads a topic.

use toml::de::DeValue;

use crate::channel::{KAFKA_OPTIONS, Mode, OptionError, check_kafka_option};
use crate::config::nearest::nearest;
use crate::config::source::At;
use crate::config::value::Value;

use super::security::{Sasl, Tls};

#[derive(Debug, Default)]
pub(in crate::config) struct Kafka {
    pub(in crate::config) brokers: Option<Vec<String>>,
    pub(in crate::config) mode: Option<Mode>,
    pub(in crate::config) mirror: Option<bool>,
    pub(in crate::config) tls: Option<Tls>,
    pub(in crate::config) sasl: Option<Sasl>,
    /// Further librdkafka settings, in the order of the file.
    pub(in crate::config) options: Vec<(String, String)>,
}

pub(in crate::config) const MODES: &[(&str, Mode)] = &[("own", Mode::Own), ("group", Mode::Group)];

impl Kafka {
    pub(in crate::config) const KEYS: &[&str] = &["brokers", "mode", "mirror", "tls", "sasl", "options"];

    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let table = value.table("[kafka]", Self::KEYS)?;
        Some(Self {
            brokers: table.get("brokers").and_then(|v| read_brokers(&v)),
            mode: table.get("mode").and_then(|v| mode(&v)),
            mirror: table.get("mirror").and_then(|v| v.boolean()).map(|mirror| mirror.value),
            tls: table.get("tls").and_then(|v| Tls::read(&v)),
            sasl: table.get("sasl").and_then(|v| Sasl::read(&v)),
            options: table.get("options").map(|v| read_options(&v)).unwrap_or_default(),
        })
    }
}

/// Whether one runtime has the partitions alone, or a group shares them out.
pub(super) fn mode(value: &Value<'_>) -> Option<Mode> {
    value.one_of(MODES).map(|mode| mode.value)
}

pub(super) fn read_brokers(value: &Value<'_>) -> Option<Vec<String>> {
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
    let text = match value.node() {
        // librdkafka takes texts only, and nobody should have to know.
        DeValue::Integer(integer) => integer.as_str().into(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        _ => value.text()?.value,
    };
    match check_kafka_option(&name.value, &text) {
        Ok(()) => Some((name.value.clone(), text)),
        Err(OptionError::Value(why)) => {
            value.refuse("what librdkafka takes", "not", &format!("librdkafka says: {why}"))
        }
        Err(error) => {
            let (wanted, is, help) = refused(&error, &name.value);
            value.problems().bad_value(&name.place, "`options` in [kafka]", wanted, is, &help)
        }
    }
}

/// What is wanted instead, what it is, and what to do.
fn refused(error: &OptionError, name: &str) -> (&'static str, &'static str, String) {
    match error {
        OptionError::Secret => (
            "settings without secrets",
            "a secret",
            "[kafka] sasl = { mechanism, user, password_file }: the file keeps it".into(),
        ),
        OptionError::Unknown => {
            let help = match nearest(name, KAFKA_OPTIONS.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "the names are those of librdkafka's CONFIGURATION.md".into(),
            };
            ("settings that librdkafka has", "not one of them", help)
        }
        OptionError::Ours | OptionError::Value(_) => (
            "settings hydrant leaves open",
            "not one of them",
            "hydrant sets it: its cursors stand on it; brokers go to `[kafka] brokers`, groups to their source"
                .into(),
        ),
    }
}
