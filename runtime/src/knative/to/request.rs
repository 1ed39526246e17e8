//! Requests.

use serde_json::{Map, json};

use super::delivery::iso;
use super::{Export, dns};
use crate::knative::fields::Fields;

const EVENTING: &str = "eventing.knative.dev/v1";

impl Export<'_> {
    pub(super) fn request(&mut self, name: &str, mut request: Fields) {
        let broker = request.text("broker").unwrap_or_else(|| "default".into());
        let mut spec = json!({
            "brokerRef": { "apiVersion": EVENTING, "kind": "Broker", "name": dns(&broker) },
            // It signs ids with a key of these, and somebody has to put it there.
            "secrets": [dns(name)],
        });
        if let Some(timeout) = request.text("timeout").and_then(|text| iso(&text)) {
            spec["timeout"] = timeout.into();
        }
        for (ours, knatives) in
            [("correlation_attribute", "correlationAttribute"), ("reply_attribute", "replyAttribute")]
        {
            if let Some(attribute) = request.either(ours, knatives) {
                spec[knatives] = attribute.into();
            }
        }
        self.add(("eventing.knative.dev/v1alpha1", "RequestReply"), name, Map::new(), spec);
        request.rest(&mut self.left_out, "");
        self.brokers.insert(broker);
    }
}
