//! From host and path to what is meant.

use std::borrow::Cow;

use super::job::Asked;
use crate::config::resolved::ChannelKind;

/// What a request is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A direct call, with the path as the function is to see it.
    Function {
        name: String,
        path: String,
    },
    /// An event for a broker, a channel of any other kind, or a sink; for a source only where that is a program or has no
    /// topic.
    Channel {
        kind: ChannelKind,
        name: Cow<'static, str>,
    },
    /// An event whose answer the caller waits for.
    Request {
        name: String,
    },
    /// What became of a job.
    Job(Asked),
    Nothing,
}

impl Target {
    /// `host` without its port.
    pub(super) fn of(host: &str, path: &str) -> Self {
        if let Some(name) = host.strip_suffix(".localhost") {
            return Self::Function { name: name.to_owned(), path: path.to_owned() };
        }
        let mut parts = path.trim_start_matches('/').splitn(3, '/');
        match (parts.next().unwrap_or_default(), parts.next(), parts.next()) {
            ("", None, None) => Self::Channel { kind: ChannelKind::Broker, name: "default".into() },
            ("fn", Some(name), rest) => {
                Self::Function { name: name.to_owned(), path: format!("/{}", rest.unwrap_or_default()) }
            }
            ("job", Some(name), Some(rest)) => Asked::of(name, rest).map_or(Self::Nothing, Self::Job),
            ("source", Some(name), Some(topic)) => {
                Self::Channel { kind: ChannelKind::Source, name: format!("{name}/{topic}").into() }
            }
            ("source", Some(name), None) => {
                Self::Channel { kind: ChannelKind::Source, name: name.to_owned().into() }
            }
            ("request", Some(name), None) => Self::Request { name: name.to_owned() },
            // Knative's own form; there is one namespace here.
            ("default", Some(name), None) => {
                Self::Channel { kind: ChannelKind::Broker, name: name.to_owned().into() }
            }
            (word, Some(name), None) => match ChannelKind::addressed(word) {
                Some(kind) => Self::Channel { kind, name: name.to_owned().into() },
                None => Self::Nothing,
            },
            _ => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, path: &str, expected: &str) {
        let found = match Target::of(host, path) {
            Target::Function { name, path } => format!("fn {name} {path}"),
            Target::Channel { kind, name } => format!("{kind:?} {name}"),
            Target::Request { name } => format!("request {name}"),
            Target::Job(Asked { job, source, id }) => format!("job {job} {source} {id}"),
            Target::Nothing => "nothing".to_owned(),
        };
        assert_eq!(found, expected, "{host}{path}");
    }

    #[test]
    fn paths_and_hosts_lead_where_the_contract_says() {
        check("localhost", "/", "Broker default");
        check("127.0.0.1", "", "Broker default");
        check("localhost", "/broker/orders", "Broker orders");
        check("localhost", "/channel/orders", "Channel orders");
        check("localhost", "/sink/audit", "Sink audit");
        check("localhost", "/request/ask", "request ask");
        check("localhost", "/sequence/ship", "Sequence ship");
        check("localhost", "/sequence/ship.2", "Sequence ship.2");
        check("localhost", "/parallel/ship", "Parallel ship");
        check("localhost", "/job/ship", "Job ship");
        check("localhost", "/job/ship/sources/%2Fshop/ids/7", "job ship /shop 7");
        check("localhost", "/source/in/shop.orders", "Source in/shop.orders");
        check("localhost", "/source/clock", "Source clock");
        check("localhost", "/default/orders", "Broker orders");
        check("localhost", "/fn/hello", "fn hello /");
        check("localhost", "/fn/hello/", "fn hello /");
        check("localhost", "/fn/hello/a/b", "fn hello /a/b");
        check("hello.localhost", "/a/b", "fn hello /a/b");
        for path in [
            "/broker",
            "/broker/a/b",
            "/sink/a/b",
            "/job/a/b",
            "/dead-letters/dlq",
            "/replay/events",
            "/favicon.ico",
            "/other/x",
        ] {
            check("localhost", path, "nothing");
        }
    }
}
