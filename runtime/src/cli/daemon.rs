//! Finding the hydrant that runs a project, and asking it.

use std::env;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::http::{self, Answer, Ask, Endpoint, HttpError, Streaming};
use crate::admin::{About, ErrorBody, RunFile};

const START: &str = "start it with `hydrant dev`, or name the project with -C or the runtime with --admin";

/// A running hydrant.
#[derive(Debug)]
pub(super) struct Daemon {
    admin: Endpoint,
    about: About,
}

/// An answer that says no.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) body: ErrorBody,
}

impl Daemon {
    /// The runtime `--admin` names, else that of the project here or in a folder above, as git looks for its own.
    pub(super) async fn find(global: &Global) -> Result<Self, Failure> {
        let admin = match &global.admin {
            Some(address) => endpoint(address)?,
            None => {
                let project = global.project(None)?;
                let found = search(&project);
                Endpoint::Unix(found.ok_or_else(|| nobody(&project))?.socket)
            }
        };
        let about = ask_json(&admin, Ask::new(Method::GET, "/api/v1/version")).await?;
        Ok(Self { admin, about: about.map_err(Failure::from)? })
    }

    /// The one that said this of itself.
    pub(super) fn at(about: About) -> Self {
        Self { admin: Endpoint::Unix(about.socket.clone()), about }
    }

    pub(super) const fn about(&self) -> &About {
        &self.about
    }

    /// Where events and calls go.
    pub(super) fn ingress(&self) -> SocketAddr {
        reachable(self.about.listen)
    }

    /// Asks the admin API.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        target: &str,
    ) -> Result<Result<T, Refused>, Failure> {
        ask_json(&self.admin, Ask::new(method, target)).await
    }

    /// Asks the admin API, with a JSON body.
    pub(super) async fn ask_with<T: DeserializeOwned>(
        &self,
        method: Method,
        target: &str,
        body: &impl Serialize,
    ) -> Result<Result<T, Refused>, Failure> {
        let json = HeaderValue::from_static("application/json");
        let body = serde_json::to_vec(body).map_err(|error| Failure::failed(error.to_string()))?;
        let ask = Ask { headers: vec![(CONTENT_TYPE, json)], body: body.into(), ..Ask::new(method, target) };
        ask_json(&self.admin, ask).await
    }

    /// Asks the admin API for an answer that goes on.
    pub(super) async fn stream(&self, target: &str) -> Result<Result<Streaming, Refused>, Failure> {
        let answered = self.admin.stream(Ask::new(Method::GET, target)).await;
        match answered.map_err(|error| unreachable(&self.admin, &error))? {
            Ok(streaming) => Ok(Ok(streaming)),
            Err(answer) => refused(&self.admin, &answer).map(Err),
        }
    }

    /// Asks the admin socket for a connection that becomes another; gives that, with what was read of it already.
    pub(super) async fn upgrade(&self, ask: Ask) -> Result<Result<(UnixStream, Bytes), Refused>, Failure> {
        let socket = Endpoint::Unix(self.about.socket.clone());
        let upgraded = http::upgrade(&self.about.socket, ask).await;
        match upgraded.map_err(|error| unreachable(&socket, &error))? {
            Ok(upgraded) => Ok(Ok(upgraded)),
            Err(answer) => refused(&socket, &answer).map(Err),
        }
    }

    /// Sends something to the ingress.
    pub(super) async fn send(&self, ask: Ask) -> Result<Answer, Failure> {
        let ingress = Endpoint::Tcp(self.ingress());
        ingress.ask(ask).await.map_err(|error| unreachable(&ingress, &error))
    }
}

async fn ask_json<T: DeserializeOwned>(endpoint: &Endpoint, ask: Ask) -> Result<Result<T, Refused>, Failure> {
    let answer = endpoint.ask(ask).await.map_err(|error| unreachable(endpoint, &error))?;
    if answer.status.is_success() {
        return serde_json::from_slice(&answer.body).map(Ok).map_err(|_| strange(endpoint, &answer));
    }
    refused(endpoint, &answer).map(Err)
}

fn refused(endpoint: &Endpoint, answer: &Answer) -> Result<Refused, Failure> {
    let body = serde_json::from_slice(&answer.body).map_err(|_| strange(endpoint, answer))?;
    Ok(Refused { status: answer.status.as_u16(), body })
}

fn strange(endpoint: &Endpoint, answer: &Answer) -> Failure {
    Failure::failed(format!("{} answered {} with something else", shown(endpoint), answer.status))
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::failed(refused.body.message).help(refused.body.help)
    }
}

