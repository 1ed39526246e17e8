//! What is sent: an event that is made of flags, one that is there as a whole, or a batch.

use activator::event::{Event, EventError, json};
use bytes::Bytes;

use super::{Attributes, Send, batch, content_type, read_data};
use crate::cli::exit::Failure;
use crate::cli::global::Global;
use crate::cli::samples::{self, Content};
use crate::event_id;

const SOURCE: &str = "hydrant/send";

/// One event or several.
#[derive(Debug)]
pub(super) enum What {
    /// The same each time.
    Same(Event, u32),
    /// Each with an id of its own.
    Fresh(Draft, u32),
    Batch(Vec<Event>),
}

/// An event but for its id.
#[derive(Debug)]
pub(super) struct Draft {
    attributes: Vec<(String, String)>,
    data: Bytes,
}

impl What {
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Same(_, count) | Self::Fresh(_, count) => *count as usize,
            Self::Batch(events) => events.len(),
        }
    }

    /// The one at this place, from 0.
    pub(super) fn event(&self, at: usize) -> Result<Event, Failure> {
        match self {
            Self::Same(event, _) => Ok(event.clone()),
            Self::Fresh(draft, _) => draft.event(&new_id()?),
            Self::Batch(events) => Ok(events[at].clone()),
        }
    }

    /// Whether it matters which comes first.
    pub(super) const fn is_ordered(&self) -> bool {
        matches!(self, Self::Batch(_))
    }
}

impl Draft {
    fn event(&self, id: &str) -> Result<Event, Failure> {
        let build = || -> Result<Event, EventError> {
            let mut event = Event::builder();
            event.attribute("id", id)?;
            for (name, value) in &self.attributes {
                event.attribute(name, value)?;
            }
            event.build(self.data.clone())
        };
        build().map_err(|error| no_event(&error))
    }
}

impl Send {
    pub(super) fn what(&self, global: &Global) -> Result<What, Failure> {
        if let Some(file) = &self.batch {
            return batch::read(file).map(What::Batch);
        }
        let count = self.count.unwrap_or(1);
        if self.raw {
            return self.raw().map(|event| What::Same(event, count));
        }
        let sample = self.sample.as_deref().map(|name| samples::find(global, name, None)?.content());
        let data = match sample.transpose()? {
            Some(Content::Event(event)) => return self.whole(event).map(|event| What::Same(event, count)),
            Some(Content::Data(data)) => data,
            None => self.data.as_deref().map_or_else(|| Ok(Bytes::new()), read_data)?,
        };
        let draft = self.draft(data)?;
        match &self.attributes.id {
            Some(id) => Ok(What::Same(draft.event(id)?, count)),
            // Before anything is sent, it is known that all of them are events.
            None => draft.event(&new_id()?).map(|_| What::Fresh(draft, count)),
        }
    }

    fn raw(&self) -> Result<Event, Failure> {
        let data = match (&self.ty, &self.data) {
            (Some(_), Some(_)) => {
                return Err(Failure::usage("with --raw, the event itself says its type")
                    .help("hydrant send --raw @event.json"));
            }
            (data, _) => data.as_deref().unwrap_or("-"),
        };
        json::decode(&read_data(data)?).map_err(|error| no_event(&error))
    }

    /// A sample that says all of itself, so that nobody else may.
    fn whole(&self, event: Event) -> Result<Event, Failure> {
        let Attributes { source, subject, extensions, id } = &self.attributes;
        let is_said = [&self.ty, source, subject, id].into_iter().any(Option::is_some);
        if is_said || !extensions.is_empty() {
            let message = "this sample is a whole event: it says its type and attributes itself";
            return Err(Failure::usage(message).help("give --sample alone"));
        }
        Ok(event)
    }

