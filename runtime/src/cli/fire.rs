//! `hydrant fire`: a source of type ping or http-poll fires now, whatever its schedule says.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use hyper::Method;

use super::completions;
use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::http::encode;
use super::send::Sent;

/// Fire a ping source now, or ask an http-poll source's URL; with --wait, follow its event to its end
///
/// The event of a ping source is as those of its schedule are, with an id of its own. The schedule goes on as if nothing had
/// been. A URL that has nothing new makes no event, and is asked next as long after this as after any other time.
#[derive(Debug, Args)]
pub(super) struct Fire {
    /// The source, of type ping or http-poll
    #[arg(add = completions::firing())]
    source: String,
    /// Wait until every delivery is over, such as --wait=30s
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "10s",
          value_parser = humantime::parse_duration)]
    wait: Option<Duration>,
}

impl Fire {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let daemon = Daemon::find(global).await?;
        let started = Instant::now();
        let target = format!("/api/v1/sources/{}/fire", encode(&self.source));
        let sent: Option<Sent> = daemon.ask(Method::POST, &target).await??;
        let Some(sent) = sent else {
            global.talk(&format!("{}: nothing new at its URL", self.source));
            return Ok(ExitCode::SUCCESS);
        };
        sent.finish(global, &daemon, started, self.wait).await
    }
}
