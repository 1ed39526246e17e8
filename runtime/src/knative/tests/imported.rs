//! What a cluster says.

use super::super::import;
use super::{imported, lines, load, project};

/// As somebody would write it for a cluster.
const SHOP: &str = r#"# A shop
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata:
  name: default
  namespace: shop
  annotations:
    eventing.knative.dev/broker.class: MTChannelBasedBroker
    kubectl.kubernetes.io/last-applied-configuration: "{}"
spec:
  delivery:
    retry: 5
    backoffPolicy: exponential
    backoffDelay: PT2S
    deadLetterSink: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: errors } }
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: Bill.Orders }
spec:
  broker: default
  filter:
    attributes: { type: order.created }
  subscriber:
    ref: { apiVersion: v1, kind: Service, name: bill }
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: bill
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/min-scale: "1"
        autoscaling.knative.dev/window: 40s
        example.com/team: pay
    spec:
      containerConcurrency: 10
      timeoutSeconds: 90
      containers:
        - image: ghcr.io/x/bill
          env:
            - { name: LEVEL, value: info }
            - { name: TOKEN, valueFrom: { secretKeyRef: { name: s, key: token } } }
          livenessProbe: { httpGet: { path: /health } }
          resources: { limits: { memory: 512Mi, cpu: 500m } }
---
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata: { name: bind }
spec: {}
---
just: a text
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: y}}
"#;

#[test]
fn all_is_read_and_the_rest_is_told_with_its_line() {
    let imported = imported(SHOP);
    assert_eq!(
        imported.toml,
        r#"[broker.default]
delivery = { backoff = "exponential", dead_letter = "fn/errors", delay = "2s", retry = 5 }

[trigger.bill-orders]
broker = "default"
filter = { attributes = { type = "order.created" } }

[function.bill]
min = 1
annotations = { "autoscaling.knative.dev/window" = "40s" }
concurrency = 10
timeout = { request = "1m 30s" }
env = { LEVEL = "info" }
limits = { cpu = 0.5, memory = "512MiB" }
"#
    );
    assert_eq!(imported.counts, [("Broker".into(), 1), ("Trigger".into(), 1), ("Service".into(), 1)]);
    assert_eq!(
        lines(&imported.notes),
        [
            "svc.yaml:17 metadata.name \"Bill.Orders\" -> is `bill-orders` here: look at who names it",
            "svc.yaml:24 v1 Service `bill` -> set [trigger.bill-orders] to, such as \"fn/bill\" or its URL",
            "svc.yaml:37 spec.template.metadata.annotations.example.com/team \"pay\" -> has no place here: it is left out",
            "svc.yaml:42 image \"ghcr.io/x/bill\" -> set [function.bill] exec",
            "svc.yaml:45 env TOKEN {\"secretKeyRef\":{\"key\":\"token\",\"name\":\"s\"}} -> set [function.bill] secrets",
            "svc.yaml:46 container.livenessProbe {\"httpGet\":{\"path\":\"/health\"}} -> has no place here: it is left out",
            "svc.yaml:49 SinkBinding `bind` -> is not supported: it is left out",
            "svc.yaml:54 a document without apiVersion, kind and metadata.name -> is no resource: it is left out",
            "svc.yaml:56 ConfigMap `c` -> no broker names it: it is left out",
        ]
    );
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    let broken = |text: &str| import(&[("a.yaml".into(), text.into())]).map(|_| ()).unwrap_err();
    let told = broken("a: [1, 2\nb: 3\n");
    assert!(told[0].starts_with("a.yaml:2:"), "{told:?}");
    for text in
        ["\t", "a: &x [*x]", "? {a: b}\n: c", "- - -\n -", "%YAML 9\n---\n!!x y", "a: 1\na: 2", "{{a}}: b"]
    {
        // Read or told, and no panic.
        drop(import(&[("a.yaml".into(), text.into())]));
    }
}

#[test]
fn a_list_of_resources_is_read_and_one_of_two_alike_is_told() {
    let channel = "{apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel, metadata: {name: a}, spec: {}, status: {x: 1}}";
    let imported = imported(&format!("apiVersion: v1\nkind: List\nitems:\n- {channel}\n- {channel}\n"));
    assert_eq!(imported.toml, "[channel.a]\nclass = \"memory\"\n");
    let told = ["svc.yaml:5 InMemoryChannel `a` -> there is one before it: it is left out"];
    assert_eq!(lines(&imported.notes), told);
    load(project(&imported.toml, &[]).path());
}
