//! `hydrant send`: events to a broker, channel, flow or sink, to a function, or to a topic. [`what`] is sent, [`door`] is
//! where to, [`many`] is how a number of them is; what becomes of one is in [`follow`].

mod batch;
mod door;
mod many;
#[cfg(feature = "kafka")]
mod topic;
mod what;

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use activator::event::{Event, http};
use bytes::Bytes;
use clap::Args;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use self::door::{Door, Receipt, To};
use self::what::What;
use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::rate::Rate;
use super::{completions, follow, output};
use crate::history::view::Verdict;

/// Send an event; with --wait, follow it to its end
///
/// What the runtime cannot take at the moment is sent again for half a minute. To a function it is a call, past all triggers,
/// and the exit code is 1 when it fails.
#[derive(Debug, Args)]
#[command(after_help = "\
hydrant send order.created '{\"total\":7}' --wait
hydrant send --raw @order.json                       a whole event, as it is
hydrant send --sample order                          the file samples/order.json
hydrant send --batch orders.jsonl --to channel/orders
hydrant send order.created @big.json --count 10000 --rate 500/s")]
pub(super) struct Send {
    /// What happened, such as com.example.hello; with --raw there is none
    #[arg(value_name = "TYPE", required_unless_present_any = ["raw", "batch", "sample"], conflicts_with = "batch")]
    ty: Option<String>,
    /// The data: a text, @FILE, or - for stdin
    #[arg(conflicts_with_all = ["batch", "sample"])]
    data: Option<String>,
    #[command(flatten)]
    attributes: Attributes,
    /// The data is a whole event in JSON, which is sent as it is
    #[arg(long, conflicts_with_all = ["batch", "sample", "Attributes"])]
    raw: bool,
    /// Send a file of samples/, of the project or of a function in a folder: an event if it is one in JSON, else data
    #[arg(long, value_name = "NAME", conflicts_with = "batch", add = completions::samples())]
    sample: Option<String>,
    /// Send the events of a file, or of stdin for -: one in JSON a line, in this order
    #[arg(long, value_name = "FILE.jsonl", group = "many", conflicts_with = "Attributes")]
    batch: Option<PathBuf>,
    /// Send so many, each with an id of its own unless --id, --raw or the sample says one
    #[arg(long, value_name = "N", group = "many", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// How many in a second: 500/s, 30/m
    #[arg(long, value_name = "COUNT/s", requires = "many")]
    rate: Option<Rate>,
    /// Where to
    #[arg(
        long,
        value_name = "broker/NAME|channel/NAME|sequence/NAME|parallel/NAME|job/NAME|sink/NAME|fn/NAME",
        default_value = "broker/default",
        value_parser = To::parse,
        add = completions::destinations()
    )]
    to: To,
    /// Write to a topic of Kafka, by what runtime.toml says of it and without a running hydrant
    ///
    /// The key is the event's partitionkey, else its subject.
    #[cfg(feature = "kafka")]
    #[arg(long, value_name = "TOPIC", conflicts_with_all = ["to", "wait"])]
    kafka: Option<String>,
    /// Wait until every delivery is over, such as --wait=30s
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "10s",
          value_parser = humantime::parse_duration, conflicts_with = "many")]
    pub(super) wait: Option<Duration>,
}

/// What an event says of itself.
#[derive(Debug, Args)]
struct Attributes {
    /// Who it is from [default: hydrant/send]
    #[arg(short, long)]
    source: Option<String>,
    /// What it is about
    #[arg(long)]
    subject: Option<String>,
    /// A further attribute
    #[arg(short = 'e', long = "extension", value_name = "NAME=VALUE")]
    extensions: Vec<String>,
    /// Its id [default: a new one]
    #[arg(long)]
    id: Option<String>,
}

/// Where the event was stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) channel: String,
    pub(super) partition: u32,
    pub(super) offset: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) verdicts: Option<Vec<Verdict>>,
}

impl Sent {
    /// Says where it is; with `wait`, what becomes of it since it was `started`.
    pub(super) async fn finish(
        self,
        global: &Global,
        daemon: &Daemon,
        started: Instant,
        wait: Option<Duration>,
    ) -> Result<ExitCode, Failure> {
        let Some(wait) = wait else {
            return self.tell(global);
        };
        let followed = follow::follow(daemon, &self, wait).await?;
        let took = started.elapsed();
        follow::tell(global, daemon, self, &followed, (took, wait)).await?;
        Ok(follow::exit(&followed))
    }

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
        let what = self.what(global)?;
        #[cfg(feature = "kafka")]
        if let Some(name) = &self.kafka {
            let mut door = Door::Topic(topic::Topic::open(global, name).await?);
            return match self.is_many() {
                true => many::send(global, &what, door, self.rate).await,
                false => door.send(&what.event(0)?).await?.tell(global),
            };
        }
        self.to_runtime(global, &what).await
    }

    async fn to_runtime(&self, global: &Global, what: &What) -> Result<ExitCode, Failure> {
        if self.wait.is_some() && self.to.is_function() {
            return Err(Failure::usage("a function that is called has answered when the verb ends")
                .help("leave out --wait"));
        }
        let daemon = Daemon::find(global).await?;
        if global.verbose {
            global.talk(&format!("POST http://{}{}", daemon.about().listen, self.to.target()));
        }
        let mut door = Door::ingress(&daemon, &self.to, !global.quiet);
        if self.is_many() {
            return many::send(global, what, door, self.rate).await;
        }
        let started = Instant::now();
        match door.send(&what.event(0)?).await? {
            Receipt::Stored(sent) => sent.finish(global, &daemon, started, self.wait).await,
            receipt => receipt.tell(global),
        }
    }

    fn is_many(&self) -> bool {
        self.batch.is_some() || self.count.is_some()
    }
}

/// Sends an event to the channel of this label.
pub(super) async fn post(daemon: &Daemon, channel: &str, event: &Event) -> Result<Sent, Failure> {
    match Door::ingress(daemon, &To::channel(channel), false).send(event).await? {
        Receipt::Stored(sent) => Ok(sent),
        Receipt::Answered(_) => Err(Failure::failed(format!("{channel} is no channel"))),
    }
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
