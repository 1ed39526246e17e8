//! The head of an answer: its status, its fields, and how its body ends (RFC 9112, sections 4 to 6).

use std::mem::MaybeUninit;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use httparse::{ParserConfig, Response, Status};
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::Broken;

const FIELDS_MAX: usize = 100;
/// What most answers have at most.
const FIELDS: usize = 12;
/// What is added to an answer that is passed on, at most.
const MORE: usize = 4;

/// Where name and value of each field are in the head.
type Places = SmallVec<[(Range<u32>, Range<u32>); FIELDS]>;

#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Bytes, the blank line included.
    pub(super) length: usize,
    pub(super) fields: Unbound,
    pub(super) framing: Framing,
    /// Whether the connection can be used again after the body.
    pub(super) is_kept: bool,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    UntilClosed,
}

/// Fields without their text.
#[derive(Debug)]
pub(super) struct Unbound(Places);

/// Names and values; the names in lower case.
#[derive(Debug)]
pub(in crate::dispatch) struct Fields {
    head: Bytes,
    places: Places,
}

/// What fields say of connection and body.
#[derive(Debug, Default)]
struct Said {
    length: Option<u64>,
    is_chunked: bool,
    is_encoded: bool,
    close: bool,
    keep_alive: bool,
}

impl Head {
    /// Nothing while it is not whole. Names become lower case where they are.
    pub(super) fn parse(read: &mut BytesMut) -> Result<Option<Self>, Broken> {
        let Some((length, status, version, places)) = places(read)? else { return Ok(None) };
        let mut said = Said::default();
        for (name, value) in &places {
            read[range(name)].make_ascii_lowercase();
            said.hear(&read[range(name)], &read[range(value)])?;
        }
        let framing = match (status, said.length) {
            // 101 is the end of HTTP on this connection.
            (100..200 | 204 | 304, _) => Framing::Length(0),
            _ if said.is_chunked => Framing::Chunked,
            (_, Some(length)) if !said.is_encoded => Framing::Length(length),
            _ => Framing::UntilClosed,
        };
        // Of a body whose length is told twice who knows where the next answer begins (RFC 9112, 6.3).
        let is_doubtful = said.is_encoded && (said.length.is_some() || version == 0);
        let is_kept = if version == 0 { said.keep_alive } else { !said.close };
        let is_kept = is_kept && !is_doubtful && framing != Framing::UntilClosed && status != 101;
        Ok(Some(Self { status, length, fields: Unbound(places), framing, is_kept }))
    }

    /// Whether another one follows.
    pub(super) const fn is_informational(&self) -> bool {
        matches!(self.status, 100..200) && self.status != 101
    }
}

