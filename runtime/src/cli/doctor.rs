//! `hydrant doctor`: what this machine offers, and what it would take to have the rest.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::net::TcpStream;

use super::exit::Failure;
use super::global::Global;
use super::output;
use crate::config::Loader;
use crate::process::{Offer, is_written_to, offers};

/// Say what this machine offers, and what it would take to have the rest
#[derive(Debug, Args)]
pub(super) struct Doctor {}

/// How long a broker of Kafka may take to be reached.
const REACH: Duration = Duration::from_secs(2);

impl Doctor {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let mut all = offers();
        for broker in brokers(global)? {
            all.push(reach(&broker).await);
        }
        for offer in &all {
            match global.is_json() {
                true => output::json(&json!({
                    "what": offer.what, "is": offer.is, "says": offer.says, "help": offer.help,
                }))?,
                false => output::data(text(offer))?,
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Those of the project's configuration, if it has one that can be read.
fn brokers(global: &Global) -> Result<Vec<String>, Failure> {
    let project = global.project(None)?;
    let loader = Loader::new(&project, global.config()?.as_deref(), global.overrides()?, is_written_to);
    let resolved = loader.ok().and_then(|mut loader| loader.load().resolved);
    let channels = resolved.iter().flat_map(|resolved| resolved.channels.values());
    let mut brokers: Vec<String> = channels.flat_map(|named| named.spec.brokers()).cloned().collect();
    brokers.sort_unstable();
    brokers.dedup();
    Ok(brokers)
}

async fn reach(broker: &str) -> Offer {
    let reached = tokio::time::timeout(REACH, TcpStream::connect(broker)).await;
    let (is, says) = match reached {
        Ok(Ok(_)) => (true, format!("{broker} takes connections")),
        Ok(Err(error)) => (false, format!("{broker}: {error}")),
        Err(_) => (false, format!("{broker} does not answer within {REACH:?}")),
    };
    let help = (!is).then(|| "is it started, and its address right? [kafka] brokers".to_owned());
    Offer { what: "kafka", is, says, help }
}

fn text(offer: &Offer) -> String {
    let is = if offer.is { "yes" } else { "no" };
    let mut text = format!("{:10}  {is:3}  {}\n", offer.what, offer.says);
    if let Some(help) = &offer.help {
        text += &format!("{:17}{help}\n", "");
    }
    text
}
