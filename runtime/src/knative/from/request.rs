//! Requests.

use super::text::Section;
use super::{Import, Resource};

impl Import {
    pub(super) fn request_reply(&mut self, mut request: Resource) {
        let mut section = Section::new(format!("request.{}", request.name));
        let mut broker = request.spec.map("brokerRef");
        let name = broker.text("name").unwrap_or_else(|| "default".into());
        ["apiVersion", "kind"].iter().for_each(|key| drop(broker.take(key)));
        broker.rest(&mut self.notes, super::NO_PLACE);
        section.set("broker", self.name(&request.spec, request.line, &name));
        section.set("timeout", self.time(&mut request.spec, "timeout"));
        section.set("correlation_attribute", request.spec.text("correlationAttribute"));
        section.set("reply_attribute", request.spec.text("replyAttribute"));
        // With these it signs ids, which here nobody can guess.
        request.spec.take("secrets");
        self.add(&request, section);
        self.rest(request);
    }
}
