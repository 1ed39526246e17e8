//! Headers that travel beside an event, for those who follow it on its way. They are no attributes: no filter sees them, and
//! no function finds them in an event.

use alloc::{sync::Arc, vec::Vec};

/// The names of single headers (W3C Trace Context, and the id that proxies give to a request).
const NAMES: [&str; 3] = ["traceparent", "tracestate", "x-request-id"];
/// What the names of others begin with (Knative's own, and Zipkin's).
const PREFIXES: [&str; 2] = ["knative-", "x-b3-"];
/// Names and values together take no more; what comes after that is left out.
const BYTES_MAX: usize = 8192;
/// Before each name and value: how long they are.
const LENGTHS: usize = 3;

/// Names and values, one after the other: `name length u8 | value length u16, little-endian | name | value`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Option<Arc<[u8]>>);

/// Whether a header travels with an event. The name is in lower case.
fn travels(name: &[u8]) -> bool {
    // Nearly all names that come end here.
    matches!(name.first(), Some(b't' | b'x' | b'k'))
        && (NAMES.iter().any(|known| known.as_bytes() == name)
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix.as_bytes())))
}

impl Headers {
    /// Those of a message's headers that travel; names are in lower case. One that HTTP could not write is left out.
    pub fn of<'h>(message: impl Iterator<Item = (&'h [u8], &'h [u8])>) -> Self {
        let mut all = Vec::new();
        for (name, value) in message.filter(|(name, _)| travels(name)) {
            push(&mut all, name, value);
        }
        if all.is_empty() { Self(None) } else { Self(Some(all.into())) }
    }

    /// What [`stored`](Self::stored) gave.
    pub fn from_stored(stored: &[u8]) -> Self {
        // All of it is looked at again: nothing is trusted that lay on a disk.
        Self::of(Entries(stored).map(|(name, value)| (name.as_bytes(), value)))
    }

    /// All of it, as it is stored.
    pub fn stored(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// All names with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        Entries(self.stored())
    }
}

fn push(all: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let (Ok(name_len), Ok(value_len)) = (u8::try_from(name.len()), u16::try_from(value.len())) else {
        return;
    };
    let is_token =
        name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-');
    let is_text = value.iter().all(|byte| (b' '..=b'~').contains(byte));
    let fits = all.len() + LENGTHS + name.len() + value.len() <= BYTES_MAX;
    if is_token && is_text && fits {
        all.push(name_len);
        all.extend_from_slice(&value_len.to_le_bytes());
        all.extend_from_slice(name);
        all.extend_from_slice(value);
    }
}

/// Reads what is stored, up to where it breaks off.
struct Entries<'s>(&'s [u8]);

impl<'s> Iterator for Entries<'s> {
    type Item = (&'s str, &'s [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let ([name, low, high], rest) = self.0.split_first_chunk()?;
        let (name, rest) = rest.split_at_checked(usize::from(*name))?;
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([*low, *high])))?;
        self.0 = rest;
        Some((core::str::from_utf8(name).ok()?, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn headers(all: &[(&str, &str)]) -> Headers {
        Headers::of(all.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
    }

    fn names(headers: &Headers) -> Vec<&str> {
        headers.iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn those_travel_that_follow_an_event_and_no_others() {
        let all = headers(&[
            ("traceparent", "00-1"),
            ("tracestate", "a=1"),
            ("x-request-id", "7"),
            ("x-b3-traceid", "b"),
            ("knative-x", ""),
            ("x-request-ids", "8"),
            ("authorization", "secret"),
            ("ce-id", "1"),
            ("content-type", "text/plain"),
            ("traceparents", "1"),
            ("knative", "1"),
        ]);
        assert_eq!(names(&all), ["traceparent", "tracestate", "x-request-id", "x-b3-traceid", "knative-x"]);
        assert_eq!(all.iter().last(), Some(("knative-x", &b""[..])));
        assert_eq!(Headers::from_stored(all.stored()), all);
        assert!(headers(&[("accept", "*/*")]).is_empty());
    }

    #[test]
    fn what_http_could_not_write_is_left_out() {
        let all = headers(&[("x-b3-a", "line\nbreak"), ("x-b3-b", "é"), ("x-b3-ü", "1"), ("x-b3-c", "1")]);
        assert_eq!(names(&all), ["x-b3-c"]);
    }

    #[test]
    fn they_have_room_and_no_more() {
        let long = "v".repeat(4000);
        let all = headers(&[("x-b3-a", &long), ("x-b3-b", &long), ("x-b3-c", &long), ("x-b3-d", "1")]);
        assert_eq!(names(&all), ["x-b3-a", "x-b3-b", "x-b3-d"]);
    }

    #[test]
    fn what_is_stored_and_broken_harms_nobody() {
        let all = headers(&[("traceparent", "00-1"), ("x-request-id", "7")]);
        for len in 0..all.stored().len() {
            let cut = Headers::from_stored(&all.stored()[..len]);
            assert!(cut.iter().count() < 2, "{cut:?}");
        }
        assert!(Headers::from_stored(&[0xff; 64]).is_empty());
    }
}
