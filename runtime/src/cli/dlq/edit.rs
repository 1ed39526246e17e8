//! `hydrant dlq edit`: a dead letter is changed in an editor, and then sent again.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

use activator::event::json;
use bytes::Bytes;
use clap::Args;
use hyper::Method;
use serde_json::value::RawValue;

use super::super::daemon::Daemon;
use super::super::exit::Failure;
use super::super::global::Global;
use super::super::http::encode;
use super::super::output;
use super::super::send::read_data;
use super::{letter, pretty};
use crate::admin::Retried;
use crate::letters::{LetterView, cleaned};
use crate::process::edit;

/// Change a dead letter in $VISUAL or $EDITOR, and send it again
#[derive(Debug, Args)]
pub(super) struct Edit {
    /// The letter (d17), or the id of its event
    #[arg(value_name = "LETTER")]
    id: String,
    /// Take the changed event from a file (- for stdin), instead of an editor
    #[arg(long, value_name = "FILE")]
    from: Option<String>,
}

impl Edit {
    pub(super) async fn run(self, global: &Global, daemon: &Daemon) -> Result<ExitCode, Failure> {
        let letter = letter(daemon, &self.id).await?;
        let edited = match &self.from {
            Some(from) if from == "-" => text(read_data("-")?)?,
            Some(from) => text(read_data(&format!("@{from}"))?)?,
            None => in_editor(&letter)?,
        };
        let body = RawValue::from_string(pretty::packed(&edited))
            .map_err(|error| Failure::usage(format!("the event is not JSON: {error}")))?;
        let target = format!("/api/v1/dlq/{}/retry", encode(&letter.id));
        let answer = daemon.ask_with(Method::POST, &target, &body).await?;
        let answer: Retried = answer.map_err(|refused| match self.from {
            Some(_) => Failure::from(refused),
            None => kept(&letter.id, &edited, refused.into()),
        })?;
        if global.is_json() {
            output::json(&answer)?;
        } else {
            output::data(format!("{} sent again as it is now\n", letter.id))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What a person makes of the event, checked.
fn in_editor(letter: &LetterView) -> Result<String, Failure> {
    let event =
        letter.letter().map_err(|error| Failure::failed(format!("{} is no event: {error}", letter.id)))?;
    let before = pretty::spread(&String::from_utf8_lossy(&json::encode(&cleaned(&event))));
    let path = write_new(&letter.id, &before)?;
    let edited = edit(&path).map_err(|error| Failure::failed(error.to_string())).and_then(|()| {
        fs::read_to_string(&path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
    });
    fs::remove_file(&path).ok();
    let edited = edited
        .map_err(|failure| failure.help("name an editor in $VISUAL or $EDITOR, or give --from FILE"))?;
    if pretty::packed(&edited) == pretty::packed(&before) {
        let help = format!("hydrant dlq retry {} sends it as it is", letter.id);
        return Err(Failure::failed("nothing was changed, and nothing is sent").help(help));
    }
    match json::decode(&Bytes::from(pretty::packed(&edited))) {
        Ok(_) => Ok(edited),
        Err(error) => {
            let failure = Failure::failed(format!("this is no CloudEvent any more: {error}"));
            Err(kept(&letter.id, &edited, failure))
        }
    }
}

/// What was written is not lost with what went wrong.
fn kept(id: &str, edited: &str, failure: Failure) -> Failure {
    match write_new(id, edited) {
        Ok(path) => {
            let path = path.display();
            let how =
                format!("what you wrote is in {path}: mend it, and hydrant dlq edit {id} --from {path}");
            let help = failure.help.as_ref().map_or_else(|| how.clone(), |help| format!("{help}; {how}"));
            failure.help(help)
        }
        Err(_) => failure,
    }
}

/// A new file that is nobody else's: what is in the event is not for everybody.
fn write_new(id: &str, text: &str) -> Result<PathBuf, Failure> {
    let folder = std::env::temp_dir();
    let cannot = |error| Failure::failed(format!("cannot write to {}: {error}", folder.display()));
    let mut number = 0;
    loop {
        let path = folder.join(format!("hydrant-{id}-{}-{number}.json", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => return file.write_all(text.as_bytes()).map(|()| path).map_err(cannot),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 1000 => number += 1,
            Err(error) => return Err(cannot(error)),
        }
    }
}

fn text(bytes: Bytes) -> Result<String, Failure> {
    String::from_utf8(bytes.into()).map_err(|_| Failure::usage("the event is not UTF-8"))
}
