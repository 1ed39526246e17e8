//! `hydrant record`: keeps real events, with what came of them, as fixtures for `hydrant test`.

use std::ops::ControlFlow::{Break, Continue};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::daemon::Daemon;
use super::exit::Failure;
use super::fixture::Fixture;
use super::fixture::folder::{self, FOLDER};
use super::fixture::seen::{Reply, Seen, whole};
use super::global::{Global, Output};
use super::http::encode;
use super::{completions, live, output, which};
use crate::config::resolved::ChannelKind;
use crate::history::view::{Ended, Outcome};

/// Where events are kept that no trigger took.
const UNMATCHED: &str = "unmatched";
/// Lines a second: as many as there may be.
const RATE: u32 = 10_000;

/// Keep events of the running hydrant, with what came of them, as fixtures for `hydrant test`
///
/// A file for each event and each trigger that had it, when that is over: DIR/TRIGGER/01-TYPE.json. A file that is there is
/// never overwritten; stdout says what was written. Ends with Ctrl-C (exit code 130), with --count (0), or when the runtime
/// is gone (4).
#[derive(Debug, Args)]
#[command(after_help = "\
hydrant record                            what comes from now on, into fixtures/
hydrant record -n 5 --count 5             the last five of the past, and no more
hydrant record -o cases --trigger bill \"type = 'order.created'\"")]
pub(super) struct Record {
    /// Only events that this CESQL expression matches
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    filter: Option<String>,
    // In the place of the flag of that name that all verbs have, and with its name: one would hide the other.
    /// The folder for fixtures, seen from the project [default: fixtures]
    #[arg(short, long, value_name = "DIR", value_parser = named)]
    output: Option<Output>,
    /// Only what this trigger, subscription or source had
    #[arg(long, value_name = "NAME", add = completions::triggers())]
    trigger: Option<String>,
    /// End when so many are written
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// Begin with the newest so many of the past, at most 10000
    #[arg(short = 'n', long, value_name = "N")]
    last: Option<usize>,
    /// Begin with what arrived since: a time, or as long ago as 10m
    #[arg(long, value_name = "TIME|AGO")]
    since: Option<String>,
}

/// One that was written.
#[derive(Serialize)]
struct Written<'w> {
    fixture: &'w Path,
    id: &'w str,
    trigger: Option<&'w str>,
}

impl Record {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let named = match &self.output {
            Some(Output::Folder(folder)) => folder.as_path(),
            _ => Path::new(FOLDER),
        };
        let (target, dir) = (self.target()?, global.project(None)?.join(named));
        let daemon = Daemon::find(global).await?;
        let mut left = self.count;
        let told = "what comes from now on is kept (Ctrl-C ends it)";
        live::follow(global, &daemon, &target, told, async |ended: &Ended| {
            let Some(path) = keep(global, &daemon, &dir, ended).await? else {
                return Ok(Continue(String::new()));
            };
            let text = text(global, &named.join(path), ended)?;
            left = left.map(|left| left - 1);
            Ok(if left == Some(0) { Break(text) } else { Continue(text) })
        })
        .await
    }

    fn target(&self) -> Result<String, Failure> {
        let texts = [
            ("filter", self.filter.clone()),
            ("trigger", self.trigger.clone()),
            ("last", self.last.map(|last| last.to_string())),
            ("since", self.since.as_deref().map(which::timestamp).transpose()?),
        ];
        let mut target = format!("/api/v1/stream?topics=events&rate={RATE}");
        for (key, text) in texts {
            target.extend(text.map(|text| format!("&{key}={}", encode(&text))));
        }
        Ok(target)
    }
}

/// `-o` of this verb.
fn named(folder: &str) -> Result<Output, String> {
    match folder {
        "text" | "wide" | "json" => Err(format!("it names a folder here: ./{folder} would be one")),
        folder => Ok(Output::Folder(PathBuf::from(folder))),
    }
}

fn text(global: &Global, path: &Path, ended: &Ended) -> Result<String, Failure> {
    if global.is_json() {
        let trigger = ended.trigger.as_deref();
        return output::json_line(&Written { fixture: path, id: &ended.id, trigger });
    }
    Ok(format!("{}\n", path.display()))
}

/// Writes a fixture of it; nothing where that could not be run again, which is said.
async fn keep(
    global: &Global,
    daemon: &Daemon,
    dir: &Path,
    ended: &Ended,
) -> Result<Option<PathBuf>, Failure> {
    if !may_be_sent(&ended.channel)
        || matches!(ended.outcome, Outcome::Duplicate | Outcome::Elsewhere | Outcome::Removed)
    {
        return Ok(None);
    }
    let left_out = |why: &str| {
        global.talk(&format!(
            "{} of {} is left out: {why}",
            ended.id,
            ended.trigger.as_deref().unwrap_or("nobody")
        ));
        Ok(None)
    };
    let event = whole(daemon, &ended.id, &ended.channel, ended.partition, ended.offset).await?;
    let Some(event) = event.filter(|event| event.data_bytes == 0 || event.has_data()) else {
        return left_out("its data is not kept any more");
    };
    let trigger = ended.trigger.as_deref();
    let seen = Seen::of(daemon, &event, trigger).await?;
    let mut fixture = Fixture::of(&ended.channel, trigger, &event.event);
    fixture.expect(&seen);
    if let Reply::Unknown(why) = &seen.reply {
        global.talk(&format!("the reply to {} is not in its fixture: {why}", ended.id));
    }
    let written = folder::add(dir, trigger.unwrap_or(UNMATCHED), &ended.ty, &fixture.text());
    let path =
        written.map_err(|error| Failure::failed(format!("cannot write into {}: {error}", dir.display())))?;
    Ok(Some(path))
}

/// Whether a test can put events there.
fn may_be_sent(channel: &str) -> bool {
    let kind = channel.split('/').next().unwrap_or_default();
    kind == ChannelKind::Source.text() || ChannelKind::addressed(kind).is_some_and(ChannelKind::is_for_people)
}
