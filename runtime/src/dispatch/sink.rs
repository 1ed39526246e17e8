//! A URL that events are delivered to. Redirects are never followed, and link-local addresses never reached.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use activator::delivery::{Format, Outcome};
use activator::event::Event;
use hyper::Uri;
use hyper::http::uri::{Authority, PathAndQuery};

use super::pool::{For, Pool};
use super::request::{Message, To};
use super::wire::Speaks;
use super::{Job, Work};
use crate::driver::Inbox;

/// A URL, with the connections to it. A clone is the same sink.
#[derive(Clone, Debug)]
pub(crate) struct Sink(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    uri: Uri,
    pool: Pool,
}

impl Sink {
    pub(crate) fn new(uri: Uri) -> Self {
        Self(Arc::new(Inner { uri, pool: Pool::new(Speaks::default(), Arc::default()) }))
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.0.uri
    }

    /// Makes the delivery and tells how it ended.
    pub(crate) async fn carry_out(self, job: Job, inbox: Inbox) {
        let Work::Event(event, format) = job.work else { return };
        let outcome = tokio::time::timeout(job.timeout, self.0.deliver(&event, format)).await;
        let outcome = match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(reason)) => Outcome::Lost(reason),
            Err(_) => Outcome::TimedOut,
        };
        inbox.outcome(job.delivery, outcome).await;
    }
}

impl Inner {
    async fn deliver(&self, event: &Event, format: Format) -> Result<Outcome, String> {
        let addresses = addresses(&self.uri).await?;
        let host = self.uri.authority().map_or("localhost", Authority::as_str);
        let path = self.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let message = Message::Event { event, format, to: To { host, path } };
        loop {
            let mut connection = self.pool.connection(&addresses, For::Whole, None).await?;
            let begun = match connection.sender.ask(&message).await {
                Ok(begun) => begun,
                // A kept-alive connection may end just when it is used again: that is nobody's failure.
                Err(_) if connection.reused => continue,
                Err(unanswered) => return Err(unanswered.reason),
            };
            let answer = connection.sender.answer(begun).await?;
            self.pool.give_back(connection);
            return Ok(answer.outcome());
        }
    }
}

/// Looked up anew each time: names move. Of several the first that takes a connection is used: `localhost` is
/// two, and a server often listens on one.
pub(super) async fn addresses(uri: &Uri) -> Result<Vec<SocketAddr>, String> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(80);
    let found = tokio::net::lookup_host((host.as_str(), port)).await;
    let found: Vec<_> = found.map_err(|e| format!("cannot find {host}: {e}"))?.collect();
    if let Some(address) = found.iter().find(|address| is_link_local(address.ip())) {
        return Err(format!("{host} is the link-local address {}: not allowed", address.ip()));
    }
    if found.is_empty() {
        return Err(format!("{host} has no address"));
    }
    Ok(found)
}

/// Where clouds keep their secrets (failure scenario 34).
fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => {
            ip.is_unicast_link_local() || ip.to_ipv4_mapped().is_some_and(|v4| v4.is_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_link_local;

    #[test]
    fn link_local_addresses_are_known_in_every_spelling() {
        for ip in ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254"] {
            assert!(is_link_local(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["127.0.0.1", "10.0.0.1", "::1", "fd00::1"] {
            assert!(!is_link_local(ip.parse().unwrap()), "{ip}");
        }
    }
}