impl Said {
    fn hear(&mut self, name: &[u8], value: &[u8]) -> Result<(), Broken> {
        match name {
            b"content-length" => {
                let length = length(value).ok_or(Broken::Malformed("its content-length is no number"))?;
                if self.length.is_some_and(|other| other != length) {
                    return Err(Broken::Malformed("it has two lengths"));
                }
                self.length = Some(length);
            }
            b"transfer-encoding" => {
                self.is_encoded = true;
                self.is_chunked =
                    items(value).last().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"));
            }
            b"connection" => {
                self.close |= items(value).any(|item| item.eq_ignore_ascii_case(b"close"));
                self.keep_alive |= items(value).any(|item| item.eq_ignore_ascii_case(b"keep-alive"));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Unbound {
    pub(super) fn of(self, head: Bytes) -> Fields {
        Fields { head, places: self.0 }
    }
}

impl Fields {
    pub(in crate::dispatch) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        // What the parser took for a name is ASCII.
        let name = |place| std::str::from_utf8(&self.head[range(place)]).unwrap_or_default();
        self.places.iter().map(move |(of, value)| (name(of), &self.head[range(value)]))
    }

    /// The same for hyper, which shares what was read. Nothing when it does not take them.
    pub(in crate::dispatch) fn map(&self) -> Option<HeaderMap> {
        let mut map = HeaderMap::with_capacity(self.places.len() + MORE);
        for (of, value) in &self.places {
            let name = HeaderName::from_bytes(&self.head[range(of)]).ok()?;
            map.append(name, HeaderValue::from_maybe_shared(self.head.slice(range(value))).ok()?);
        }
        Some(map)
    }

    /// The first value of a name.
    pub(in crate::dispatch) fn get(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self.places.iter().find(|(of, _)| self.head[range(of)] == *name.as_bytes())?;
        Some(&self.head[range(value)])
    }
}

/// The head's length, status, minor version and fields.
fn places(read: &[u8]) -> Result<Option<(usize, u16, u8, Places)>, Broken> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let mut response = Response::new(&mut []);
    let parsed = ParserConfig::default()
        .parse_response_with_uninit_headers(&mut response, read, &mut fields)
        .map_err(|error| match error {
            httparse::Error::TooManyHeaders => Broken::Malformed("it has more than 100 header fields"),
            httparse::Error::Status | httparse::Error::Version => {
                Broken::Malformed("it does not begin with a status line")
            }
            _ => Broken::Malformed("its header fields cannot be read"),
        })?;
    let (Status::Complete(length), Some(status), Some(version)) = (parsed, response.code, response.version)
    else {
        return Ok(None);
    };
    let place = |part: &[u8]| {
        let begin = (part.as_ptr().addr() - read.as_ptr().addr()) as u32;
        begin..begin + part.len() as u32
    };
    let places = response.headers.iter().map(|field| (place(field.name.as_bytes()), place(field.value)));
    Ok(Some((length, status, version, places.collect())))
}

const fn range(place: &Range<u32>) -> Range<usize> {
    place.start as usize..place.end as usize
}

/// Digits only: `+1` is a number to Rust, and none here.
fn length(value: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(value).ok()?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(head: &str) -> Result<Option<Head>, Broken> {
        Head::parse(&mut BytesMut::from(head))
    }

    fn framing(fields: &str) -> (Framing, bool) {
        let head = parse(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n")).unwrap().unwrap();
        (head.framing, head.is_kept)
    }

    #[test]
    fn the_body_ends_as_the_head_says() {
        assert_eq!(framing("Content-Length: 12\r\n"), (Framing::Length(12), true));
        assert_eq!(framing("Content-Length: 12\r\ncontent-length: 12\r\n"), (Framing::Length(12), true));
        assert_eq!(framing("Transfer-Encoding: Chunked\r\n"), (Framing::Chunked, true));
        assert_eq!(framing("transfer-encoding: gzip, chunked\r\n"), (Framing::Chunked, true));
        assert_eq!(framing("transfer-encoding: gzip\r\n"), (Framing::UntilClosed, false));
        assert_eq!(framing(""), (Framing::UntilClosed, false));
        assert_eq!(framing("content-length: 1\r\nConnection: x, Close\r\n"), (Framing::Length(1), false));
    }

    #[test]
    fn an_answer_whose_length_is_told_twice_is_the_last_of_its_connection() {
        assert_eq!(
            framing("content-length: 3\r\ntransfer-encoding: chunked\r\n"),
            (Framing::Chunked, false),
            "RFC 9112, 6.3: what follows may have been smuggled in"
        );
        for wrong in [
            "content-length: 1\r\ncontent-length: 2\r\n",
            "content-length: +1\r\n",
            "content-length: 1, 1\r\n",
        ] {
            assert!(
                matches!(parse(&format!("HTTP/1.1 200 OK\r\n{wrong}\r\n")), Err(Broken::Malformed(_))),
                "{wrong}"
            );
        }
    }

    #[test]
    fn some_statuses_have_no_body_whatever_their_fields_say() {
        for status in [204, 304] {
            let head = parse(&format!("HTTP/1.1 {status} x\r\ncontent-length: 5\r\n\r\n")).unwrap().unwrap();
            assert_eq!((head.framing, head.is_kept), (Framing::Length(0), true));
        }
        let head = parse("HTTP/1.1 101 Switching Protocols\r\n\r\n").unwrap().unwrap();
        assert!(!head.is_kept && !head.is_informational(), "nobody speaks HTTP there any more");
        assert!(parse("HTTP/1.1 103 Early Hints\r\n\r\n").unwrap().unwrap().is_informational());
    }

    #[test]
    fn an_old_server_keeps_a_connection_only_when_it_says_so() {
        let kept = |fields| parse(&format!("HTTP/1.0 200 OK\r\n{fields}\r\n")).unwrap().unwrap().is_kept;
        assert!(!kept("content-length: 0\r\n"));
        assert!(kept("content-length: 0\r\nconnection: Keep-Alive\r\n"));
        assert!(!kept("transfer-encoding: chunked\r\nconnection: keep-alive\r\n"));
    }

    #[test]
    fn names_are_in_lower_case_and_values_as_they_came() {
        let mut read = BytesMut::from("HTTP/1.1 200 OK\r\nCe-Id: A b\r\nX:\r\n\r\nHello");
        let head = Head::parse(&mut read).unwrap().unwrap();
        let fields = head.fields.of(read.split_to(head.length).freeze());
        assert_eq!(fields.iter().collect::<Vec<_>>(), [("ce-id", &b"A b"[..]), ("x", b"")]);
        assert_eq!([fields.get("ce-id"), fields.get("ce")], [Some(&b"A b"[..]), None]);
        assert_eq!(&read[..], b"Hello");
    }

    #[test]
    fn what_is_no_head_is_said_to_be_none() {
        for wrong in ["HELO\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\na b\r\n\r\n"] {
            assert!(matches!(parse(wrong), Err(Broken::Malformed(_))), "{wrong}");
        }
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(FIELDS_MAX + 1));
        assert!(matches!(parse(&many), Err(Broken::Malformed(_))));
        let whole = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut]).unwrap().is_none(), "{cut}");
        }
    }
}