/// `unix:PATH`, `127.0.0.1:8088`, `localhost:8088`, `http://127.0.0.1:8088`.
fn endpoint(text: &str) -> Result<Endpoint, Failure> {
    if let Some(path) = text.strip_prefix("unix:") {
        return Ok(Endpoint::Unix(path.into()));
    }
    let address = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    let mut addresses = address.to_socket_addrs().into_iter().flatten();
    addresses.next().map(Endpoint::Tcp).ok_or_else(|| {
        Failure::usage(format!("--admin {text} is no address")).help("write 127.0.0.1:8088 or unix:PATH")
    })
}

/// What the nearest runtime said of itself: its state folder is told by the environment, by `runtime.toml`, or
/// is the usual one.
fn search(project: &Path) -> Option<RunFile> {
    let state = env::var_os("HYDRANT_STATE").filter(|state| state != "memory" && !state.is_empty());
    let told = state.and_then(|state| RunFile::of_state(&project.join(PathBuf::from(state))));
    told.or_else(|| {
        project.ancestors().find_map(|folder| {
            let of_file = state_in_file(folder).and_then(|state| RunFile::of_state(&state));
            of_file.or_else(|| RunFile::of_project(folder))
        })
    })
}

/// `[runtime] state`, even where the rest of the file is wrong at the moment: the runtime goes on meanwhile.
fn state_in_file(project: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(project.join("runtime.toml")).ok()?;
    let file: toml::Table = text.parse().ok()?;
    let state = file.get("runtime")?.get("state")?.as_str()?;
    (state != "memory").then(|| project.join(state))
}

/// Where to connect to for an address that was bound: "everywhere" is reached here.
fn reachable(mut bound: SocketAddr) -> SocketAddr {
    match bound.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => bound.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => bound.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    bound
}

fn nobody(project: &Path) -> Failure {
    let message = format!("no hydrant runs {} or a folder above it", project.display());
    Failure::new(Exit::Unreachable, message).help(START)
}

/// Why there is no answer, and what to do.
pub(super) fn unreachable(endpoint: &Endpoint, error: &HttpError) -> Failure {
    let message = format!("hydrant does not answer at {}: {error}", shown(endpoint));
    match error {
        HttpError::Connect(_) => Failure::new(Exit::Unreachable, message).help(START),
        HttpError::Request(_) | HttpError::Broken(_) => Failure::failed(message),
    }
}

fn shown(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Unix(path) => path.display().to_string(),
        Endpoint::Tcp(address) => format!("http://{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_write_it() {
        let tcp = |text: &str| Endpoint::Tcp(text.parse().unwrap());
        for (text, expected) in [
            ("unix:/run/h.sock", Endpoint::Unix("/run/h.sock".into())),
            ("127.0.0.1:8088", tcp("127.0.0.1:8088")),
            ("http://127.0.0.1:8088/", tcp("127.0.0.1:8088")),
            ("[::1]:8088", tcp("[::1]:8088")),
        ] {
            assert_eq!(endpoint(text).unwrap(), expected, "{text}");
        }
        assert_eq!(endpoint("8088").unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn an_ingress_for_everyone_is_reached_here() {
        for (bound, expected) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("192.168.0.7:80", "192.168.0.7:80")]
        {
            assert_eq!(reachable(bound.parse().unwrap()), expected.parse().unwrap());
        }
    }

    #[test]
    fn the_runtime_is_found_from_a_folder_below_and_by_its_state() {
        let project = tempfile::tempdir().unwrap();
        let below = project.path().join("functions/deep");
        std::fs::create_dir_all(&below).unwrap();
        assert!(search(&below).is_none());
        let run = |pid: u32| {
            format!(
                r#"{{"pid":{pid},"listen":"127.0.0.1:1","admin":"127.0.0.1:2","socket":"/s","version":"0"}}"#
            )
        };
        let write = |folder: &str, pid| {
            std::fs::create_dir_all(project.path().join(folder)).unwrap();
            std::fs::write(project.path().join(folder).join("run.json"), run(pid)).unwrap();
        };
        write(".hydrant", 1);
        assert_eq!(search(&below).unwrap().pid, 1);
        write("kept/here", 2);
        std::fs::write(project.path().join("runtime.toml"), "[runtime]\nstate = 'kept/here'\nwrong = 1")
            .unwrap();
        assert_eq!(search(&below).unwrap().pid, 2);
    }
}
