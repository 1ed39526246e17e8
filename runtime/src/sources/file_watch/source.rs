//! A source that watches a folder, as the configuration says it is, and the events it makes.

use std::path::PathBuf;
use std::sync::Arc;

use activator::event::{Event, EventError};
use bytes::Bytes;
use jiff::Timestamp;

use super::pattern::Pattern;
use super::stamp::Stamp;
use crate::sources::Outlet;

/// What files hold, by the ends of their names.
const MEDIA_TYPES: [(&str, &str); 13] = [
    ("csv", "text/csv"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("txt", "text/plain"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];
const BYTES: &str = "application/octet-stream";

/// `[source.NAME]` of type file-watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileWatch {
    pub(crate) name: Arc<str>,
    pub(crate) folder: PathBuf,
    /// Nothing = all names.
    pub(crate) names: Option<Pattern>,
    pub(crate) on: Vec<Occasion>,
    /// Whether events have what files hold, as far as that is not too much.
    pub(crate) data: bool,
    /// Whether files are told of that are there when nothing is known of the folder.
    pub(crate) existing: bool,
    /// Of its events, in place of their own.
    pub(crate) event_type: Option<String>,
    pub(crate) outlet: Outlet,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    Write,
    Delete,
}

impl Occasion {
    const fn event_type(self) -> &'static str {
        match self {
            Self::Write => "dev.hydrant.file.written",
            Self::Delete => "dev.hydrant.file.deleted",
        }
    }
}

impl FileWatch {
    pub(super) fn tells(&self, what: Occasion) -> bool {
        self.on.contains(&what)
    }

    /// Whether it looks at files of this name.
    pub(super) fn is_meant(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.matches(name))
    }

    /// What it is that is known of: with another folder or other names, nothing is.
    pub(crate) fn place(&self) -> String {
        let names = self.names.as_ref().map_or("*", Pattern::text);
        self.folder.join(names).display().to_string()
    }

    /// That of a file that is complete.
    pub(super) fn written(
        &self,
        name: &str,
        stamp: &Stamp,
        data: Option<Bytes>,
    ) -> Result<Event, EventError> {
        let attributes =
            [("id", stamp.id(name)), ("time", stamp.written().to_string()), ("size", stamp.size.to_string())];
        let media_type = data.as_ref().map(|_| media_type(name));
        self.event(Occasion::Write, name, &attributes, media_type, data.unwrap_or_default())
    }

    /// That of a file that is gone, by what was known of it.
    pub(super) fn deleted(&self, name: &str, stamp: &Stamp) -> Result<Event, EventError> {
        let id = format!("{}-deleted", stamp.id(name));
        let attributes = [("id", id), ("time", Timestamp::now().to_string())];
        self.event(Occasion::Delete, name, &attributes, None, Bytes::new())
    }

    fn event(
        &self,
        what: Occasion,
        name: &str,
        attributes: &[(&str, String)],
        media_type: Option<&str>,
        data: Bytes,
    ) -> Result<Event, EventError> {
        let mut event = Event::builder();
        event.attribute("source", &format!("/apis/v1/namespaces/default/filewatchsources/{}", self.name))?;
        event.attribute("type", self.event_type.as_deref().unwrap_or_else(|| what.event_type()))?;
        event.attribute("subject", name)?;
        for (name, value) in attributes {
            event.attribute(name, value)?;
        }
        if let Some(media_type) = media_type {
            event.attribute("datacontenttype", media_type)?;
        }
        for (name, value) in &self.outlet.extensions {
            event.attribute(name, value)?;
        }
        event.build(data)
    }
}

fn media_type(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let known = MEDIA_TYPES.iter().find(|(known, _)| end.eq_ignore_ascii_case(known));
    known.map_or(BYTES, |(_, media_type)| media_type)
}
