//! `hydrant send`: one event to a broker, channel, flow or sink. What becomes of it is in [`follow`].

use std::io::Read;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use activator::event::{Event, http};
use bytes::Bytes;
use clap::Args;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use serde::Serialize;

use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::http::{Ask, encode};
use super::{completions, event_id, follow, output};
use crate::config::resolved::ChannelKind;
use crate::history::view::Verdict;

/// Send an event; with --wait, follow it to its end
#[derive(Debug, Args)]
pub(super) struct Send {
    /// What happened, such as com.example.hello
    #[arg(value_name = "TYPE")]
    ty: String,
    /// The data: a text, @FILE, or - for stdin
    data: Option<String>,
    /// Who it is from
    #[arg(short, long, default_value = "hydrant/send")]
    source: String,
    /// What it is about
    #[arg(long)]
    subject: Option<String>,
    /// A further attribute
    #[arg(short = 'e', long = "extension", value_name = "NAME=VALUE")]
    extensions: Vec<String>,
    /// Its id [default: a new one]
    #[arg(long)]
    id: Option<String>,
    /// Where to
    #[arg(
        long,
        value_name = "broker/NAME|channel/NAME|sequence/NAME|parallel/NAME|job/NAME|sink/NAME",
        default_value = "broker/default",
        add = completions::channels()
    )]
    to: String,
    /// Wait until every delivery is over, such as --wait=30s
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "10s",
          value_parser = humantime::parse_duration)]
    pub(super) wait: Option<Duration>,
}

/// Where the ingress stored the event.
#[derive(Debug, Serialize)]
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) channel: String,
    pub(super) partition: u32,
    pub(super) offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdicts: Option<Vec<Verdict>>,
}

impl Sent {
    fn tell(&self, global: &Global) -> Result<ExitCode, Failure> {
        if global.is_json() {
            output::json(self)?;
        } else {
            output::data(format!("{}\n", self.id))?;
            let place = format!("partition {}, offset {}", self.partition, self.offset);
            global.talk(&format!("accepted by {} ({place})", self.channel.replacen('/', " ", 1)));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Send {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let (event, target) = (self.event()?, self.target()?);
        let daemon = Daemon::find(global).await?;
        if global.verbose {
            global.talk(&format!("POST http://{}{target}", daemon.about().listen));
        }
        let started = Instant::now();
        let sent = self.post(&daemon, target, &event).await?;
        let Some(wait) = self.wait else {
            return sent.tell(global);
        };
        let followed = follow::follow(&daemon, &sent, wait).await?;
        let took = started.elapsed();
        follow::tell(global, &daemon, sent, &followed, (took, wait)).await?;
        Ok(follow::exit(&followed))
    }

    fn event(&self) -> Result<Event, Failure> {
        let id = match &self.id {
            Some(id) => id.clone(),
            None => event_id::new().map_err(|error| Failure::failed(format!("/dev/urandom: {error}")))?,
        };
        let data = self.data.as_deref().map_or_else(|| Ok(Bytes::new()), read_data)?;
        let mut attributes = vec![("id", &*id), ("source", &self.source), ("type", &self.ty)];
        attributes.extend(self.subject.as_deref().map(|subject| ("subject", subject)));
        for extension in &self.extensions {
            let pair = extension.split_once('=');
            attributes.push(pair.ok_or_else(|| Failure::usage(format!("-e {extension} is not NAME=VALUE")))?);
        }
        if !data.is_empty() && !attributes.iter().any(|(name, _)| *name == "datacontenttype") {
            attributes.push(("datacontenttype", content_type(&data)));
        }
        build(&attributes, data).map_err(|error| Failure::usage(format!("this is no event: {error}")))
    }

    async fn post(&self, daemon: &Daemon, target: String, event: &Event) -> Result<Sent, Failure> {
        let mut ask = Ask::new(Method::POST, target);
        ask.headers = headers(event)?;
        ask.body = event.data().clone();
        let answer = daemon.send(ask).await?;
        if answer.status != StatusCode::ACCEPTED {
            let reason = String::from_utf8_lossy(&answer.body);
            let message = format!("{} was refused with {}: {}", self.to, answer.status, reason.trim());
            return Err(Failure::failed(message).help("hydrant check shows what the configuration has"));
        }
        Ok(Sent {
            id: event.id().into(),
            channel: header(&answer.headers, "hydrant-channel").unwrap_or(&self.to).into(),
            partition: number(&answer.headers, "hydrant-partition")?,
            offset: number(&answer.headers, "hydrant-offset")?,
            verdicts: None,
        })
    }

    fn target(&self) -> Result<String, Failure> {
        let named = self.to.split_once('/').filter(|(kind, name)| {
            ChannelKind::addressed(kind).is_some() && !name.is_empty() && !name.contains('/')
        });
        let (kind, name) = named.ok_or_else(|| {
            Failure::usage(format!("--to {} is no place for events", self.to))
                .help("write broker/NAME, channel/NAME, sequence/NAME, parallel/NAME, job/NAME or sink/NAME")
        })?;
        Ok(format!("/{kind}/{}", encode(name)))
    }
}

fn build(attributes: &[(&str, &str)], data: Bytes) -> Result<Event, activator::event::EventError> {
    let mut event = Event::builder();
    for (name, value) in attributes {
        event.attribute(name, value)?;
    }
    event.build(data)
}

/// A text itself, the file behind `@`, or stdin for `-`.
pub(super) fn read_data(data: &str) -> Result<Bytes, Failure> {
    let unreadable = |error| Failure::usage(format!("cannot read {data}: {error}"));
    if data == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(unreadable)?;
        return Ok(bytes.into());
    }
    match data.strip_prefix('@') {
        Some(file) => std::fs::read(file).map(Into::into).map_err(unreadable),
        None => Ok(Bytes::copy_from_slice(data.as_bytes())),
    }
}

pub(super) fn content_type(data: &[u8]) -> &'static str {
    match serde_json::from_slice::<serde::de::IgnoredAny>(data) {
        Ok(_) => "application/json",
        Err(_) => "text/plain",
    }
}

