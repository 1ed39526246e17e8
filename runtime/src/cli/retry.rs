//! `hydrant retry`: what failed at a trigger is tried now.

use std::process::ExitCode;

use clap::Args;
use hyper::Method;

use super::completions;
use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::output;
use crate::admin::Retry as Asked;

/// Try at once what a trigger holds, and what waits for its next attempt there
///
/// The attempts of what is held begin anew. Dead letters are sent again by `dlq retry`.
#[derive(Debug, Args)]
pub(super) struct Retry {
    /// Triggers, subscriptions or sources
    #[arg(required = true, add = completions::triggers())]
    names: Vec<String>,
}

impl Retry {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let daemon = Daemon::find(global).await?;
        for trigger in self.names {
            let done: Asked = daemon.ask_with(Method::POST, "/api/v1/retry", &Asked { trigger }).await??;
            if global.is_json() {
                output::json(&done)?;
            } else {
                global.talk(&format!("what failed at {} is tried now", done.trigger));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
