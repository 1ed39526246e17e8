//! References and URIs as destinations.

use super::Import;
use crate::knative::fields::Fields;

impl Import {
    /// Where a field of this name leads. Nothing where that is nowhere here, which is told with what to set in its place.
    pub(super) fn destination(&mut self, of: &mut Fields, key: &str, set: &str) -> Option<String> {
        let mut to = of.inside(key)?;
        let found = self.leads(&mut to, set);
        to.rest(&mut self.notes, super::NO_PLACE);
        found
    }

    /// Where a reference or a URI among these leads.
    pub(super) fn leads(&mut self, to: &mut Fields, set: &str) -> Option<String> {
        let line = to.line;
        match to.inside("ref") {
            Some(reference) => self.reference(reference, line, set),
            None => self.uri(to, line, set),
        }
    }

    /// Where answers go: into a channel of some kind, so that they are as safe as what they answer.
    pub(super) fn reply(&mut self, of: &mut Fields, header: &str) -> Option<String> {
        let line = of.line_of("reply");
        let to = self.destination(of, "reply", &format!("[{header}] reply"))?;
        if is_silent(&to) {
            return Some(to);
        }
        let what = format!("reply to {to} -> set [{header}] reply to a channel, and subscribe {to} to it");
        self.notes.push(of.note(line, what));
        None
    }

    fn uri(&mut self, to: &mut Fields, line: usize, set: &str) -> Option<String> {
        let uri = to.text("uri")?;
        if uri.starts_with("http://") {
            return Some(uri);
        }
        self.notes.push(to.note(line, format!("uri \"{uri}\" -> set {set} to something reached by http://")));
        None
    }

    fn reference(&mut self, mut to: Fields, line: usize, set: &str) -> Option<String> {
        let (api, kind) = (to.text("apiVersion").unwrap_or_default(), to.text("kind").unwrap_or_default());
        let name = to.text("name").unwrap_or_default();
        to.take("namespace");
        let name = self.name(&to, line, &name);
        let is_serving = api.starts_with("serving.");
        let word = match kind.as_str() {
            "Service" if is_serving => "fn",
            "Broker" => "broker",
            "Channel" | "InMemoryChannel" | "KafkaChannel" => "channel",
            "KafkaSink" => "sink",
            "Sequence" => "sequence",
            "Parallel" => "parallel",
            "JobSink" => "job",
            _ => {
                let what = format!("{api} {kind} `{name}` -> set {set}, such as \"fn/{name}\" or its URL");
                self.notes.push(to.note(line, what));
                return None;
            }
        };
        to.rest(&mut self.notes, super::NO_PLACE);
        Some(format!("{word}/{name}"))
    }
}

/// Whether nothing comes back from it: it is a channel of some kind.
pub(super) fn is_silent(to: &str) -> bool {
    !to.starts_with("fn/") && !to.starts_with("http://")
}
