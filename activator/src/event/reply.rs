//! An event that somebody answered with. It may come without an id: one is made of what it answers, so that who is asked
//! the same thing twice answers with the same event.

use bytes::Bytes;

use super::{Builder, Event, EventError, Headers, identity};

/// Stands where the id is to be, until it is known what is answered.
const STAND_IN: &[u8] = b"-";

/// An event that is an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    event: Event,
    /// Whether it came with an id of its own.
    has_id: bool,
}

impl Reply {
    /// The same answer with these headers in place of those it had.
    #[must_use]
    pub fn with_headers(self, headers: Headers) -> Self {
        Self { event: self.event.with_headers(headers), ..self }
    }

    /// The event, as an answer to `asked` that was given for `by`: a subscription, say. Its id is its own, or made of the
    /// three: there is at most one event in an answer. One without headers has those of `asked`, so that it can be followed.
    ///
    /// # Errors
    /// When there is no room for the id that is made.
    pub fn to(self, asked: &Event, by: &str) -> Result<Event, EventError> {
        let has_headers = !self.event.headers().is_empty();
        let event = if has_headers { self.event } else { self.event.with_headers(asked.headers().clone()) };
        if self.has_id { Ok(event) } else { event.with("id", &identity::derived(asked, by)) }
    }
}

impl From<Event> for Reply {
    fn from(event: Event) -> Self {
        Self { event, has_id: true }
    }
}

impl Builder {
    /// The event that somebody answered with: nothing required is missing, but perhaps its id.
    pub(super) fn build_reply(&mut self, data: Bytes) -> Result<Reply, EventError> {
        let has_id = self.contains(b"id");
        if !has_id {
            self.plain(b"id", STAND_IN)?;
        }
        Ok(Reply { event: self.build_received(data)?, has_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{http, json};

    fn asked(id: &str) -> Event {
        let mut event = Event::builder();
        for (name, value) in [("source", "/shop"), ("id", id), ("type", "order")] {
            event.attribute(name, value).unwrap();
        }
        event.build(Bytes::new()).unwrap()
    }

    fn said(text: &str) -> Result<Reply, EventError> {
        json::decode_reply(&Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn an_id_of_its_own_stays() {
        let reply = said(r#"{"specversion":"1.0","id":"mine","source":"/s","type":"t"}"#).unwrap();
        assert_eq!(reply.to(&asked("1"), "trigger/bill").unwrap().id(), "mine");
    }

    #[test]
    fn without_one_it_is_made_of_what_is_answered_and_for_whom() {
        for text in [
            r#"{"specversion":"1.0","source":"/s","type":"t","data":7}"#,
            r#"{"specversion":"1.0","id":null,"source":"/s","type":"t","data":7}"#,
            r#"{"specversion":"0.3","source":"/s","type":"t","data":7}"#,
        ] {
            let id = |asked: &Event, by| {
                alloc::string::String::from(said(text).unwrap().to(asked, by).unwrap().id())
            };
            let first = id(&asked("1"), "trigger/bill");
            assert_eq!(first.len(), 36, "{first}");
            assert_eq!(id(&asked("1"), "trigger/bill"), first);
            assert_ne!(id(&asked("2"), "trigger/bill"), first);
            assert_ne!(id(&asked("1"), "trigger/ship"), first);
            assert_eq!(said(text).unwrap().to(&asked("1"), "x").unwrap().data(), "7");
        }
        let headers: [(&str, &[u8]); 3] =
            [("ce-specversion", b"1.0"), ("ce-source", b"/s"), ("ce-type", b"t")];
        let reply = http::decode_reply(http::Mode::Binary, headers.into_iter(), Bytes::new()).unwrap();
        let made = reply.to(&asked("1"), "trigger/bill").unwrap();
        assert_eq!(made.id(), said(TEXT).unwrap().to(&asked("1"), "trigger/bill").unwrap().id());
    }

    #[test]
    fn one_without_headers_has_those_of_what_it_answers() {
        let headers = |id: &'static str| Headers::of([(&b"x-request-id"[..], id.as_bytes())].into_iter());
        let asked = asked("1").with_headers(headers("7"));
        let own = said(TEXT).unwrap().with_headers(headers("8"));
        assert_eq!(*said(TEXT).unwrap().to(&asked, "x").unwrap().headers(), headers("7"));
        assert_eq!(*own.to(&asked, "x").unwrap().headers(), headers("8"));
    }

    const TEXT: &str = r#"{"specversion":"1.0","source":"/s","type":"t"}"#;

    #[test]
    fn whatever_else_is_missing_or_wrong_is_an_error() {
        for (text, what) in [
            (r#"{"specversion":"1.0","type":"t"}"#, "source"),
            (r#"{"specversion":"1.0","source":"/s"}"#, "type"),
            (r#"{"source":"/s","type":"t"}"#, "specversion"),
            (r#"{"specversion":"1.0","id":"","source":"/s","type":"t"}"#, "id"),
            (r#"{"specversion":"1.0","id":7,"source":"/s","type":"t"}"#, "id"),
        ] {
            let error = said(text).unwrap_err();
            assert!(alloc::format!("{error}").contains(what), "{text}: {error}");
        }
    }
}
