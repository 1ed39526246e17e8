//! A caller's request as the function is to see it: by its own path, and with who called.

use std::net::IpAddr;

use hyper::header::{EXPECT, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, TE};
use hyper::http::request::Parts;
use hyper::{Uri, Version};

use crate::dispatch::hop;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Room for what one hop adds to a list.
const ITEM: usize = 64;

/// Makes the head one that goes to the function.
pub(super) fn prepare(head: &mut Parts, path: &str, peer: IpAddr) {
    let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(uri) = format!("{path}{query}").parse::<Uri>() {
        head.uri = uri;
    }
    let upgrade = hop::upgrade(&head.headers);
    let trailers = wants_trailers(&head.headers);
    // Ours ends here: the connection to the function has its own.
    hop::strip(&mut head.headers);
    if trailers {
        head.headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(to) = upgrade {
        hop::set_upgrade(&mut head.headers, to);
    }
    tell_who_calls(&mut head.headers, peer);
    // It is answered when the body is asked for.
    head.headers.remove(EXPECT);
    // HTTP/1.0 callers too are heard over a connection that is kept.
    head.version = Version::HTTP_11;
}

fn wants_trailers(headers: &HeaderMap) -> bool {
    let wanted = headers.get(TE).and_then(|wanted| wanted.to_str().ok()).unwrap_or_default();
    wanted.split(',').any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
}

/// Adds this hop to those before it (RFC 7239), also in the older headers that most programs look at. What a proxy
/// before us says of host and scheme is what the caller saw.
fn tell_who_calls(headers: &mut HeaderMap, peer: IpAddr) {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned();
    let text = peer.to_string();
    let (begin, end) = if peer.is_ipv6() { ("\"[", "]\"") } else { ("", "") };
    add(headers, FORWARDED, &["for=", begin, &text, end, ";host=\"", &host, "\";proto=http"]);
    add(headers, FORWARDED_FOR, &[&text]);
    for (name, value) in [(FORWARDED_HOST, &*host), (FORWARDED_PROTO, "http")] {
        if !headers.contains_key(&name)
            && let Ok(value) = HeaderValue::from_str(value)
        {
            headers.insert(name, value);
        }
    }
}

/// Adds an item to a list, in one line.
fn add(headers: &mut HeaderMap, name: HeaderName, item: &[&str]) {
    let before = headers.get_all(&name).iter().filter_map(|value| value.to_str().ok());
    let mut all = String::with_capacity(ITEM);
    all.extend(before.flat_map(|before| [before, ", "]));
    all.extend(item.iter().copied());
    if let Ok(value) = HeaderValue::from_str(&all) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn prepared(headers: &[(&'static str, &'static str)], peer: &str) -> HeaderMap {
        let mut request = Request::builder().uri("/fn/hello/a?b=c");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut head = request.body(()).unwrap().into_parts().0;
        prepare(&mut head, "/a", peer.parse().unwrap());
        assert_eq!(head.uri, "/a?b=c");
        head.headers
    }

    #[test]
    fn the_function_learns_who_called() {
        let headers = prepared(&[("host", "hello.localhost:8080")], "127.0.0.1");
        assert_eq!(headers["forwarded"], "for=127.0.0.1;host=\"hello.localhost:8080\";proto=http");
        assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
        assert_eq!(headers["x-forwarded-host"], "hello.localhost:8080");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert_eq!(headers["host"], "hello.localhost:8080");
    }

    #[test]
    fn who_was_there_before_stays_in_the_list() {
        let before = [
            ("host", "localhost"),
            ("forwarded", "for=10.0.0.1;proto=https"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-proto", "https"),
        ];
        let headers = prepared(&before, "::1");
        let both = "for=10.0.0.1;proto=https, for=\"[::1]\";host=\"localhost\";proto=http";
        assert_eq!(headers["forwarded"], both);
        assert_eq!(headers["x-forwarded-for"], "10.0.0.1, ::1");
        assert_eq!(headers["x-forwarded-proto"], "https");
    }

    #[test]
    fn what_is_about_the_callers_connection_ends_with_it() {
        let headers = [
            ("host", "localhost"),
            ("connection", "keep-alive, te"),
            ("te", "trailers, deflate"),
            ("expect", "100-continue"),
            ("upgrade", "websocket"),
        ];
        let headers = prepared(&headers, "127.0.0.1");
        assert_eq!(headers["te"], "trailers");
        for gone in ["connection", "expect", "upgrade"] {
            assert!(!headers.contains_key(gone), "{gone}");
        }
        let headers = prepared(&[("connection", "Upgrade"), ("upgrade", "websocket")], "127.0.0.1");
        assert_eq!([&headers["connection"], &headers["upgrade"]], ["upgrade", "websocket"]);
    }
}
