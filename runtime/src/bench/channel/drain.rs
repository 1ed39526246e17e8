//! A backlog on Kafka through the runtime, beside a lean pump: the processor time of each process for an event.

use std::fmt::Write as _;

use anyhow::{Context, bail};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::child::Role;
use super::seen::{seen, wait_for};
use super::{Figure, micros_each};
use crate::bench::scratch::Scratch;
use crate::channel::{
    Channel, CreateTopic, KafkaSpec, Mode, Opened, Records, Retention, Security, Spec, Start, no_subscribers,
};
use crate::process::Spawner;

/// How many triggers there are, of which one matches.
const TRIGGERS: [usize; 3] = [1, 100, 10_000];
/// Appends under way while a topic is filled.
const APPENDS: usize = 1_000;

/// The figures: the pump, and the runtime with so many triggers.
pub(super) async fn measure(
    spawner: &Spawner,
    brokers: &str,
    events: usize,
    rounds: usize,
) -> anyhow::Result<Vec<Figure>> {
    let (mut pump, mut pump_gaps) = (Vec::new(), Vec::new());
    let mut drains = vec![Vec::new(); TRIGGERS.len()];
    let mut gaps = vec![Vec::new(); TRIGGERS.len()];
    for round in 0..rounds {
        let topics =
            TRIGGERS.map(|triggers| format!("hydrant-bench-{}-{round}-{triggers}", std::process::id()));
        // All before any is read: Kafka writes for a while after it was written to, and that would cost the next one.
        for topic in &topics {
            fill(brokers, topic, events).await?;
        }
        let (each, gap) = pumped(spawner, brokers, &topics[0], events).await?;
        pump.push(each);
        pump_gaps.push(gap);
        // Each is the first in turn: what comes later finds the machine otherwise.
        for at in (0..TRIGGERS.len()).map(|at| (at + round) % TRIGGERS.len()) {
            let (each, gap) = drained(spawner, brokers, &topics[at], events, TRIGGERS[at]).await?;
            drains[at].push(each);
            gaps[at].push(gap);
        }
    }
    let floor = Figure::floor("pump: bare rdkafka consumer -> hyper", "us/event", pump);
    let gap = Figure::floor("longest gap between deliveries, pump", "ms", pump_gaps);
    let mut figures = vec![floor.clone(), gap];
    for (at, triggers) in TRIGGERS.iter().enumerate() {
        let name = format!("runtime, {triggers} triggers of which one matches");
        figures.push(Figure::beside(&name, "us/event", std::mem::take(&mut drains[at]), &floor));
        let name = format!("longest gap between deliveries, {triggers} triggers");
        figures.push(Figure::floor(&name, "ms", std::mem::take(&mut gaps[at])));
    }
    Ok(figures)
}

/// A new topic with one partition.
pub(super) async fn open(brokers: &str, topic: &str) -> anyhow::Result<Channel> {
    let spec = KafkaSpec {
        brokers: brokers.split(',').map(str::to_owned).collect(),
        topic: topic.to_owned(),
        group: format!("hydrant-{topic}-filler"),
        create: Some(CreateTopic { partitions: 1, replication: 1, retention: Retention::default() }),
        start: Start::Earliest,
        records: Records { source: "/bench".to_owned(), ..Records::default() },
        mode: Mode::Own,
        mirror: false,
        transactions: false,
        marks: None,
        security: Security::default(),
        options: Vec::new(),
    };
    let Opened { channel, .. } = Channel::open(&Spec::Kafka(spec.into()), no_subscribers()).await?;
    Ok(channel)
}

/// A project whose trigger takes what is on the topic; its filter may follow.
pub(super) fn config(brokers: &str, topic: &str) -> anyhow::Result<String> {
    let mut config = super::function_config()?;
    write!(config, "[kafka]\nbrokers = [\"{brokers}\"]\n[broker.default]\nclass = \"kafka\"\n")?;
    writeln!(config, "kafka = {{ topic = \"{topic}\" }}\n[trigger.hit]\nto = \"fn/sink\"")?;
    Ok(config)
}

/// Puts the backlog on a new topic.
async fn fill(brokers: &str, topic: &str, events: usize) -> anyhow::Result<()> {
    let channel = open(brokers, topic).await?;
    let mut under_way = FuturesUnordered::new();
    for id in 0..events {
        if under_way.len() >= APPENDS {
            under_way.next().await.context("something is under way")??;
        }
        under_way.push(channel.append(super::event(id)?));
    }
    while let Some(appended) = under_way.next().await {
        appended?;
    }
    Ok(())
}

/// The processor time for an event, and the longest gap between two, ms.
async fn pumped(spawner: &Spawner, brokers: &str, topic: &str, events: usize) -> anyhow::Result<(f64, f64)> {
    let scratch = Scratch::new("pump")?;
    let answer = Role::start(spawner, &["bench".into(), "answer".into()], scratch.path()).await?;
    let to = answer.address.to_string();
    let args = ["bench", "pump", "--brokers", brokers, "--topic", topic, "--to", &to].map(str::to_owned);
    let pump = Role::silent(spawner, &args, scratch.path()).await?;
    let count = async || seen(answer.address, "/count").await.is_ok_and(|seen| seen["events"] == events);
    pump.wait_until("the pump has posted all", count).await?;
    let each = micros_each(pump.cpu()?, events);
    let seen = seen(answer.address, "/count").await?;
    pump.stop().await;
    answer.stop().await;
    Ok((each, gap(&seen)?))
}

async fn drained(
    spawner: &Spawner,
    brokers: &str,
    topic: &str,
    events: usize,
    triggers: usize,
) -> anyhow::Result<(f64, f64)> {
    let scratch = Scratch::new("drain")?;
    let mut config = config(brokers, topic)?;
    writeln!(config, "filter = {{ exact = {{ type = \"bench.hit\" }} }}")?;
    for other in 1..triggers {
        writeln!(config, "[trigger.t{other}]\nto = \"fn/sink\"")?;
        writeln!(config, "filter = {{ exact = {{ type = \"bench.other{other}\" }} }}")?;
    }
    scratch.write("runtime.toml", &config)?;
    let runtime = Role::runtime(spawner, scratch.path()).await?;
    wait_for(&runtime, events).await?;
    let each = micros_each(runtime.cpu()?, events);
    let seen = seen(runtime.address, "/fn/sink/count").await?;
    if seen["events"] != events {
        bail!("{} deliveries of {events} events", seen["events"]);
    }
    runtime.stop().await;
    Ok((each, gap(&seen)?))
}

fn gap(seen: &serde_json::Value) -> anyhow::Result<f64> {
    Ok(seen["longest_gap_us"].as_f64().context("it tells its gaps")? / 1000.0)
}
