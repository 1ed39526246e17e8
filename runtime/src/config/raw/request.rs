//! `[request.NAME]`: a call that waits for the event that answers its own.

use std::time::Duration;

use crate::config::source::At;
use crate::config::table::Table;
use crate::config::value::Value;

use super::filter::is_attribute;

#[derive(Debug)]
pub(in crate::config) struct Request {
    /// The broker's name; nothing = `default`.
    pub(in crate::config) broker: Option<At<String>>,
    pub(in crate::config) timeout: Duration,
    /// The attribute by which the event is known.
    pub(in crate::config) correlation: String,
    /// The attribute in which its answer bears the same.
    pub(in crate::config) reply: String,
}

/// Knative's own.
const TIMEOUT: Duration = Duration::from_secs(30);
const CORRELATION: &str = "correlationid";
const REPLY: &str = "replyid";

/// What an extension may not be: the event's own.
const ATTRIBUTES: [&str; 8] =
    ["datacontenttype", "dataschema", "id", "source", "specversion", "subject", "time", "type"];

impl Request {
    pub(in crate::config) const KEYS: &[&str] = &[
        "broker",
        "timeout",
        "correlation_attribute",
        "correlationAttribute",
        "reply_attribute",
        "replyAttribute",
    ];

    pub(super) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        let table = value.table(section, Self::KEYS)?;
        let correlation = extension(&table, "correlation_attribute", "correlationAttribute", CORRELATION);
        let reply = extension(&table, "reply_attribute", "replyAttribute", REPLY);
        if correlation == reply
            && let Some(reply) = table
                .get_either("reply_attribute", "replyAttribute")
                .or_else(|| table.get_either("correlation_attribute", "correlationAttribute"))
        {
            let help = "with one for both, every event would answer itself";
            reply.refuse::<()>("another attribute than that of the event", "the same", help);
        }
        Some(Self {
            broker: table.get("broker").and_then(|v| v.text()),
            timeout: table.get("timeout").and_then(|v| v.timeout()).map_or(TIMEOUT, |t| t.value),
            correlation,
            reply,
        })
    }
}

fn extension(table: &Table<'_>, ours: &str, knatives: &str, otherwise: &str) -> String {
    let written = table.get_either(ours, knatives).and_then(|value| {
        let text = value.text()?.value;
        let (wanted, help) = ("an extension attribute", "a name of a-z and 0-9, such as \"replyid\"");
        if !is_attribute(&text) {
            return value.refuse(wanted, "not a name", help);
        }
        if ATTRIBUTES.contains(&&*text) {
            return value.refuse(wanted, "an attribute of the event's own", help);
        }
        Some(text)
    });
    written.unwrap_or_else(|| otherwise.to_owned())
}
