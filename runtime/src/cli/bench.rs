//! `hydrant bench`: what this machine does, beside its floor.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::exit::Failure;
use super::global::Global;
use super::output;
use crate::bench::{channel, cold, event, filter, idle, order, reload, scan, starts, warm};
use crate::serve;

/// Measure this machine, each figure beside a floor of the same run
#[derive(Debug, Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Events through channels: appended, in over HTTP, and off a backlog on Kafka
    Channel {
        /// Events of each round
        #[arg(long, default_value_t = 50_000)]
        events: usize,
        /// How often each is measured, in turn
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Brokers (HOST:PORT) of a Kafka to measure, too
        #[arg(long)]
        kafka: Option<String>,
    },
    /// The trivial function, on $PORT
    #[command(hide = true)]
    Answer {
        /// What an event takes that does not say so itself
        #[arg(long, default_value_t = 0)]
        takes_ms: u64,
    },
    /// A bare relay, on $PORT
    #[command(hide = true)]
    Relay {
        #[arg(long)]
        to: std::net::SocketAddr,
    },
    /// A bare consumer that posts what it reads
    #[cfg(feature = "kafka")]
    #[command(hide = true)]
    Pump {
        #[arg(long)]
        brokers: String,
        #[arg(long)]
        topic: String,
        #[arg(long)]
        to: std::net::SocketAddr,
    },
    /// Cold starts: of a small web server in each language there is, on fd 3 and on $PORT
    Cold {
        /// A program to start instead; it takes requests on fd 3 (LISTEN_FDS=1), as examples/hello-rust does
        program: Option<PathBuf>,
        /// How often each is measured, in turn
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,
        /// Memory in use meanwhile, as by events that wait (MiB)
        #[arg(long, default_value_t = 0)]
        ballast: usize,
    },
    /// Cold starts of one program: seen from a client, many at once, and behind the walls of each isolation
    Starts {
        /// The program, which takes requests on fd 3 (LISTEN_FDS=1) [default: a small web server]
        program: Option<PathBuf>,
        /// How often each is measured, in turn
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,
        /// Functions that are called at once
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
        crowd: u16,
        /// A folder of cgroup v2 to start processes in, too
        #[arg(long)]
        cgroup: Option<PathBuf>,
    },
    /// Calls and events of a small web server in each language there is, which is awake
    Warm {
        /// How often each is measured, in turn
        #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,
    },
    /// A backlog of events that take their time, in no order and by key; and a fast trigger beside slow ones
    Order {
        /// Events of the backlog
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
        events: u32,
        /// Keys among them
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
        keys: u64,
        /// Slow triggers beside the fast one
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
        slow: u16,
        /// How often each is measured, in turn
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,
    },
    /// From a save to the first answer of the new program, and many saves under load (builds its program with rustc)
    Reload {
        /// How often each is measured, in turn
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,
        /// Saves under load, one after the other
        #[arg(long, default_value_t = 1000)]
        saves: u16,
    },
    /// Finding all functions of a folder when the runtime starts, and what each costs while it sleeps
    Scan {
        /// Functions in the folder
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
        functions: u32,
        /// How often each is measured, in turn
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,
    },
    /// Reading and writing an event in each binding, beside the CloudEvents SDK
    Event,
    /// Matching an event: CESQL expressions, and one event against many triggers
    Filter,
    /// Memory, files and threads of a runtime in which everything sleeps
    Idle {
        /// Numbers of functions to try
        #[arg(long, value_delimiter = ',', default_values_t = [1, 1000])]
        functions: Vec<usize>,
    },
}

impl Bench {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        if self.kind.is_as_served() {
            runtime.worker_threads(serve::threads());
        }
        let runtime = runtime.enable_all().build();
        let runtime = runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
        let report = runtime.block_on(self.kind.measure());
        let (text, json) = report.map_err(|error| Failure::failed(format!("{error:#}")))?;
        if global.is_json() {
            output::json(&json)?
        } else {
            output::data(text)?
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Kind {
    /// Whether a runtime in this process has as many threads as one that runs by itself.
    const fn is_as_served(&self) -> bool {
        matches!(self, Self::Cold { .. } | Self::Starts { .. })
    }

    async fn measure(self) -> anyhow::Result<(String, Value)> {
        match self {
            Self::Channel { events, rounds, kafka } => {
                let report = channel::measure(&channel::Plan { events, rounds, kafka }).await?;
                Ok((report.text(), report.json()))
            }
            Self::Answer { takes_ms } => play(channel::answer::serve(Duration::from_millis(takes_ms)).await),
            Self::Relay { to } => play(channel::relay::serve(to).await),
            #[cfg(feature = "kafka")]
            Self::Pump { brokers, topic, to } => play(channel::pump::run(brokers, topic, to).await),
            Self::Cold { program, rounds, ballast } => {
                let plan = cold::Plan {
                    program: program.as_deref(),
                    rounds: usize::from(rounds),
                    ballast_mib: ballast,
                };
                let report = cold::measure(&plan).await?;
                Ok((report.text(), report.json()))
            }
            Self::Starts { program, rounds, crowd, cgroup } => {
                let plan = starts::Plan {
                    program: program.as_deref(),
                    rounds: usize::from(rounds),
                    crowd: usize::from(crowd),
                    cgroup: cgroup.as_deref(),
                };
                let report = starts::measure(&plan).await?;
                Ok((report.text(), report.json()))
            }
            Self::Warm { rounds } => {
                let report = warm::measure(usize::from(rounds)).await?;
                Ok((report.text(), report.json()))
            }
            Self::Order { events, keys, slow, rounds } => {
                let (events, slow) = (events as usize, usize::from(slow));
                let plan = order::Plan { events, keys, slow, rounds: usize::from(rounds) };
                let report = order::measure(plan).await?;
                Ok((report.text(), report.json()))
            }
            Self::Reload { rounds, saves } => {
                let plan = reload::Plan { rounds: usize::from(rounds), saves: usize::from(saves) };
                let report = reload::measure(&plan).await?;
                Ok((report.text(), report.json()))
            }
            Self::Scan { functions, rounds } => {
                let plan = scan::Plan { functions: functions as usize, rounds: usize::from(rounds) };
                let report = scan::measure(&plan).await?;
                Ok((report.text(), report.json()))
            }
            Self::Event => {
                let report = event::measure_all()?;
                Ok((report.text(), report.json()))
            }
            Self::Filter => {
                let report = filter::measure_all()?;
                Ok((report.text(), report.json()))
            }
            Self::Idle { functions } => {
                let report = idle::measure(&functions).await?;
                Ok((report.text(), report.json()))
            }
        }
    }
}

/// A role has nothing to report: it ends when it fails, or is ended.
fn play(ended: anyhow::Result<()>) -> anyhow::Result<(String, Value)> {
    ended.map(|()| (String::new(), Value::Null))
}