    fn draft(&self, data: Bytes) -> Result<Draft, Failure> {
        let Some(ty) = &self.ty else {
            return Err(Failure::usage("this sample is data and no event: say what happened, too")
                .help("hydrant send TYPE --sample NAME"));
        };
        let Attributes { source, subject, extensions, .. } = &self.attributes;
        let mut attributes = vec![("source", source.as_deref().unwrap_or(SOURCE)), ("type", ty)];
        attributes.extend(subject.as_deref().map(|subject| ("subject", subject)));
        for extension in extensions {
            let pair = extension.split_once('=');
            attributes.push(pair.ok_or_else(|| Failure::usage(format!("-e {extension} is not NAME=VALUE")))?);
        }
        if !data.is_empty() && !attributes.iter().any(|(name, _)| *name == "datacontenttype") {
            attributes.push(("datacontenttype", content_type(&data)));
        }
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ok(Draft { attributes: attributes.into_iter().map(owned).collect(), data })
    }
}

fn new_id() -> Result<String, Failure> {
    event_id::new().map_err(|error| Failure::failed(format!("/dev/urandom: {error}")))
}

fn no_event(error: &EventError) -> Failure {
    Failure::usage(format!("this is no event: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;

    fn what(arguments: &[&str]) -> Result<What, Failure> {
        #[derive(clap::Parser)]
        struct Only {
            #[command(flatten)]
            send: Send,
        }
        let send = <Only as clap::Parser>::parse_from(["send"].iter().chain(arguments)).send;
        send.what(&Global::default())
    }

    fn event(arguments: &[&str]) -> Result<Event, Failure> {
        what(&[&["com.example.hello"], arguments].concat())?.event(0)
    }

    #[test]
    fn an_event_is_made_of_flags() {
        let event = event(&["{\"a\":1}", "-s", "/shop", "--subject", "o-1", "-e", "region=eu"]).unwrap();
        let attributes =
            ["type", "source", "subject", "region", "datacontenttype"].map(|name| event.get(name));
        let expected = ["com.example.hello", "/shop", "o-1", "eu", "application/json"];
        assert_eq!(attributes, expected.map(Some));
        assert_eq!((event.id().len(), &event.data()[..]), (26, &b"{\"a\":1}"[..]));
        let plain = self::event(&["hello", "--id", "7"]).unwrap();
        assert_eq!((plain.id(), plain.source()), ("7", "hydrant/send"));
        assert_eq!(plain.get("datacontenttype"), Some("text/plain"));
        let bare = self::event(&[]).unwrap();
        assert_eq!(bare.get("datacontenttype"), None, "no data, no type of it");
    }

    #[test]
    fn what_is_no_event_is_refused_before_it_is_sent() {
        for arguments in [&["-e", "region"][..], &["-e", "Region=eu"], &["-e", "id=2"], &["-s", ""]] {
            assert_eq!(event(arguments).unwrap_err().exit, Exit::Usage, "{arguments:?}");
        }
        assert_eq!(what(&["--raw", r#"{"specversion":"1.0","id":"1"}"#]).unwrap_err().exit, Exit::Usage);
        assert_eq!(what(&["--raw", "order", "{}"]).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn only_what_is_told_an_id_has_the_same_each_time() {
        let whole = r#"{"specversion":"1.0","id":"7","source":"/shop","type":"order","region":"eu"}"#;
        for (arguments, is_same) in [
            (&["order", "--count", "3"][..], false),
            (&["order", "--count", "3", "--id", "7"], true),
            (&["--raw", whole, "--count", "3"], true),
        ] {
            let what = what(arguments).unwrap();
            assert_eq!(what.count(), 3);
            let ids = [0, 1].map(|at| what.event(at).unwrap().id().to_owned());
            assert_eq!(ids[0] == ids[1], is_same, "{arguments:?}");
        }
        let raw = what(&["--raw", whole]).unwrap().event(0).unwrap();
        assert_eq!([raw.id(), raw.source(), raw.ty()], ["7", "/shop", "order"]);
        assert_eq!(raw.get("region"), Some("eu"));
    }
}
