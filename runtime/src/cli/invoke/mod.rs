//! `hydrant invoke`: straight to one function, past all triggers: once, or again and again (`bench`).

mod bench;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use activator::event::{Event, http};
use clap::Args;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use serde::Serialize;

use super::daemon::Daemon;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::http::{Answer, Ask, encode};
use super::send::{content_type, header, headers, read_data};
use super::{completions, output, samples};
use crate::admin::{ErrorBody, FunctionView};
use crate::event_id;
use crate::history::view::millis;

/// How long a function may take to go to zero for --cold.
const REAP_WAIT: &str = "30s";
const SOURCE: &str = "hydrant/invoke";

/// Call one function, as a CloudEvent (--type, or data that is one) or as plain HTTP
///
/// Prints the answer, and on stderr how it was come by. Exit code 1 for a status of 400 or more.
#[derive(Debug, Args)]
#[command(after_help = "\
hydrant invoke bill '{\"total\":7}' --time
hydrant invoke bill --sample order            the file samples/order.json
hydrant invoke bill @order.json --bench 10s --concurrency 50")]
pub(super) struct Invoke {
    /// The function
    #[arg(value_name = "FN", add = completions::functions())]
    function: String,
    /// The body: a text, @FILE, or - for stdin
    data: Option<String>,
    /// Send a file of samples/, of the function's folder or of the project, as the body
    #[arg(long, value_name = "NAME", conflicts_with = "data", add = completions::samples())]
    sample: Option<String>,
    /// Send a CloudEvent of this type
    #[arg(short = 't', long = "type", value_name = "TYPE", conflicts_with = "method")]
    ty: Option<String>,
    /// The method [default: GET, or POST with data]
    #[arg(short = 'X', long, value_name = "METHOD")]
    method: Option<Method>,
    /// A further header
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header_line)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The path at the function
    #[arg(short, long, default_value = "/")]
    path: String,
    /// Bring the function to zero first
    #[arg(long)]
    cold: bool,
    /// Say where the time went
    #[arg(long, conflicts_with = "bench")]
    time: bool,
    /// Call it again and again for so long, over connections that are kept, and tell how that went
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    bench: Option<Duration>,
    /// Calls at once
    #[arg(long, value_name = "N", default_value_t = 50, requires = "bench",
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    concurrency: u16,
}

/// `invoke -o json`. Field names are public interface: more may be added, none renamed.
#[derive(Debug, Serialize)]
struct Invoked {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
    cold: bool,
    queue_ms: Option<f64>,
    spawn_ms: Option<f64>,
    run_ms: Option<f64>,
    first_byte_ms: f64,
    total_ms: f64,
    revision: Option<String>,
}

impl Invoke {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let ask = self.ask(global)?;
        let daemon = Daemon::find(global).await?;
        if self.cold {
            reap(&daemon, &self.function).await?;
        }
        if let Some(time) = self.bench {
            self.config_is_no_number(global)?;
            return bench::bench(global, &daemon, &ask, (time, self.concurrency)).await;
        }
        let answer = daemon.send(ask).await?;
        let invoked = Invoked::from(&answer);
        if global.is_json() {
            output::json(&invoked)?;
        } else if let Some(refusal) = refusal(&answer) {
            return Err(refusal);
        } else {
            output::data(&answer.body)?;
            self.talk(global, &invoked, &answer);
        }
        let failed = answer.status.is_client_error() || answer.status.is_server_error();
        Ok(if failed { Exit::Failed.into() } else { ExitCode::SUCCESS })
    }

    /// Other tools of this kind have -c for what is --concurrency here.
    fn config_is_no_number(&self, global: &Global) -> Result<(), Failure> {
        let file = global.config()?;
        let name = file.as_deref().and_then(|file| file.file_name()?.to_str());
        match name.and_then(|name| name.parse::<u16>().ok()) {
            None => Ok(()),
            Some(number) => Err(Failure::usage(format!("-c {number} names a configuration file"))
                .help(format!("--concurrency {number} says how many calls there are at once"))),
        }
    }

    fn ask(&self, global: &Global) -> Result<Ask, Failure> {
        let body = match &self.sample {
            Some(name) => Some(samples::find(global, name, Some(&self.function))?.data()?),
            None => self.data.as_deref().map(read_data).transpose()?,
        };
        let default = if body.is_some() || self.ty.is_some() { Method::POST } else { Method::GET };
        let target = format!("/fn/{}/{}", encode(&self.function), self.path.trim_start_matches('/'));
        let mut ask = Ask::new(self.method.clone().unwrap_or(default), target);
        ask.body = body.unwrap_or_default();
        ask.headers = match &self.ty {
            Some(ty) => headers(&event(ty, &ask.body)?)?,
            None if ask.body.is_empty() => Vec::new(),
            None => vec![(CONTENT_TYPE, HeaderValue::from_static(media_type(&ask.body)))],
        };
        // What the user says wins over what we would say.
        ask.headers.retain(|(name, _)| !self.headers.iter().any(|(given, _)| given == name));
        ask.headers.extend(self.headers.iter().cloned());
        Ok(ask)
    }

    fn talk(&self, global: &Global, invoked: &Invoked, answer: &Answer) {
        if !answer.body.is_empty() && !answer.body.ends_with(b"\n") {
            global.talk("");
        }
        if global.verbose {
            invoked.headers.iter().for_each(|(name, value)| global.talk(&format!("{name}: {value}")));
        }
        global.talk(&invoked.line());
        if self.time {
            global.talk(&invoked.times());
        }
    }
}

