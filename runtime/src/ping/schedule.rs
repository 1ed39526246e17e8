//! When a source fires: a cron expression in a time zone, or a pause, as Knative's PingSource has them.

use std::ops::Range;
use std::time::Duration;

use croner::Cron;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{fields, words};
use crate::config::nearest;

/// The short forms, and what they are short for.
const SHORT: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];
const EVERY: &str = "@every";
/// Whatever can come once comes within so many years of this: it is the same whenever somebody asks.
const FROM: i64 = 978_307_200;

const FORMS: &str = "five fields: minute, hour, day of the month, month, day of the week, such as \"0 3 * * *\"; or six, with \
                     the second in front; or @hourly, @daily, @weekly, @monthly, @yearly or @every 10m";

/// The times at which a source fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// As it was written.
    text: String,
    zone: TimeZone,
    times: Times,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Times {
    /// The first time of any.
    Cron(Vec<Cron>),
    /// All that are a multiple of so many seconds since 1970, so that they are the same after every start.
    Every(i64),
}

/// A text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScheduleError {
    /// What is wrong with which bytes of it, and what would be right.
    Form { part: Range<usize>, is: String, help: String },
    /// There is no such day.
    Never,
}

/// The zone of this name, as in `Europe/Berlin`; else the nearest there is.
pub(crate) fn zone(name: &str) -> Result<TimeZone, Option<String>> {
    TimeZone::get(name).map_err(|_| {
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
    })
}

impl Schedule {
    pub(crate) fn new(text: &str, zone: TimeZone) -> Result<Self, ScheduleError> {
        let schedule = Self { text: text.trim().into(), zone, times: read(text)? };
        let from = Timestamp::from_second(FROM).unwrap_or_default();
        if schedule.next(from).is_some() { Ok(schedule) } else { Err(ScheduleError::Never) }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// `Europe/Berlin`.
    pub(crate) fn zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// A moment as it is called where the schedule is.
    pub(crate) fn local(&self, time: Timestamp) -> Zoned {
        time.to_zoned(self.zone.clone())
    }

    /// The first time after this one. None is there twice, and none in between is left out.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        // They are whole seconds.
        let after = Timestamp::from_second(after.as_second()).ok()?;
        match &self.times {
            Times::Cron(crons) => {
                let after = self.local(after);
                let next = |cron: &Cron| Some(cron.find_next_occurrence(&after, false).ok()?.timestamp());
                crons.iter().filter_map(next).min()
            }
            Times::Every(seconds) => {
                let next = (after.as_second().div_euclid(*seconds) + 1) * seconds;
                Timestamp::from_second(next).ok()
            }
        }
    }

    /// For people: `at 03:00 every day (Europe/Berlin)`, or the expression where it cannot be said in a few words.
    pub(crate) fn told(&self) -> String {
        let zone = self.zone();
        match &self.times {
            Times::Every(seconds) => format!("every {:#}", SignedDuration::from_secs(*seconds)),
            Times::Cron(_) => match words::told(long(&self.text)) {
                Some(words) if words.starts_with("every ") => words,
                Some(words) => format!("{words} ({zone})"),
                None => format!("{} ({zone})", self.text),
            },
        }
    }
}

fn read(text: &str) -> Result<Times, ScheduleError> {
    let parts = fields::split(text);
    let whole = parts.first().map_or(0, |first| first.0)..text.trim_end().len();
    let form = |part: Range<usize>, is: String, help: String| Err(ScheduleError::Form { part, is, help });
    match &parts[..] {
        [] => form(0..text.len(), "empty".into(), FORMS.into()),
        [(_, EVERY), rest @ ..] => every(text, whole, rest.first().map(|rest| rest.0)),
        [(_, short)] if short.starts_with('@') => match SHORT.iter().find(|(name, _)| name == short) {
            Some((_, long)) => read(long),
            None => form(whole, "no short form of one".into(), unknown_short(short)),
        },
        [(start, zone), ..] if zone.starts_with("CRON_TZ=") || zone.starts_with("TZ=") => {
            let name = zone.split_once('=').map_or("", |(_, name)| name);
            form(
                *start..start + zone.len(),
                "a time zone".into(),
                format!("timezone = \"{name}\", and no more here"),
            )
        }
        parts if matches!(parts.len(), 5 | 6) => match fields::read(parts) {
            Ok(crons) => Ok(Times::Cron(crons)),
            Err(bad) => {
                let help = format!(
                    "it is {}: a number, `*`, a list (1,15), a range (1-5) or steps (*/15)",
                    bad.takes
                );
                form(bad.part, format!("no {}", bad.name), help)
            }
        },
        parts => form(whole, count(parts.len()), FORMS.into()),
    }
}

fn count(fields: usize) -> String {
    if fields == 1 { "one field".into() } else { format!("{fields} fields") }
}

/// `from` is where the duration begins.
fn every(text: &str, whole: Range<usize>, from: Option<usize>) -> Result<Times, ScheduleError> {
    let help = "whole seconds, such as @every 30s, @every 1h30m";
    let wrong = |is: &str| ScheduleError::Form { part: whole.clone(), is: is.into(), help: help.into() };
    let pause =
        humantime::parse_duration(text[from.unwrap_or(whole.end)..].trim()).map_err(|_| wrong("no pause"))?;
    let seconds = i64::try_from(pause.as_secs()).ok().filter(|seconds| *seconds > 0);
    match seconds {
        Some(seconds) if pause == Duration::from_secs(pause.as_secs()) => Ok(Times::Every(seconds)),
        _ => Err(wrong("no whole seconds")),
    }
}

fn unknown_short(short: &str) -> String {
    match nearest(short, SHORT.iter().map(|(name, _)| *name).chain([EVERY])) {
        Some(near) => format!("did you mean {near}?"),
        None => FORMS.into(),
    }
}

/// What a short form is short for.
fn long(text: &str) -> &str {
    SHORT.iter().find(|(short, _)| *short == text).map_or(text, |(_, long)| long)
}
