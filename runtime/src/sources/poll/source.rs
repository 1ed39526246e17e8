//! A source that asks a URL, as the configuration says it is: its request, and the event of what is new.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use activator::event::{Event, EventError};
use bytes::Bytes;
use hyper::Uri;
use jiff::Timestamp;

use super::seen::Seen;
use super::turn::Trouble;
use crate::config::resolved::Secrets;
use crate::dispatch::{Got, get};
use crate::sources::Outlet;

const AGENT: &str = concat!("hydrant/", env!("CARGO_PKG_VERSION"));
/// An event whose data were of this type would be read as another event, by whoever gets it.
const EVENTS: &str = "application/cloudevents";

/// `[source.NAME]` of type http-poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Poll {
    pub(crate) name: Arc<str>,
    pub(crate) url: Uri,
    /// From an answer to the next request.
    pub(crate) every: Duration,
    /// Or why they cannot be had.
    pub(crate) headers: Result<Headers, String>,
    /// Where the values of headers stand that are no part of the configuration.
    pub(crate) files: Box<[PathBuf]>,
    pub(crate) ty: String,
    pub(crate) subject: Option<String>,
    pub(crate) outlet: Outlet,
}

/// Headers of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    pub(crate) written: Vec<(String, String)>,
    pub(crate) secrets: Secrets,
}

/// What a URL has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(super) body: Bytes,
    pub(super) content_type: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) modified: Option<String>,
}

impl Poll {
    /// What its events are called, unless they are called something else.
    pub(crate) const TYPE: &str = "dev.hydrant.sources.http-poll";

    /// The URL without its query, in which there may be a secret.
    pub(crate) fn shown(&self) -> String {
        let url = self.url.to_string();
        url.split('?').next().unwrap_or_default().to_owned()
    }

    /// The event of what is new.
    pub(crate) fn event(&self, id: &str, time: Timestamp, fetched: &Fetched) -> Result<Event, EventError> {
        let mut event = Event::builder();
        event.attribute("id", id)?;
        event.attribute("source", &self.shown())?;
        event.attribute("type", &self.ty)?;
        event.attribute("time", &time.to_string())?;
        let optional = [("subject", &self.subject), ("datacontenttype", &fetched.content_type)];
        for (name, value) in optional {
            if let Some(value) = value {
                event.attribute(name, value)?;
            }
        }
        for (name, value) in &self.outlet.extensions {
            event.attribute(name, value)?;
        }
        event.build(fetched.body.clone())
    }

    /// Asks for what is there. Nothing where the server says that this was seen.
    pub(super) async fn fetch(&self, seen: Option<&Seen>, most: usize) -> Result<Option<Fetched>, Trouble> {
        let own = self.headers.as_ref().map_err(|why| Trouble::new(why.as_str()))?;
        let mut headers = own.all();
        headers.push(("accept-encoding", "identity"));
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")) {
            headers.push(("user-agent", AGENT));
        }
        let validators =
            seen.map(|seen| [("if-none-match", &seen.etag), ("if-modified-since", &seen.modified)]);
        let known = validators.iter().flatten().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        headers.extend(known);
        let got = get(&self.url, &headers, most).await.map_err(Trouble::new)?;
        Fetched::of(&got, most)
    }
}

impl Headers {
    fn all(&self) -> Vec<(&str, &str)> {
        let written = self.written.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        written.chain(self.secrets.reveal()).collect()
    }
}

impl Fetched {
    fn of(got: &Got, most: usize) -> Result<Option<Self>, Trouble> {
        let retry_after = got.retry_after();
        let trouble = |reason: String| Err(Trouble { reason, retry_after });
        match got.status() {
            304 => return Ok(None),
            200..300 => {}
            status @ 300..400 => return trouble(format!("it answered {status}: redirects are not followed")),
            status => return trouble(format!("it answered {status}")),
        }
        if let Some(encoding) =
            got.header("content-encoding").filter(|is| !is.eq_ignore_ascii_case("identity"))
        {
            return trouble(format!("its body is encoded as {encoding}, which was not asked for"));
        }
        let Some(body) = got.body() else {
            return trouble(format!(
                "its body has more than {most} bytes, the most that an event may have there"
            ));
        };
        let header = |name: &str| got.header(name).map(str::to_owned);
        let content_type = header("content-type").filter(|ty| !ty.to_ascii_lowercase().starts_with(EVENTS));
        let (etag, modified) = (header("etag"), header("last-modified"));
        Ok(Some(Self { body: body.clone(), content_type, etag, modified }))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::resolved::ChannelKind;

    pub(in super::super) fn poll(url: &str) -> Poll {
        let channel = (ChannelKind::Source, "prices".into());
        Poll {
            name: "prices".into(),
            url: url.parse().unwrap(),
            every: Duration::from_secs(60),
            headers: Ok(Headers::default()),
            files: Box::default(),
            ty: Poll::TYPE.into(),
            subject: None,
            outlet: Outlet { channel, to: "fn/bill".into(), extensions: Vec::new() },
        }
    }

    #[test]
    fn an_event_tells_where_it_comes_from_and_no_secret() {
        let mut poll = poll("http://x:81/prices?key=hunter2");
        poll.subject = Some("eu".into());
        poll.outlet.extensions = vec![("region".into(), "eu".into())];
        let fetched =
            Fetched { body: "12".into(), content_type: Some("text/csv".into()), ..Fetched::default() };
        let event = poll.event("1", Timestamp::default(), &fetched).unwrap();
        assert_eq!(
            (event.source(), event.ty(), &event.data()[..]),
            ("http://x:81/prices", Poll::TYPE, &b"12"[..])
        );
        let expected = [
            ("subject", "eu"),
            ("datacontenttype", "text/csv"),
            ("region", "eu"),
            ("time", "1970-01-01T00:00:00Z"),
        ];
        for (name, value) in expected {
            assert_eq!(event.get(name), Some(value));
        }
    }
}
