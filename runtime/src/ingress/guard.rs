//! Keeps out what a browser sends on behalf of somebody else's page (failure scenario 35): requests under a
//! foreign host name (DNS rebinding), and requests that another site caused.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use hyper::header::{HOST, HeaderMap, ORIGIN};
use hyper::http::uri::Authority;
use hyper::{Request, Response};

use super::reply::{self, Body};

/// Which host names are ours.
#[derive(Debug)]
pub(super) struct Guard {
    /// On a loopback address only loopback names are; elsewhere the user chose the address, and any name may
    /// lead to it.
    loopback: bool,
}

impl Guard {
    pub(super) const fn new(address: SocketAddr) -> Self {
        Self { loopback: address.ip().is_loopback() }
    }

    /// The host a request names, without its port, in lower case.
    #[expect(clippy::result_large_err, reason = "the error is the answer, made once a refused request")]
    pub(super) fn host<'r, B>(&self, request: &'r Request<B>) -> Result<Cow<'r, str>, Response<Body>> {
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        if let Some(usual) = host.and_then(usual) {
            return Ok(Cow::Borrowed(usual));
        }
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        let Some(authority) = authority else {
            return Err(reply::problem(403, "no valid Host header", "name the host the runtime listens on"));
        };
        let name = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
        if self.loopback && !is_loopback(&name) {
            let message = format!("the host `{name}` is not one of this runtime's");
            return Err(reply::problem(403, &message, "use localhost, 127.0.0.1, [::1] or NAME.localhost"));
        }
        Ok(Cow::Owned(name))
    }
}

/// What most requests name, for which nothing has to be taken apart.
fn usual(host: &str) -> Option<&str> {
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let is_usual = matches!(name, "localhost" | "127.0.0.1") && port.parse::<u16>().is_ok();
    is_usual.then_some(name)
}

fn is_loopback(name: &str) -> bool {
    name == "localhost"
        || name.ends_with(".localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip == IpAddr::from([127, 0, 0, 1]) || ip.is_ipv6() && ip.is_loopback())
}

/// Refuses what another site's page caused, for every method: an image must not start a process.
#[expect(clippy::result_large_err, reason = "the error is the answer, made once a refused request")]
pub(super) fn same_site<B>(request: &Request<B>) -> Result<(), Response<Body>> {
    let headers = request.headers();
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    let cross = matches!(site, Some("cross-site" | "same-site"));
    if cross || foreign_origin(headers) {
        return Err(reply::problem(
            403,
            "a page of another origin may not send requests here",
            "send it from a program, or from a page that this runtime serves",
        ));
    }
    Ok(())
}

fn foreign_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|o| o.strip_prefix("http://"));
    origin.is_none() || origin != host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn loopback() -> Guard {
        Guard::new(([127, 0, 0, 1], 8080).into())
    }

    #[test]
    fn only_loopback_names_reach_a_loopback_listener() {
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "hello.localhost", "LOCALHOST"] {
            assert!(loopback().host(&request(&[("host", host)])).is_ok(), "{host}");
        }
        let others = ["evil.example", "127.0.0.2:8080", "10.0.0.1", "localhost.evil.example", "0.0.0.0"];
        for host in others.into_iter().chain(["localhost:80:80", "localhost:80@evil.example"]) {
            assert!(loopback().host(&request(&[("host", host)])).is_err(), "{host}");
        }
        assert!(loopback().host(&request(&[])).is_err());
    }

    #[test]
    fn what_another_site_caused_is_refused() {
        let host = ("host", "localhost:8080");
        for (name, value) in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "https://localhost:8080"),
            ("origin", "http://localhost:9999"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(same_site(&request(&[host, (name, value)])).is_err(), "{name}: {value}");
        }
        for more in [("origin", "http://localhost:8080"), ("sec-fetch-site", "none"), ("accept", "*/*")] {
            assert!(same_site(&request(&[host, more])).is_ok(), "{more:?}");
        }
    }
}
