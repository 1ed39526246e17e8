//! Events through channels: appended, in over HTTP, and off a backlog on Kafka.
//!
//! - [`log`]: appends; [`ingress`]: HTTP to a warm function; [`drain`]: a backlog on Kafka; [`delay`]: a
//!   record on Kafka on its way.
//! - [`answer`], [`relay`], [`pump`]: the roles this binary plays as a process of its own, whose processor time is
//!   measured; [`child`] starts them, [`client`] sends.

pub(crate) mod answer;
pub(super) mod child;
pub(super) mod client;
#[cfg(feature = "kafka")]
mod delay;
#[cfg(feature = "kafka")]
mod drain;
mod ingress;
mod log;
#[cfg(feature = "kafka")]
pub(crate) mod pump;
pub(crate) mod relay;
pub(super) mod seen;

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use activator::event::{Builder, Event};
use serde_json::{Value, json};

use crate::process::Spawner;

/// What to measure.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) events: usize,
    pub(crate) rounds: usize,
    /// Where a Kafka is, if that is to be measured.
    pub(crate) kafka: Option<String>,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Report(Vec<Figure>);

/// One figure: the median of its rounds, and how it stands to its floor.
#[derive(Clone, Debug)]
struct Figure {
    name: String,
    unit: &'static str,
    median: f64,
    /// Nothing for a floor, and for what has none.
    ratio: Option<f64>,
}

/// Measures one after the other.
pub(crate) async fn measure(plan: &Plan) -> anyhow::Result<Report> {
    let spawner = Spawner::start(None)?;
    let mut figures = log::measure(plan.rounds).await?;
    figures.extend(ingress::measure(&spawner, plan.events, plan.rounds).await?);
    if let Some(brokers) = &plan.kafka {
        #[cfg(feature = "kafka")]
        figures.extend(delay::measure(&spawner, brokers, plan.rounds).await?);
        #[cfg(feature = "kafka")]
        figures.extend(drain::measure(&spawner, brokers, plan.events, plan.rounds).await?);
        #[cfg(not(feature = "kafka"))]
        anyhow::bail!("this hydrant was built without Kafka, and cannot measure {brokers}");
    }
    Ok(Report(figures))
}

impl Figure {
    fn floor(name: &str, unit: &'static str, rounds: Vec<f64>) -> Self {
        Self { name: name.to_owned(), unit, median: median(rounds), ratio: None }
    }

    fn beside(name: &str, unit: &'static str, rounds: Vec<f64>, floor: &Self) -> Self {
        let alone = Self::floor(name, unit, rounds);
        Self { ratio: Some(alone.median / floor.median), ..alone }
    }
}

impl Report {
    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let rows = self.0.iter().map(|figure| {
            json!({ "name": figure.name, "unit": figure.unit, "median": figure.median, "ratio": figure.ratio })
        });
        json!({ "bench": "channel", "figures": rows.collect::<Vec<_>>() })
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = "events of 1 KiB through channels\n".to_owned();
        text.push_str("                                                       median            / floor\n");
        for Figure { name, unit, median, ratio } in &self.0 {
            let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:8.2}"));
            writeln!(text, "  {name:48} {median:10.2} {unit:9} {ratio}").expect("a String takes all text");
        }
        text
    }
}

fn median(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_unstable_by(f64::total_cmp);
    rounds.get(rounds.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Microseconds for each of many.
#[expect(clippy::cast_precision_loss, reason = "a few hundred thousand events")]
fn micros_each(time: Duration, events: usize) -> f64 {
    time.as_secs_f64() * 1e6 / events as f64
}

/// Microseconds since 1970, by which an event tells how long it was under way.
fn micros_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// An event of the bench.
fn event(id: usize) -> anyhow::Result<Event> {
    Ok(builder(id)?.build(client::DATA)?)
}

/// An event that says when it was made, microseconds since 1970.
#[cfg(feature = "kafka")]
fn event_made_at(id: usize, micros: u64) -> anyhow::Result<Event> {
    let mut event = builder(id)?;
    event.attribute("madeat", &micros.to_string())?;
    Ok(event.build(client::DATA)?)
}

fn builder(id: usize) -> anyhow::Result<Builder> {
    let mut event = Event::builder();
    for (name, value) in [("id", id.to_string().as_str()), ("source", "/bench"), ("type", "bench.hit")] {
        event.attribute(name, value)?;
    }
    Ok(event)
}

/// A project whose only function is the trivial one, which stays warm and takes the events of the bench.
pub(super) fn function_config() -> anyhow::Result<String> {
    let exe = std::env::current_exe()?;
    Ok(format!(
        "[runtime]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n[function.sink]\nexec = {exe:?}\n\
         args = [\"bench\", \"answer\"]\nmax = 1\nidle = \"10m\"\n"
    ))
}
