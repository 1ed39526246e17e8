//! Where events are sent: the ingress of a running hydrant, or a topic. Who cannot take one now is asked again.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use activator::event::Event;
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Method, StatusCode};
use serde::Serialize;

use super::{Sent, header, headers};
use crate::cli::connection::Connection;
use crate::cli::daemon::{self, Daemon};
use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;
use crate::cli::http::{Answer, Ask, Endpoint, encode};
use crate::cli::output::{self, one_line, time};
use crate::config::resolved::ChannelKind;
use crate::history::view::millis;

/// How long an event that cannot be taken is sent again.
const PATIENCE: Duration = Duration::from_secs(30);
/// Characters of an answer that are shown.
const REASON_MAX: usize = 200;

/// A place for events, as people write it.
#[derive(Clone, Debug)]
pub(super) struct To {
    text: String,
    target: String,
    is_function: bool,
}

impl To {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let takes = |kind: &str| kind == "fn" || ChannelKind::addressed(kind).is_some();
        let named = text
            .split_once('/')
            .filter(|(kind, name)| takes(kind) && !name.is_empty() && !name.contains('/'));
        let (kind, name) = named.ok_or(
            "no place for events: write broker/NAME, channel/NAME, sequence/NAME, parallel/NAME, job/NAME, sink/NAME or \
             fn/NAME",
        )?;
        let target = format!("/{kind}/{}", encode(name));
        Ok(Self { text: text.into(), target, is_function: kind == "fn" })
    }

    /// A channel by its label, or what stands in for one.
    pub(super) fn channel(label: &str) -> Self {
        Self { text: label.into(), target: format!("/{label}"), is_function: false }
    }

    pub(super) const fn is_function(&self) -> bool {
        self.is_function
    }

    pub(super) fn target(&self) -> &str {
        &self.target
    }
}

/// Where events go.
pub(super) enum Door {
    Ingress(Ingress),
    #[cfg(feature = "kafka")]
    Topic(super::topic::Topic),
}

pub(super) struct Ingress {
    connection: Connection,
    to: To,
    /// Whether it is to say that it waits.
    tells: bool,
}

/// What became of it.
pub(super) enum Receipt {
    Stored(Sent),
    Answered(Answered),
}

/// A function's answer.
#[derive(Debug, Serialize)]
pub(super) struct Answered {
    id: String,
    to: String,
    status: u16,
    total_ms: f64,
}

