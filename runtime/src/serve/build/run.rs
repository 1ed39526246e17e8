//! One run of a build's command: what it prints is told as its function's, and what it printed last when it fails.

use crate::config::resolved::Build;
use crate::process::{Collector, Command, Exit, Isolation, Line, Lines, OutputListener, Spawner, Stream};

/// Lines that are told again of a build that failed.
const LAST_LINES: usize = 12;

/// Runs it to its end.
///
/// # Errors
/// When it did not succeed; for people.
pub(super) async fn run(build: &Build, function: &str, spawner: &Spawner) -> Result<(), String> {
    let mut child = spawner.spawn(command(build)).await.map_err(|error| error.to_string())?;
    let lines = Lines::default();
    let pipes = [(Stream::Stdout, child.stdout.take()), (Stream::Stderr, child.stderr.take())];
    let pipes = pipes.into_iter().filter_map(|(stream, pipe)| Some((stream, pipe?)));
    let collector = Collector::start(pipes, &lines, Output { function: function.to_owned() });
    let exit = child.wait().await;
    collector.finish().await;
    if exit.is_success() { Ok(()) } else { Err(why(exit, &lines)) }
}

/// The developer's own tools find what they need in his environment.
fn command(build: &Build) -> Command {
    let env = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Command {
        args: vec!["-c".into(), build.command.clone()],
        env: env.collect(),
        dir: build.dir.clone(),
        isolation: Isolation::None,
        ..Command::of("/bin/sh")
    }
}

fn why(exit: Exit, lines: &Lines) -> String {
    let said = lines.last(LAST_LINES).into_iter().map(|line| format!("\n  | {line}"));
    format!("{exit}{}", said.collect::<String>())
}

struct Output {
    function: String,
}

impl OutputListener for Output {
    fn instance(&self) -> u32 {
        0
    }

    fn clean(&self, text: String) -> String {
        text
    }

    fn line(&self, line: &Line) {
        tracing::info!(target: "build", function = %self.function, "build | {line}");
    }

    fn left_out(&self, lines: u64) {
        tracing::warn!(target: "build", function = %self.function, "{lines} lines of its build dropped: too many");
    }
}
