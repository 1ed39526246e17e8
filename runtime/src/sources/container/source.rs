//! A source that is a program, as the configuration says it is, and what it is told.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use crate::config::resolved::{Found, Program};
use crate::dispatch;
use crate::process::Command;
use crate::sources::Outlet;

/// `[source.NAME]` of type container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) name: Arc<str>,
    /// What it runs, of which there are no revisions.
    pub(crate) found: Found,
    /// Its program, and where the values of its environment stand that are no part of the configuration.
    pub(crate) files: Box<[PathBuf]>,
    pub(crate) outlet: Outlet,
}

impl Container {
    /// Where it sends its events, where the ingress listens on this address.
    pub(super) fn sink(&self, listen: SocketAddr) -> String {
        let (kind, name) = &self.outlet.channel;
        // One that listens everywhere is reached here, too.
        let ip = match listen.ip() {
            ip if !ip.is_unspecified() => ip,
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        format!("http://{}/{}/{name}", SocketAddr::new(ip, listen.port()), kind.text())
    }

    /// What starts it: as a function, and told by Knative's names where to send, and what its events are to bear.
    pub(super) fn command(&self, program: &Program, listen: SocketAddr) -> Command {
        let mut env = dispatch::common_environment(program);
        let overrides: serde_json::Map<_, _> = self
            .outlet
            .extensions
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        let ours = [
            ("K_SINK", self.sink(listen)),
            ("K_CE_OVERRIDES", json!({ "extensions": overrides }).to_string()),
            ("NAMESPACE", "default".into()),
            ("NAME", self.name.to_string()),
        ];
        env.retain(|(name, _)| ours.iter().all(|(ours, _)| ours != name));
        env.extend(ours.map(|(name, value)| (name.to_owned(), value)));
        let mut command = Command {
            args: program.terms.args.clone(),
            env,
            dir: program.terms.dir.clone(),
            ..Command::of(program.path.to_path_buf())
        };
        dispatch::isolate(&mut command, program, listen.port());
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::resolved::ChannelKind;

    #[test]
    fn it_is_told_an_address_that_it_reaches() {
        let outlet = Outlet {
            channel: (ChannelKind::Broker, "shop".into()),
            to: "broker/shop".into(),
            extensions: Vec::new(),
        };
        let source = Container { name: "clock".into(), found: Found::Absent, files: Box::default(), outlet };
        for (listen, sink) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080/broker/shop"),
            ("0.0.0.0:80", "http://127.0.0.1:80/broker/shop"),
            ("[::]:80", "http://[::1]:80/broker/shop"),
        ] {
            assert_eq!(source.sink(listen.parse().unwrap()), sink);
        }
    }
}
