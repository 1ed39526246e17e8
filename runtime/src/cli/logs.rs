//! `hydrant logs`: what functions printed, with which instance printed it and about which event.

use std::ops::ControlFlow::Continue;
use std::process::ExitCode;

use clap::Args;
use hyper::Method;

use super::completions;
use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::http::encode;
use super::{live, output, which};
use crate::admin::LogLine;

/// Lines of the past, unless it is said how many: all that fits on some screens, or with `-f` what leads up to now.
const LAST: usize = 1000;
const LAST_FOLLOWED: usize = 10;

/// Show what functions printed on stdout and stderr
///
/// It is kept in memory, 8 MiB of all functions together: it reaches back as far as that, and to the start of the runtime.
/// A line about an event has its id, when its process worked on no other. With -f, ends with Ctrl-C (exit code 130), when
/// nobody reads it any more (0), or when the runtime is gone (4).
#[derive(Debug, Args)]
pub(super) struct Logs {
    /// Only of this function
    #[arg(add = completions::functions())]
    function: Option<String>,
    /// Go on with what is printed from now on
    #[arg(short, long)]
    follow: bool,
    /// Only about the event with this id
    #[arg(long, value_name = "EVENT")]
    id: Option<String>,
    /// Only what was printed since: a time, or as long ago as 10m
    #[arg(long, value_name = "TIME|AGO")]
    since: Option<String>,
    /// The newest so many lines [default: 1000, or 10 with -f]
    #[arg(short = 'n', long, value_name = "N")]
    last: Option<usize>,
    /// Only lines that match this regular expression
    #[arg(long, value_name = "RE", allow_hyphen_values = true)]
    grep: Option<String>,
    /// Only what went to stderr
    #[arg(long)]
    err: bool,
}

impl Logs {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let target = self.target()?;
        let daemon = Daemon::find(global).await?;
        if self.follow {
            return live::follow(global, &daemon, &target, live::SHOWN, async |line| {
                Ok(Continue(written(global, line)?))
            })
            .await;
        }
        let lines: Vec<LogLine> = daemon.ask(Method::GET, &target).await??;
        let lines: Vec<String> = lines.iter().map(|line| written(global, line)).collect::<Result<_, _>>()?;
        output::data(lines.concat())?;
        Ok(ExitCode::SUCCESS)
    }

    fn target(&self) -> Result<String, Failure> {
        let last = self.last.unwrap_or(if self.follow { LAST_FOLLOWED } else { LAST });
        let texts = [
            ("fn", self.function.clone()),
            ("id", self.id.clone()),
            ("since", self.since.as_deref().map(which::timestamp).transpose()?),
            ("grep", self.grep.clone()),
        ];
        let mut target = format!("/api/v1/logs?limit={last}&follow={}&err={}", self.follow, self.err);
        for (key, text) in texts {
            target.extend(text.map(|text| format!("&{key}={}", encode(&text))));
        }
        Ok(target)
    }
}

fn written(global: &Global, line: &LogLine) -> Result<String, Failure> {
    match global.is_json() {
        true => output::json_line(line),
        false => Ok(text(line)),
    }
}

/// `2026-11-26T20:00:16.983102Z  bill#3  o-17  | text`; a `!` in the place of the `|` for stderr.
fn text(line: &LogLine) -> String {
    let mark = if line.stream == "stderr" { '!' } else { '|' };
    let event = line.event.as_deref().unwrap_or("-");
    let mut text =
        format!("{}  {}#{}  {}  {mark} ", line.at, line.function, line.instance, output::printable(event));
    text += &output::printable(&line.text);
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_whose_it_is() {
        let line = LogLine {
            at: "2026-11-26T20:00:16.983102Z".into(),
            function: "bill".into(),
            revision: "r1".into(),
            instance: 3,
            event: Some("o-17".into()),
            stream: "stdout".into(),
            text: "  indented\tand \u{1b}[31mred".into(),
        };
        let shown = "2026-11-26T20:00:16.983102Z  bill#3  o-17  |   indented\tand \\u{1b}[31mred\n";
        assert_eq!(text(&line), shown);
        let other = LogLine { event: None, stream: "stderr".into(), text: "no".into(), ..line };
        assert_eq!(text(&other), "2026-11-26T20:00:16.983102Z  bill#3  -  ! no\n");
    }
}
