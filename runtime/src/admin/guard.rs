//! Who may speak to us over TCP. Any web page can make a browser send requests to this port, and a name of a
//! foreign site may resolve to 127.0.0.1 (DNS rebinding): so the request must name us, must not come from a page
//! of another site, and the process at the other end must belong to our user.

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use super::peer::Peer;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The names this machine has for itself. No other, and no other IP address: `127.0.0.2` is not ours.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
const HTTP_PORT: u16 = 80;

/// Knows the one port that requests may name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guard {
    port: u16,
}

/// Lets a request pass, or answers why not.
pub(super) async fn guard(
    State(guard): State<Guard>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let checked = peer_is_ours(peer).and_then(|()| guard.check(request.uri(), request.headers()));
    match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn peer_is_ours(peer: Peer) -> Result<(), ApiError> {
    let message = match peer {
        Peer::Ours => return Ok(()),
        Peer::Other(uid) => format!("user {uid} may not use the admin API of another user"),
        Peer::Unknown => "cannot tell which user is asking".into(),
    };
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        message,
        "ask as the user that runs hydrant, or over its admin.sock",
    ))
}

impl Guard {
    pub(super) const fn new(port: u16) -> Self {
        Self { port }
    }

    /// Whether a request may be answered, as its target and headers tell.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        // The target's authority wins over the header where a request has both; neither may be foreign.
        if let Some(authority) = uri.authority() {
            self.check_host(authority.as_str())?;
        }
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(refused(StatusCode::FORBIDDEN, "a request names exactly one Host"));
        };
        self.check_host(host.to_str().unwrap_or_default())?;
        self.check_origin(headers)
    }

    fn check_host(&self, host: &str) -> Result<(), ApiError> {
        if self.is_us(host) {
            return Ok(());
        }
        Err(refused(StatusCode::MISDIRECTED_REQUEST, &format!("Host {host:?} is not this runtime")))
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let ours = |origin: &str| origin.strip_prefix("http://").is_some_and(|host| self.is_us(host));
        for origin in headers.get_all(ORIGIN) {
            if !origin.to_str().is_ok_and(ours) {
                return Err(refused(
                    StatusCode::FORBIDDEN,
                    "a page of another origin may not use the admin API",
                ));
            }
        }
        for site in headers.get_all(SEC_FETCH_SITE) {
            if site != "same-origin" && site != "none" {
                return Err(refused(
                    StatusCode::FORBIDDEN,
                    "a page of another site may not use the admin API",
                ));
            }
        }
        Ok(())
    }

    /// Whether `host` is one of our names with our port.
    fn is_us(&self, host: &str) -> bool {
        NAMES.iter().any(|name| {
            let Some((start, rest)) = host.split_at_checked(name.len()) else { return false };
            start.eq_ignore_ascii_case(name)
                && match rest.strip_prefix(':') {
                    Some(port) => port == self.port.to_string(),
                    None => rest.is_empty() && self.port == HTTP_PORT,
                }
        })
    }
}

fn refused(status: StatusCode, message: &str) -> ApiError {
    ApiError::new(status, message, "use http://127.0.0.1:PORT or http://localhost:PORT, from no other page")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: u16 = 200;

    /// What becomes of a request with these headers to a runtime on port 8088.
    fn check(uri: &str, headers: &[(&'static str, &'static str)], expected: u16) {
        let mut map = HeaderMap::new();
        for &(name, value) in headers {
            map.append(name, value.parse().unwrap());
        }
        let checked = Guard::new(8088).check(&uri.parse().unwrap(), &map);
        let status = checked.map_or_else(|refusal| refusal.status.as_u16(), |()| OK);
        assert_eq!(status, expected, "{uri} {headers:?}");
    }

    #[test]
    fn a_request_must_name_us() {
        for host in ["localhost:8088", "LOCALHOST:8088", "127.0.0.1:8088", "[::1]:8088"] {
            check("/healthz", &[("host", host)], OK);
        }
        for host in [
            "evil.example:8088",
            "localhost",
            "localhost:80",
            "localhost:8089",
            "localhost:08088",
            "localhost.evil.example:8088",
            "evil.localhost:8088",
            "127.0.0.1.evil.example:8088",
            "127.0.0.2:8088",
            "0.0.0.0:8088",
            "192.168.0.7:8088",
            "[::ffff:127.0.0.1]:8088",
            "user@localhost:8088",
            "localhost:8088:8088",
            "",
        ] {
            check("/healthz", &[("host", host)], 421);
        }
        check("/healthz", &[], 403);
        check("/healthz", &[("host", "localhost:8088"), ("host", "evil.example:8088")], 403);
        check("http://evil.example:8088/healthz", &[("host", "localhost:8088")], 421);
        check("http://localhost:8088/healthz", &[("host", "evil.example:8088")], 421);
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let from = |name, value, expected| check("/", &[("host", "localhost:8088"), (name, value)], expected);
        for origin in ["http://localhost:8088", "http://127.0.0.1:8088", "http://[::1]:8088"] {
            from("origin", origin, OK);
        }
        for origin in [
            "null",
            "",
            "https://evil.example",
            "http://evil.example:8088",
            "http://localhost:3000",
            "https://localhost:8088",
            "http://192.168.0.7:8088",
            "http://localhost:8088.evil.example",
        ] {
            from("origin", origin, 403);
        }
        for (site, expected) in [("same-origin", OK), ("none", OK), ("same-site", 403), ("cross-site", 403)] {
            from("sec-fetch-site", site, expected);
        }
    }
}
