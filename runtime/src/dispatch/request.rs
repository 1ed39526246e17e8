//! The request that events become.

use activator::delivery::Format;
use activator::event::Event;
use activator::event::http as binding;
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Uri};

use super::http1::put_field;
use super::trace;

/// What is sent over hyper: an event's data, or a caller's body as it comes.
pub(super) type RequestBody = Either<Full<Bytes>, Incoming>;

/// Room for the headers of most events.
const HEADERS: usize = 16;

/// What is sent to have events handled.
#[derive(Debug)]
pub(super) enum Message<'a> {
    /// In binary or structured mode. In binary mode its data is shared, not copied.
    Event { event: &'a Event, format: Format, to: To<'a> },
    /// In batched mode, already written. There is no reply to many.
    Batch(Bytes),
}

/// Whom it is sent to.
#[derive(Clone, Copy, Debug)]
pub(super) struct To<'a> {
    /// HTTP/1.1 demands one, and Node insists on it.
    pub(super) host: &'a str,
    pub(super) path: &'a str,
}

impl To<'static> {
    /// A process of a function.
    pub(super) const FUNCTION: Self = Self { host: "localhost", path: "/" };
}

impl Message<'_> {
    /// Writes the head of the request, the blank line included; gives its body.
    pub(super) fn write(&self, head: &mut Vec<u8>) -> Bytes {
        let To { host, path } = self.to();
        for part in ["POST ", path, " HTTP/1.1\r\nhost: ", host, "\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        let body = self.headers(|name, value| {
            if is_value(value) {
                put_field(head, name.as_bytes(), value);
            }
        });
        let mut digits = itoa::Buffer::new();
        let length = digits.format(body.len()).as_bytes();
        for part in [&b"content-length: "[..], length, b"\r\n\r\n"] {
            head.extend_from_slice(part);
        }
        body
    }

    /// The same for hyper.
    pub(super) fn request(&self) -> Request<RequestBody> {
        let To { host, path } = self.to();
        // What most events have fits, and nothing is moved.
        let mut headers = HeaderMap::with_capacity(HEADERS);
        let mut add = |name: &str, value: &[u8]| {
            if let (Some(name), Ok(value)) = (header_name(name), HeaderValue::from_bytes(value)) {
                headers.insert(name, value);
            }
        };
        add("host", host.as_bytes());
        let body = self.headers(add);
        let mut request = Request::new(Either::Left(Full::new(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse().unwrap_or_else(|_| Uri::from_static("/"));
        *request.headers_mut() = headers;
        request
    }

    const fn to(&self) -> To<'_> {
        match self {
            Self::Event { to, .. } => *to,
            Self::Batch(_) => To::FUNCTION,
        }
    }

    /// Gives the headers, but for those that HTTP itself wants; then the body.
    fn headers(&self, mut add: impl FnMut(&str, &[u8])) -> Bytes {
        match self {
            Self::Event { event, format, .. } => {
                add("prefer", b"reply");
                trace::write(event, &mut add);
                match format {
                    Format::Binary => {
                        binding::encode_binary(event, add);
                        event.data().clone()
                    }
                    Format::Structured | Format::File => Bytes::from(binding::encode_structured(event, add)),
                }
            }
            Self::Batch(body) => {
                add("content-type", binding::BATCH.as_bytes());
                body.clone()
            }
        }
    }
}

/// The binding gives names of a-z and 0-9, and values without control characters. But what ends a line must never get
/// through, whoever is wrong (RFC 9110, section 5.5).
fn is_value(value: &[u8]) -> bool {
    let (words, rest) = value.as_chunks::<8>();
    let is_plain =
        !words.iter().any(|word| may_hold_control(*word)) && rest.iter().all(|byte| is_printed(*byte));
    is_plain || value.iter().all(|byte| is_printed(*byte) || *byte == b'\t')
}

const fn is_printed(byte: u8) -> bool {
    !byte.is_ascii_control()
}

/// Of eight bytes at once: whether one is below 0x20, or 0x7f, found by what their subtraction borrows. Behind such a one it
/// may be wrong about others.
const fn may_hold_control(word: [u8; 8]) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    let word = u64::from_le_bytes(word);
    let delete = word ^ (ONES * 0x7f);
    let less = word.wrapping_sub(ONES * 0x20) & !word | delete.wrapping_sub(ONES) & !delete;
    less & (ONES << 7) != 0
}

/// The names that every event has need not be checked and copied each time.
fn header_name(name: &str) -> Option<HeaderName> {
    Some(match name {
        "ce-specversion" => const { HeaderName::from_static("ce-specversion") },
        "ce-id" => const { HeaderName::from_static("ce-id") },
        "ce-source" => const { HeaderName::from_static("ce-source") },
        "ce-type" => const { HeaderName::from_static("ce-type") },
        "content-type" => header::CONTENT_TYPE,
        _ => HeaderName::from_bytes(name.as_bytes()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::fixture;

    fn written(message: &Message<'_>) -> (String, Bytes) {
        let mut head = Vec::new();
        let body = message.write(&mut head);
        (String::from_utf8(head).unwrap(), body)
    }

    #[test]
    fn an_event_is_written_as_the_binding_says_and_its_data_is_shared() {
        let event = fixture::event("a b", "/test", "test", b"data");
        let to = To { host: "example.com:81", path: "/in?x=1" };
        let (head, body) = written(&Message::Event { event: &event, format: Format::Binary, to });
        assert!(
            head.starts_with("POST /in?x=1 HTTP/1.1\r\nhost: example.com:81\r\nprefer: reply\r\n"),
            "{head}"
        );
        for line in ["ce-specversion: 1.0", "ce-id: a%20b", "ce-source: /test", "ce-type: test"] {
            assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} in {head}");
        }
        assert!(head.ends_with("\r\ncontent-length: 4\r\n\r\n"), "{head}");
        assert_eq!(body.as_ptr(), event.data().as_ptr());
    }

    #[test]
    fn both_ways_of_sending_say_the_same() {
        let event = fixture::event("1", "/test", "test", b"data");
        let to = To::FUNCTION;
        let messages = [
            Message::Event { event: &event, format: Format::Binary, to },
            Message::Event { event: &event, format: Format::Structured, to },
            Message::Batch(Bytes::from_static(b"[]")),
        ];
        for message in messages {
            let (head, body) = written(&message);
            let request = message.request();
            for (name, value) in request.headers() {
                assert!(
                    head.contains(&format!("{name}: {}\r\n", value.to_str().unwrap())),
                    "{name} in {head}"
                );
            }
            // The line, the length and the blank line.
            assert_eq!(head.lines().count(), request.headers().len() + 3, "{head}");
            let Either::Left(whole) = request.into_body() else { panic!("it is here whole") };
            assert_eq!(hyper::body::Body::size_hint(&whole).exact(), Some(body.len() as u64));
        }
    }

    #[test]
    fn nothing_that_ends_a_line_is_a_value() {
        assert!(is_value("a\tb \u{e9}".as_bytes()));
        for wrong in ["a\r\nx: y", "a\n", "\0", "\u{7f}"] {
            assert!(!is_value(wrong.as_bytes()), "{wrong:?}");
        }
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                let mut value = *b"~ a text of 20 bytes";
                value[at] = byte;
                assert_eq!(is_value(&value), !byte.is_ascii_control() || byte == b'\t', "{byte} at {at}");
            }
        }
    }
}