/// The event in binary mode.
pub(super) fn headers(event: &Event) -> Result<Vec<(HeaderName, HeaderValue)>, Failure> {
    let mut headers = Vec::new();
    let mut wrong = None;
    http::encode_binary(event, |name, value| match (name.parse(), HeaderValue::from_bytes(value)) {
        (Ok(name), Ok(value)) => headers.push((name, value)),
        _ => wrong = Some(name.to_owned()),
    });
    match wrong {
        None => Ok(headers),
        Some(name) => Err(Failure::usage(format!("{name} cannot be sent as a header"))),
    }
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Result<T, Failure> {
    let number = header(headers, name).and_then(|text| text.parse().ok());
    number.ok_or_else(|| Failure::failed(format!("the answer lacks {name}: is that a hydrant?")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;

    fn send(arguments: &[&str]) -> Send {
        #[derive(clap::Parser)]
        struct Only {
            #[command(flatten)]
            send: Send,
        }
        <Only as clap::Parser>::parse_from(["send", "com.example.hello"].iter().chain(arguments)).send
    }

    #[test]
    fn an_event_is_made_of_flags() {
        let event =
            send(&["{\"a\":1}", "-s", "/shop", "--subject", "o-1", "-e", "region=eu"]).event().unwrap();
        let attributes =
            ["type", "source", "subject", "region", "datacontenttype"].map(|name| event.get(name));
        let expected = ["com.example.hello", "/shop", "o-1", "eu", "application/json"];
        assert_eq!(attributes, expected.map(Some));
        assert_eq!((event.id().len(), &event.data()[..]), (26, &b"{\"a\":1}"[..]));
        let plain = send(&["hello", "--id", "7"]).event().unwrap();
        assert_eq!((plain.id(), plain.source()), ("7", "hydrant/send"));
        assert_eq!(plain.get("datacontenttype"), Some("text/plain"));
        assert_eq!(send(&[]).event().unwrap().get("datacontenttype"), None, "no data, no type of it");
    }

    #[test]
    fn what_is_no_event_is_refused_before_it_is_sent() {
        for arguments in [&["-e", "region"][..], &["-e", "Region=eu"], &["-e", "id=2"], &["-s", ""]] {
            assert_eq!(send(arguments).event().unwrap_err().exit, Exit::Usage, "{arguments:?}");
        }
    }

    #[test]
    fn only_brokers_channels_flows_and_sinks_take_events() {
        assert_eq!(send(&["--to", "channel/orders"]).target().unwrap(), "/channel/orders");
        assert_eq!(send(&["--to", "sequence/ship.2"]).target().unwrap(), "/sequence/ship.2");
        assert_eq!(send(&["--to", "sink/audit"]).target().unwrap(), "/sink/audit");
        for to in ["orders", "fn/bill", "broker/", "broker/a/b", "broker/../admin"] {
            assert_eq!(send(&["--to", to]).target().unwrap_err().exit, Exit::Usage, "{to}");
        }
    }
}
