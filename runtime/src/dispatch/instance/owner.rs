//! The person who starts a function's process himself, at the other end of the admin socket: what he is told, a JSON object
//! a line, and whether he is still there. What he says is one byte, or that he is gone.

use std::collections::BTreeMap;
use std::future::pending;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::process::{Listener, Theirs, pass_listener};

/// The protocol that the connection is upgraded to.
pub(crate) const PROTOCOL: &str = "hydrant-attach";
/// He says: I am about to be the function's program; give me its listener.
pub(crate) const BECOMES_IT: u8 = b'x';

/// What he is told first: all that he needs to start the process. `attach -o json`: field names are public interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) function: String,
    pub(crate) revision: String,
    /// Where the process is to listen.
    pub(crate) port: u16,
    /// Where it runs.
    pub(crate) dir: PathBuf,
    /// What is run, with its arguments.
    pub(crate) command: Vec<String>,
    /// What is set in its environment, beside that of whoever starts it; the port, too.
    pub(crate) env: BTreeMap<String, String>,
}

/// What he is told later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum News {
    /// The process was found, and is given what waits.
    Ready,
    /// It is over, and why.
    Ended(String),
}

/// He, or the process that he has become.
#[derive(Debug)]
pub(super) struct Owner {
    stream: UnixStream,
    as_process: Option<Theirs>,
    /// He waits for this listener.
    wants: bool,
}

impl Owner {
    pub(super) async fn meet(upgrade: OnUpgrade) -> Result<Self, String> {
        let upgraded = upgrade.await.map_err(|error| format!("whoever wanted it is gone: {error}"))?;
        let parts = downcast::<TokioIo<UnixStream>>(upgraded);
        let parts = parts.map_err(|_| "attach works over the admin socket only".to_owned())?;
        Ok(Self { stream: parts.io.into_inner(), as_process: None, wants: false })
    }

    /// Tells him something; that he is gone is told by [`Self::gone`].
    pub(super) async fn tell(&mut self, what: &impl Serialize) {
        let Ok(mut line) = serde_json::to_vec(what) else { return };
        line.push(b'\n');
        self.stream.write_all(&line).await.ok();
    }

    /// Whether he runs the program himself, so that its end is his.
    pub(super) const fn is_process(&self) -> bool {
        self.as_process.is_some()
    }

    /// Waits until he is gone, and serves him meanwhile. May be dropped while it waits, and asked again.
    pub(super) async fn gone(&mut self, listener: &Arc<Listener>) -> &'static str {
        loop {
            if let Some(process) = &self.as_process {
                process.ended().await;
                return "its process ended";
            }
            if self.wants {
                match self.become_process(listener) {
                    Ok(()) => continue,
                    Err(_) => return "it could not be given its listener",
                }
            }
            match self.read().await {
                Ok(BECOMES_IT) => self.wants = true,
                Ok(_) => {}
                Err(_) => return "whoever attached it is gone",
            }
        }
    }

    async fn read(&self) -> io::Result<u8> {
        let mut byte = [0];
        loop {
            if self.stream.readable().await.is_err() {
                return pending().await;
            }
            match self.stream.try_read(&mut byte) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => return Ok(byte[0]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// He waits for our answer, so that his number is still his.
    fn become_process(&mut self, listener: &Arc<Listener>) -> io::Result<()> {
        let pid = self.stream.peer_cred()?.pid().filter(|pid| *pid > 0);
        let pid = pid.ok_or_else(|| io::Error::other("its process cannot be seen from here"))?;
        let process = Theirs::of(pid)?;
        pass_listener(self.stream.as_fd(), listener)?;
        self.as_process = Some(process);
        Ok(())
    }
}
