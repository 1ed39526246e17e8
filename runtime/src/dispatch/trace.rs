//! The headers that travel with an event, written for its next hop.

use std::hash::{BuildHasher, RandomState};

use activator::event::Event;

/// Where they are in Knative's world. There is one here.
const NAMESPACE: &[u8] = b"default";
/// `version-trace-parent-flags`, of version 00 (W3C Trace Context, section 3.2.2 "traceparent Header Field Values").
const PARENT_AT: std::ops::Range<usize> = 36..52;
const LENGTH: usize = 55;

/// Gives them; in `traceparent` we are the parent from here on. Nobody's trace is begun.
pub(super) fn write(event: &Event, mut add: impl FnMut(&str, &[u8])) {
    add("kn-namespace", NAMESPACE);
    for (name, value) in event.headers().iter() {
        let next = if name == "traceparent" { next_hop(value) } else { None };
        add(name, next.as_ref().map_or(value, |next| next));
    }
}

/// The same trace with another parent. What is no `traceparent` that we know is passed on as it is.
fn next_hop(value: &[u8]) -> Option<[u8; LENGTH]> {
    let mut next: [u8; LENGTH] = value.try_into().ok().filter(|_| is_known(value))?;
    // Never 0, which means none.
    let parent = RandomState::new().hash_one(value) | 1;
    next[PARENT_AT].copy_from_slice(format!("{parent:016x}").as_bytes());
    Some(next)
}

fn is_known(value: &[u8]) -> bool {
    let is_dash = |at: usize| matches!(at, 2 | 35 | 52);
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    value.len() == LENGTH
        && value.starts_with(b"00-")
        && value.iter().enumerate().all(|(at, &byte)| if is_dash(at) { byte == b'-' } else { is_hex(byte) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use activator::event::Headers;

    use super::*;
    use crate::history::fixture;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn sent(headers: &[(&str, &str)]) -> BTreeMap<String, String> {
        let all = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let event = fixture::event("1", "/test", "test", b"").with_headers(Headers::of(all));
        let mut sent = BTreeMap::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        write(&event, |name, value| drop(sent.insert(name.to_owned(), text(value))));
        sent
    }

    #[test]
    fn each_hop_is_a_span_of_the_same_trace() {
        let hop = || sent(&[("traceparent", PARENT)])["traceparent"].clone();
        let (one, other) = (hop(), hop());
        assert_ne!(one, other);
        for hop in [one, other] {
            assert_eq!((&hop[..36], &hop[52..]), (&PARENT[..36], &PARENT[52..]));
            assert_ne!(hop, PARENT);
            assert!(is_known(hop.as_bytes()), "{hop}");
        }
    }

    #[test]
    fn what_is_not_known_stays_as_it_is_and_no_trace_is_begun() {
        for other in [PARENT.to_uppercase(), PARENT.replace("00-4", "01-4"), "x".into()] {
            assert_eq!(sent(&[("traceparent", &other)])["traceparent"], *other);
        }
        let plain = sent(&[("x-request-id", "7")]);
        assert_eq!((&*plain["x-request-id"], &*plain["kn-namespace"]), ("7", "default"));
        assert_eq!(plain.len(), 2);
    }
}
