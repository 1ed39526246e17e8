//! `hydrant version`: what this is, and with -v what it was built with and what runs here.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::output;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Say the version; with -v also the build and the runtime of this project
#[derive(Debug, Args)]
pub(super) struct Version {}

impl Version {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        if !global.verbose && !global.is_json() {
            output::data(format!("hydrant {VERSION}\n"))?;
            return Ok(ExitCode::SUCCESS);
        }
        // That none runs is an answer, too.
        let running = Daemon::find(global).await.ok();
        let about = running.as_ref().map(Daemon::about);
        let kafka = cfg!(feature = "kafka");
        let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
        if global.is_json() {
            let object = json!({"version": VERSION, "target": target, "kafka": kafka, "running": about});
            output::json(&object)?;
            return Ok(ExitCode::SUCCESS);
        }
        let kafka = if kafka { "built in" } else { "left out of this build" };
        let mut text = format!("hydrant {VERSION}\n  target   {target}\n  kafka    {kafka}\n");
        text += &match about {
            None => "  running  no\n".to_string(),
            Some(about) => format!(
                "  running  {} (pid {})\n  events   http://{}\n  admin    http://{}\n  socket   {}\n",
                about.version,
                about.pid,
                about.listen,
                about.admin,
                about.socket.display(),
            ),
        };
        output::data(text)?;
        Ok(ExitCode::SUCCESS)
    }
}
