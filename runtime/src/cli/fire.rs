//! `hydrant fire`: a source fires now: by the clock, at a URL or of a folder.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use hyper::Method;
use serde::Deserialize;

use super::completions;
use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::http::encode;
use super::send::Sent;

/// Fire a source now; with --wait, follow its events to their end
///
/// The event of a ping source is as those of its schedule are, with an id of its own. The schedule goes on as if nothing had
/// been. An http-poll source asks its URL, and does so next as long after this as after any other time. A file-watch source
/// looks at its folder. Where those find nothing new, there is no event.
#[derive(Debug, Args)]
pub(super) struct Fire {
    /// The source, of type ping, http-poll or file-watch
    #[arg(add = completions::firing())]
    source: String,
    /// Wait until every delivery is over, such as --wait=30s
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "10s",
          value_parser = humantime::parse_duration)]
    wait: Option<Duration>,
}

/// What came of it.
#[derive(Deserialize)]
struct Fired {
    events: Vec<Sent>,
}

impl Fire {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let daemon = Daemon::find(global).await?;
        let started = Instant::now();
        let target = format!("/api/v1/sources/{}/fire", encode(&self.source));
        let Fired { events } = daemon.ask(Method::POST, &target).await??;
        if events.is_empty() {
            global.talk(&format!("{}: nothing new", self.source));
        }
        let mut exit = ExitCode::SUCCESS;
        for sent in events {
            let code = sent.finish(global, &daemon, started, self.wait).await?;
            // The first that went wrong is the one to look at.
            if exit == ExitCode::SUCCESS {
                exit = code;
            }
        }
        Ok(exit)
    }
}
