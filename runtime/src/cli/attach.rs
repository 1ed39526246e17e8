//! `hydrant attach`: a person starts a function's process himself, in a debugger or an IDE, and it is given what the
//! function is given.

use std::convert::Infallible;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use hyper::Method;
use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::net::UnixStream;

use super::completions;
use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::http::{Ask, encode};
use super::output;
use crate::dispatch::{ATTACH_PROTOCOL, Attached, BECOMES_IT, News};
use crate::process::{exec, receive_listener};

/// Start a function's process yourself, in a debugger or an IDE: it is given the function's events
/// and calls until it ends or this does
#[derive(Debug, Args)]
pub(super) struct Attach {
    /// The function
    #[arg(value_name = "FN", add = completions::functions())]
    function: String,
    /// Run the function's own command behind this one, here: 'gdb --args'; '' for none
    #[arg(long, value_name = "PREFIX")]
    exec: Option<String>,
}

impl Attach {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let daemon = Daemon::find(global).await?;
        let mut ask = Ask::new(Method::POST, format!("/api/v1/functions/{}/attach", encode(&self.function)));
        ask.headers = vec![
            (CONNECTION, HeaderValue::from_static("upgrade")),
            (UPGRADE, HeaderValue::from_static(ATTACH_PROTOCOL)),
        ];
        let (stream, read) = daemon.upgrade(ask).await??;
        let mut lines = BufReader::new(read.chain(stream));
        let place: Attached = next(&mut lines).await?.ok_or_else(gone)?;
        match self.exec {
            Some(prefix) => match become_process(&prefix, place, lines.into_inner().into_inner().1).await? {},
            None => wait(global, &place, lines).await,
        }
    }
}

/// Tells how to start it, and stays until it is over.
async fn wait(
    global: &Global,
    place: &Attached,
    mut lines: BufReader<impl AsyncRead + Unpin>,
) -> Result<ExitCode, Failure> {
    if global.is_json() {
        output::json(place)?;
    } else {
        output::data(text(place))?;
    }
    global.talk(&format!(
        "start it like this; {} is given nothing until it listens on port {} (ctrl-c ends the attach)",
        place.function, place.port
    ));
    while let Some(news) = next(&mut lines).await? {
        match news {
            News::Ready => global.talk(&format!("{} has its first request", place.function)),
            News::Ended(why) => {
                global.talk(&format!("{} is attached no more: {why}", place.function));
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    Err(gone())
}

/// This very process becomes the function's. Comes back only when it cannot.
async fn become_process(prefix: &str, place: Attached, stream: UnixStream) -> Result<Infallible, Failure> {
    let cannot = |what: &str, error| Failure::failed(format!("{what}: {error}"));
    stream.writable().await.map_err(|error| cannot("the runtime is gone", error))?;
    stream.try_write(&[BECOMES_IT]).map_err(|error| cannot("the runtime is gone", error))?;
    let stream = stream.into_std().and_then(|stream| stream.set_nonblocking(false).map(|()| stream));
    let stream = stream.map_err(|error| cannot("cannot wait for the listener", error))?;
    let listener =
        receive_listener(stream.as_fd()).map_err(|error| cannot("cannot be given the listener", error))?;
    let error = exec(prefix, &place.command, place.env, &place.dir, listener);
    Err(cannot("cannot run /bin/sh", error))
}

async fn next<T: DeserializeOwned>(
    lines: &mut BufReader<impl AsyncRead + Unpin>,
) -> Result<Option<T>, Failure> {
    let mut line = Vec::new();
    let read = lines.read_until(b'\n', &mut line).await;
    if read.is_err() || line.is_empty() {
        return Ok(None);
    }
    let told = serde_json::from_slice(&line);
    told.map(Some).map_err(|_| Failure::failed("the runtime said something else: is it of another version?"))
}

fn gone() -> Failure {
    Failure::failed("the runtime is gone, and the attach with it").help("start it with `hydrant dev`")
}

/// Lines for a shell.
fn text(place: &Attached) -> String {
    let mut text = format!("cd {} &&\n", output::shell_word(&place.dir.display().to_string()));
    let (port, others): (Vec<_>, Vec<_>) = place.env.iter().partition(|(name, _)| *name == "PORT");
    for (name, value) in port.into_iter().chain(others) {
        text.push_str(&format!("{name}={} \\\n", output::shell_word(value)));
    }
    let command = place.command.iter().map(|word| {
        let in_folder = Path::new(word).strip_prefix(&place.dir).ok().and_then(Path::to_str);
        output::shell_word(&in_folder.map_or_else(|| word.clone(), |path| format!("./{path}")))
    });
    text.push_str(&command.collect::<Vec<_>>().join(" "));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_pasted() {
        let env = [("K_SERVICE", "hello"), ("GREETING", "it's me"), ("PORT", "41231"), ("EMPTY", "")];
        let place = Attached {
            function: "hello".into(),
            revision: "r1".into(),
            port: 41231,
            dir: "/a demo".into(),
            command: vec!["/a demo/functions/hello".into(), "--fast".into()],
            env: env.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        };
        let expected = "\
cd '/a demo' &&
PORT=41231 \\
EMPTY='' \\
GREETING='it'\\''s me' \\
K_SERVICE=hello \\
./functions/hello --fast
";
        assert_eq!(text(&place), expected);
    }
}
