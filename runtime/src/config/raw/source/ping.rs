//! `[source.NAME]` of type ping: events at the times of a schedule.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::tz::TimeZone;

use super::Outlet;
use crate::config::codes::Code;
use crate::config::diagnostic::Diagnostic;
use crate::config::source::At;
use crate::config::table::Table;
use crate::config::value::Value;
use crate::ping::{Missed, Schedule, ScheduleError, zone};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

pub(in crate::config) const MISSED: &[(&str, Missed)] = &[("skip", Missed::Skip), ("once", Missed::Once)];

#[derive(Debug)]
pub(in crate::config) struct PingSource {
    pub(in crate::config) schedule: Option<Schedule>,
    pub(in crate::config) missed: Option<At<Missed>>,
    pub(in crate::config) data: Bytes,
    pub(in crate::config) content_type: Option<String>,
    pub(in crate::config) outlet: Outlet,
}

impl PingSource {
    pub(in crate::config) const KEYS: &[&str] = &[
        "type",
        "schedule",
        "timezone",
        "missed",
        "data",
        "data_base64",
        "dataBase64",
        "content_type",
        "contentType",
        "extensions",
        "delivery",
        "to",
    ];

    pub(super) fn read(table: &Table<'_>) -> Self {
        let timezone = match table.get("timezone") {
            Some(value) => timezone(&value),
            None => Some(TimeZone::UTC),
        };
        let schedule = table.need("schedule", "say when it fires, such as schedule = \"0 3 * * *\"");
        let (data, content_type) = data(table);
        Self {
            // What is wrong with it is told all the same.
            schedule: schedule.and_then(|v| read_schedule(&v, timezone.clone().unwrap_or(TimeZone::UTC))),
            missed: table.get("missed").and_then(|v| v.one_of(MISSED)),
            data,
            content_type,
            outlet: Outlet::read(table),
        }
    }
}

fn timezone(value: &Value<'_>) -> Option<TimeZone> {
    let name = value.word()?;
    let wanted = "a time zone of the IANA database";
    match zone(&name.value) {
        Ok(zone) => Some(zone),
        Err(Some(near)) => value.refuse(wanted, "none of them", &format!("did you mean \"{near}\"?")),
        Err(None) => value.refuse(wanted, "none of them", "such as \"Europe/Berlin\" or \"UTC\""),
    }
}

fn read_schedule(value: &Value<'_>, zone: TimeZone) -> Option<Schedule> {
    let text = value.word()?.value;
    let finding = match Schedule::new(&text, zone) {
        Ok(schedule) => return Some(schedule),
        Err(ScheduleError::Form { part, is, help }) => {
            Diagnostic::new(Code::BadSchedule, format!("{} is no schedule", value.called()))
                .at(&value.place_inside(part), format!("this is {is}"))
                .help(help)
        }
        Err(ScheduleError::Never) => {
            Diagnostic::new(Code::NeverFires, format!("{} never comes", value.called()))
                .at(&value.place(), "there is no such day")
                .help("the last day of each month is `L`: 0 0 L * *")
        }
    };
    value.problems().report(finding);
    None
}

/// What events hold, and of what type that is; Knative's spellings are read, too.
fn data(table: &Table<'_>) -> (Bytes, Option<String>) {
    let (plain, encoded) = (table.get("data"), table.get_either("data_base64", "dataBase64"));
    let said = table.get_either("content_type", "contentType");
    let content_type = said.as_ref().and_then(Value::word).map(|said| said.value);
    if let (Some(_), Some(encoded)) = (&plain, &encoded) {
        encoded.refuse::<()>("the only data", "beside `data`", "keep one of them");
    }
    if let Some(encoded) = &encoded {
        let decode =
            |text: &str| STANDARD.decode(text).map(Bytes::from).map_err(|error| format!("not: {error}"));
        let decoded = encoded.parse("base64", "as `base64` prints it", decode);
        return (decoded.map(|data| data.value).unwrap_or_default(), content_type);
    }
    let Some(text) = plain.as_ref().and_then(Value::text) else { return (Bytes::new(), content_type) };
    if text.value.is_empty() {
        return (Bytes::new(), content_type);
    }
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text.value).is_ok();
    if content_type.as_deref() == Some(JSON) && !is_json {
        plain.and_then(|plain| {
            plain.refuse::<()>(
                "JSON, as `content_type` says",
                "not",
                "mend it, or say content_type = \"text/plain\"",
            )
        });
    }
    let found = if is_json { JSON } else { TEXT };
    (text.value.into(), content_type.or_else(|| Some(found.into())))
}