/// What hydrant itself says to a call that came to no function.
fn refusal(answer: &Answer) -> Option<Failure> {
    let is_of_function = answer.headers.contains_key("hydrant-revision") || answer.status.as_u16() < 400;
    let said: ErrorBody = serde_json::from_slice(&answer.body).ok().filter(|_| !is_of_function)?;
    Some(Failure::failed(format!("{}: {}", answer.status, said.message)).help(said.help))
}

/// An event that is made for this call alone.
fn event(ty: &str, data: &bytes::Bytes) -> Result<Event, Failure> {
    let id = event_id::new().map_err(|error| Failure::failed(format!("/dev/urandom: {error}")))?;
    let mut event = Event::builder();
    let mut attributes = vec![("id", &*id), ("source", SOURCE), ("type", ty)];
    if !data.is_empty() {
        attributes.push(("datacontenttype", content_type(data)));
    }
    for (name, value) in attributes {
        event.attribute(name, value).map_err(|error| Failure::usage(error.to_string()))?;
    }
    event.build(data.clone()).map_err(|error| Failure::usage(error.to_string()))
}

/// A body that is an event already says so.
fn media_type(body: &bytes::Bytes) -> &'static str {
    match activator::event::json::decode(body) {
        Ok(_) => http::STRUCTURED,
        Err(_) => content_type(body),
    }
}

async fn reap(daemon: &Daemon, function: &str) -> Result<(), Failure> {
    let target = format!("/api/v1/functions/{}/reap?wait={REAP_WAIT}", encode(function));
    let left: FunctionView = daemon.ask(Method::POST, &target).await??;
    if left.instances > 0 {
        let message =
            format!("{function} did not come to zero in {REAP_WAIT}: it has {} in flight", left.in_flight);
        return Err(Failure::new(Exit::Timeout, message));
    }
    Ok(())
}

fn header_line(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write NAME: VALUE")?;
    let name = name.trim().parse().map_err(|_| format!("{name:?} is no header name"))?;
    let value = value.trim().parse().map_err(|_| format!("{value:?} is no header value"))?;
    Ok((name, value))
}

impl From<&Answer> for Invoked {
    fn from(answer: &Answer) -> Self {
        let timing = header(&answer.headers, "server-timing").unwrap_or_default();
        Self {
            status: answer.status.as_u16(),
            headers: joined(&answer.headers),
            body: String::from_utf8_lossy(&answer.body).into_owned(),
            cold: header(&answer.headers, "hydrant-cold") == Some("1"),
            queue_ms: server_timing(timing, "queue"),
            spawn_ms: server_timing(timing, "spawn"),
            run_ms: server_timing(timing, "run"),
            first_byte_ms: millis(answer.first_byte),
            total_ms: millis(answer.total),
            revision: header(&answer.headers, "hydrant-revision").map(Into::into),
        }
    }
}

impl Invoked {
    /// `200  cold  8.4 ms  r2`.
    fn line(&self) -> String {
        let temperature = if self.cold { "cold" } else { "warm" };
        let revision = self.revision.as_ref().map_or_else(String::new, |revision| format!("  {revision}"));
        let status = StatusCode::from_u16(self.status).ok();
        let reason =
            status.filter(|status| status.as_u16() >= 400).and_then(|status| status.canonical_reason());
        let reason = reason.map_or_else(String::new, |reason| format!(" {reason}"));
        format!("{}{reason}  {temperature}  {}{revision}", self.status, output::time(self.total_ms))
    }

    /// `queue 0.1 ms  spawn 6.0 ms  run 1.9 ms  first byte 8.3 ms`.
    fn times(&self) -> String {
        let parts = [("queue", self.queue_ms), ("spawn", self.spawn_ms), ("run", self.run_ms)];
        let parts = parts.into_iter().chain([("first byte", Some(self.first_byte_ms))]);
        let told = parts.filter_map(|(name, ms)| Some(format!("{name} {}", output::time(ms?))));
        told.collect::<Vec<_>>().join("  ")
    }
}

fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let known = all.entry(name.as_str().into()).or_default();
        if !known.is_empty() {
            known.push_str(", ");
        }
        known.push_str(&value);
    }
    all
}

/// The duration of one metric in `queue;dur=0.1, spawn;dur=5.9`.
fn server_timing(header: &str, metric: &str) -> Option<f64> {
    let mut metrics = header.split(',').map(|entry| entry.split(';').map(str::trim));
    let mut parameters = metrics.find_map(|mut entry| (entry.next()? == metric).then_some(entry))?;
    parameters.find_map(|parameter| parameter.strip_prefix("dur=")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_timing_is_read_by_metric() {
        let header = "queue;dur=0.25, spawn;desc=\"x\";dur=5.9, run;dur=1";
        let read = |metric| server_timing(header, metric);
        assert_eq!([read("queue"), read("spawn"), read("run")], [Some(0.25), Some(5.9), Some(1.0)]);
        assert_eq!(read("total"), None);
        assert_eq!(server_timing("", "run"), None);
    }

    #[test]
    fn a_body_that_is_an_event_is_sent_as_one() {
        let of = |body: &'static str| media_type(&body.into());
        assert_eq!(of(r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#), http::STRUCTURED);
        assert_eq!(of("{\"a\":1}"), "application/json");
        assert_eq!(of("hello"), "text/plain");
    }

    #[test]
    fn a_header_is_a_name_and_a_value() {
        assert_eq!(header_line("X-A:  b:c ").unwrap().1, "b:c");
        assert!(header_line("no colon").is_err());
        assert!(header_line("bad name: x").is_err());
    }
}
