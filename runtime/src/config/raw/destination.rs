//! `to = ...`: where a subscription, trigger or source delivers to.

use std::fmt;
use std::net::IpAddr;

use hyper::Uri;

use crate::config::name;
use crate::config::resolved::ChannelKind;
use crate::config::source::At;
use crate::config::value::Value;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) enum Destination {
    Function(String),
    Channel(String),
    Broker(String),
    Sequence(String),
    Parallel(String),
    Job(String),
    Sink(String),
    Url(Uri),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(name) => write!(f, "fn/{name}"),
            Self::Channel(name) => write!(f, "channel/{name}"),
            Self::Broker(name) => write!(f, "broker/{name}"),
            Self::Sequence(name) => write!(f, "sequence/{name}"),
            Self::Parallel(name) => write!(f, "parallel/{name}"),
            Self::Job(name) => write!(f, "job/{name}"),
            Self::Sink(name) => write!(f, "sink/{name}"),
            Self::Url(uri) => uri.fmt(f),
        }
    }
}

const URL_HELP: &str = "\"http://HOST/PATH\"; whom it is asked for stands in `headers`, not in the URL";

const WANTED: &str = "a destination";
const HELP: &str = "\"fn/NAME\", \"channel/NAME\", \"broker/NAME\", \"sequence/NAME\", \"parallel/NAME\", \"job/NAME\", \"sink/NAME\" or \
     \"http://HOST/PATH\"";

/// Why a text is no destination; fits behind "this is".
#[derive(Debug, thiserror::Error)]
enum DestinationError {
    #[error("none")]
    Form,
    #[error("no name behind the `/`: {0}")]
    Name(&'static str),
    #[error("https: TLS is not built yet")]
    Tls,
    #[error("no URL: {0}")]
    Url(hyper::http::uri::InvalidUri),
    #[error("a URL without a host")]
    NoHost,
    #[error("a URL with a user in it")]
    User,
    #[error("a link-local address, where clouds keep their credentials")]
    LinkLocal,
}

impl Destination {
    pub(super) fn read(value: &Value<'_>) -> Option<At<Self>> {
        value.parse(WANTED, HELP, parse)
    }

    /// A reply goes into a channel, so that it is as safe as what it answers.
    pub(super) fn read_reply(value: &Value<'_>) -> Option<At<Self>> {
        let wanted = "a channel, broker, sequence, parallel, job or sink";
        let help = "\"channel/NAME\", \"broker/NAME\", \"sequence/NAME\", \"parallel/NAME\", \"job/NAME\" or \"sink/NAME\"";
        let reply = value.parse(wanted, help, parse)?;
        match reply.value {
            Self::Function(_) => value.refuse(wanted, "a function", help),
            Self::Url(_) => value.refuse(wanted, "a URL", help),
            _ => Some(reply),
        }
    }

    /// The channel that it is, by its name; nothing of a function or URL.
    pub(in crate::config) fn channel(&self) -> Option<(ChannelKind, String)> {
        let (kind, name) = match self {
            Self::Channel(name) => (ChannelKind::Channel, name),
            Self::Broker(name) => (ChannelKind::Broker, name),
            Self::Sequence(name) => (ChannelKind::Sequence, name),
            Self::Parallel(name) => (ChannelKind::Parallel, name),
            Self::Job(name) => (ChannelKind::Job, name),
            Self::Sink(name) => (ChannelKind::Sink, name),
            Self::Function(_) | Self::Url(_) => return None,
        };
        Some((kind, name.clone()))
    }

    /// Whether nothing comes back from it: it is a channel of some kind.
    pub(super) const fn is_silent(&self) -> bool {
        !matches!(self, Self::Function(_) | Self::Url(_))
    }
}

fn parse(text: &str) -> Result<Destination, DestinationError> {
    if text.contains("://") {
        return url(text).map(Destination::Url);
    }
    let (kind, name) = text.split_once('/').ok_or(DestinationError::Form)?;
    let make = match kind {
        "fn" => Destination::Function,
        "channel" => Destination::Channel,
        "broker" => Destination::Broker,
        "sequence" => Destination::Sequence,
        "parallel" => Destination::Parallel,
        "job" => Destination::Job,
        "sink" => Destination::Sink,
        _ => return Err(DestinationError::Form),
    };
    if !name::is_valid(name) {
        return Err(DestinationError::Name(name::RULE));
    }
    Ok(make(name.into()))
}

/// A URL that is asked, and not delivered to.
pub(super) fn read_url(value: &Value<'_>) -> Option<Uri> {
    value.parse("a URL", URL_HELP, url).map(|url| url.value)
}

fn url(text: &str) -> Result<Uri, DestinationError> {
    let uri: Uri = text.parse().map_err(DestinationError::Url)?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => return Err(DestinationError::Tls),
        _ => return Err(DestinationError::Form),
    }
    let authority = uri.authority().ok_or(DestinationError::NoHost)?;
    if authority.as_str().contains('@') {
        return Err(DestinationError::User);
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(DestinationError::NoHost);
    }
    if host.parse().is_ok_and(is_link_local) {
        return Err(DestinationError::LinkLocal);
    }
    Ok(uri)
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => {
            ip.is_unicast_link_local() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seven_kinds() {
        let check = |text: &str, expected: Destination| assert_eq!(parse(text).unwrap(), expected, "{text}");
        check("fn/bill", Destination::Function("bill".into()));
        check("channel/orders", Destination::Channel("orders".into()));
        check("broker/default", Destination::Broker("default".into()));
        check("sequence/ship", Destination::Sequence("ship".into()));
        check("parallel/ship", Destination::Parallel("ship".into()));
        check("job/ship", Destination::Job("ship".into()));
        check("sink/audit", Destination::Sink("audit".into()));
        check("http://127.0.0.1:9/x?y=1", Destination::Url("http://127.0.0.1:9/x?y=1".parse().unwrap()));
    }

    #[test]
    fn what_is_none_says_why() {
        let check = |text: &str, expected: &str| {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        };
        check("bill", "none");
        check("function/bill", "none");
        check("fn/../etc", "no name");
        check("sequence/ship.2", "no name");
        check("file:///etc/passwd", "no");
        check("unix:///x", "no");
        check("https://x/", "https: TLS");
        check("http://u:p@x/", "a URL with a user");
        check("http://169.254.169.254/latest", "a link-local");
        check("http://[fe80::1]/", "a link-local");
        check("http://[::ffff:169.254.169.254]/", "a link-local");
    }
}