impl Receipt {
    pub(super) fn tell(&self, global: &Global) -> Result<ExitCode, Failure> {
        match self {
            Self::Stored(sent) => sent.tell(global),
            Self::Answered(answered) if global.is_json() => {
                output::json(answered).map(|()| ExitCode::SUCCESS)
            }
            Self::Answered(Answered { id, to, status, total_ms }) => {
                output::data(format!("{id}\n"))?;
                global.talk(&format!("{to} answered {status} in {}", time(*total_ms)));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl Door {
    pub(super) fn ingress(daemon: &Daemon, to: &To, tells: bool) -> Self {
        Self::Ingress(Ingress { connection: Connection::to(daemon.ingress()), to: to.clone(), tells })
    }

    /// Another one to the same, which says nothing.
    pub(super) fn another(&self) -> Self {
        match self {
            Self::Ingress(Ingress { connection, to, .. }) => {
                Self::Ingress(Ingress { connection: connection.another(), to: to.clone(), tells: false })
            }
            #[cfg(feature = "kafka")]
            Self::Topic(topic) => Self::Topic(topic.clone()),
        }
    }

    pub(super) async fn send(&mut self, event: &Event) -> Result<Receipt, Failure> {
        match self {
            Self::Ingress(ingress) => ingress.send(event).await,
            #[cfg(feature = "kafka")]
            Self::Topic(topic) => topic.send(event).await.map(Receipt::Stored),
        }
    }
}

impl Ingress {
    async fn send(&mut self, event: &Event) -> Result<Receipt, Failure> {
        let mut ask = Ask::new(Method::POST, self.to.target().to_owned());
        ask.headers = headers(event)?;
        ask.body = event.data().clone();
        let begun = Instant::now();
        loop {
            let answer = self.connection.ask(ask.clone()).await;
            let answer = answer
                .map_err(|error| daemon::unreachable(&Endpoint::Tcp(self.connection.address()), &error))?;
            match pause(&answer).filter(|pause| begun.elapsed() + *pause < PATIENCE) {
                None => return self.receipt(event, &answer),
                Some(pause) => {
                    self.tell_once(&answer);
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    fn tell_once(&mut self, answer: &Answer) {
        if std::mem::take(&mut self.tells) {
            output::talk(&format!("{}; it is sent again for {PATIENCE:?}", reason(answer)));
        }
    }

    fn receipt(&self, event: &Event, answer: &Answer) -> Result<Receipt, Failure> {
        let (id, to) = (event.id().into(), self.to.text.clone());
        if self.to.is_function() && !is_failure(answer.status) {
            let (status, total_ms) = (answer.status.as_u16(), millis(answer.total));
            return Ok(Receipt::Answered(Answered { id, to, status, total_ms }));
        }
        if self.to.is_function() {
            return Err(Failure::failed(format!("{to} answered {}: {}", answer.status, reason(answer)))
                .help("hydrant logs shows what it printed"));
        }
        if answer.status != StatusCode::ACCEPTED {
            let message = format!("{to} was refused with {}: {}", answer.status, reason(answer));
            return Err(Failure::failed(message).help("hydrant check shows what the configuration has"));
        }
        Ok(Receipt::Stored(Sent {
            id,
            channel: header(&answer.headers, "hydrant-channel").map_or(to, Into::into),
            partition: number(&answer.headers, "hydrant-partition")?,
            offset: number(&answer.headers, "hydrant-offset")?,
            verdicts: None,
        }))
    }
}

fn is_failure(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// How long who answered so wants not to be asked.
fn pause(answer: &Answer) -> Option<Duration> {
    let is_busy = answer.status == StatusCode::SERVICE_UNAVAILABLE;
    let seconds = header(&answer.headers, RETRY_AFTER.as_str()).filter(|_| is_busy)?.parse().ok()?;
    Some(Duration::from_secs(seconds).max(Duration::from_millis(100)))
}

/// What hydrant says in its own words, or the beginning of what somebody else does.
fn reason(answer: &Answer) -> String {
    let said = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
    let message = said.as_ref().and_then(|said| said.get("message")?.as_str());
    message.map_or_else(|| one_line(&String::from_utf8_lossy(&answer.body), REASON_MAX), str::to_owned)
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Result<T, Failure> {
    let number = header(headers, name).and_then(|text| text.parse().ok());
    number.ok_or_else(|| Failure::failed(format!("the answer lacks {name}: is that a hydrant?")))
}

/// Whether nobody would take the next one either.
pub(super) fn is_gone(failure: &Failure) -> bool {
    failure.exit == Exit::Unreachable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brokers_channels_flows_sinks_and_functions_take_events() {
        for (text, target) in [
            ("channel/orders", "/channel/orders"),
            ("sequence/ship.2", "/sequence/ship.2"),
            ("sink/audit", "/sink/audit"),
            ("fn/bill", "/fn/bill"),
        ] {
            let to = To::parse(text).unwrap();
            assert_eq!((to.target(), to.is_function()), (target, text == "fn/bill"));
        }
        for text in ["orders", "source/shop", "broker/", "broker/a/b", "broker/../admin"] {
            assert!(To::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_who_names_a_time_is_asked_again() {
        let answer = |status: u16, after: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.extend(after.map(|after| (RETRY_AFTER, after.parse().unwrap())));
            let status = StatusCode::from_u16(status).unwrap();
            let (first_byte, total) = (Duration::ZERO, Duration::ZERO);
            Answer { status, headers, body: bytes::Bytes::new(), first_byte, total }
        };
        for (status, after, expected) in [
            (503, Some("2"), Some(Duration::from_secs(2))),
            (503, Some("0"), Some(Duration::from_millis(100))),
            (503, None, None),
            (503, Some("Fri, 27 Nov 2026 00:00:00 GMT"), None),
            (404, Some("1"), None),
            (202, Some("1"), None),
        ] {
            assert_eq!(pause(&answer(status, after)), expected, "{status} {after:?}");
        }
    }
}
