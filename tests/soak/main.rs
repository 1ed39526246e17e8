//! A soak: minutes of events, while hydrant and its Kafka are killed again and again. Nothing acknowledged may be
//! lost, what comes twice is bounded, and what is to come in order does. It takes long, so it runs only when asked for:
//!
//!     cargo test --bench soak -- --minutes 20 [--kind durable|kafka|source|order|order-kafka]

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]
#![expect(clippy::unwrap_used, reason = "a soak that cannot go on fails where it stands")]

mod figures;
mod kafka_kills;
mod load;
mod order;
mod run;

#[path = "../end_to_end/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the end-to-end tests use what is not used here")]
mod support;

use std::process::ExitCode;
use std::time::Duration;

use run::Kind;

/// For each kind, when nobody says.
const MINUTES: f64 = 5.0;
const KINDS: [Kind; 5] = [Kind::Durable, Kind::Kafka, Kind::Source, Kind::Order, Kind::OrderKafka];

fn main() -> ExitCode {
    let (lasts, kinds) = match asked(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(wrong) => {
            println!(
                "{wrong}: cargo test --bench soak -- --minutes 20 [--kind durable|kafka|source|order|order-kafka]"
            );
            return ExitCode::from(2);
        }
    };
    let mut passed = true;
    for kind in kinds {
        match support::kafka::missing().filter(|_| kind.needs_kafka()) {
            Some(missing) => {
                println!("{}: not run, there is {missing}", kind.name());
                passed = false;
            }
            None => passed &= run::run(kind, lasts),
        }
    }
    support::kafka::stop();
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How long each kind is to run, and which.
fn asked(mut arguments: impl Iterator<Item = String>) -> Result<(Duration, Vec<Kind>), String> {
    let (mut minutes, mut kinds) = (MINUTES, KINDS.to_vec());
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("nothing behind {argument}"))?;
        match argument.as_str() {
            "--minutes" => minutes = value.parse().map_err(|error| format!("--minutes {value}: {error}"))?,
            "--kind" => kinds.retain(|kind| kind.name() == value),
            _ => return Err(format!("{argument} is not known")),
        }
    }
    let lasts = Duration::try_from_secs_f64(minutes * 60.0).map_err(|error| error.to_string())?;
    if kinds.is_empty() { Err("no such kind".into()) } else { Ok((lasts, kinds)) }
}
