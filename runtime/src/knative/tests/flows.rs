//! Flows as somebody would write them for a cluster.

use super::{imported, lines, load, project};

const FLOWS: &str = r#"apiVersion: flows.knative.dev/v1
kind: Sequence
metadata: { name: ship }
spec:
  channelTemplate: { apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel }
  steps:
    - ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: check }
    - uri: http://127.0.0.1:9/price
      delivery: { retry: 2 }
    - ref: { apiVersion: v1, kind: Service, name: pack }
      CACerts: none
  reply: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: mail } }
---
apiVersion: flows.knative.dev/v1
kind: Parallel
metadata: { name: news }
spec:
  channelTemplate: { apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel }
  branches:
    - subscriber: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: mail } }
    - filter: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: is-big } }
      subscriber: { uri: http://127.0.0.1:9/alarm }
      delivery: { retry: 0 }
    - filter: { uri: http://127.0.0.1:9/is-old }
      subscriber: { ref: { apiVersion: messaging.knative.dev/v1, kind: Channel, name: old } }
      reply: { ref: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default } }
  reply: { ref: { apiVersion: sinks.knative.dev/v1alpha1, kind: JobSink, name: log } }
---
apiVersion: messaging.knative.dev/v1
kind: Channel
metadata: { name: old }
---
apiVersion: eventing.knative.dev/v1alpha1
kind: RequestReply
metadata: { name: ask }
spec:
  brokerRef: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default }
  timeout: PT5S
  correlationAttribute: asked
  replyAttribute: told
  secrets: [ask-keys]
  delivery: { retry: 1 }
---
apiVersion: sinks.knative.dev/v1alpha1
kind: JobSink
metadata: { name: log }
spec:
  job:
    metadata: { labels: { app: log } }
    spec:
      completions: 1
      parallelism: 4
      backoffLimit: 3
      ttlSecondsAfterFinished: 60
      template:
        spec:
          restartPolicy: Never
          activeDeadlineSeconds: 90
          containers:
            - name: main
              image: docker.io/library/bash:5
              command: [cat]
              args: [$(K_EVENT_PATH)]
              env: [{ name: K_EXECUTION_MODE, value: batch }, { name: LEVEL, value: info }]
"#;

#[test]
fn flows_are_read_and_the_rest_is_told_with_its_line() {
    let imported = imported(FLOWS);
    assert_eq!(
        imported.toml,
        r#"[sequence.ship]
steps = ["fn/check", { delivery = { retry = 2 }, to = "http://127.0.0.1:9/price" }, {}]
class = "memory"

[sequence.news-2]
steps = ["fn/is-big", { delivery = { retry = 0 }, to = "http://127.0.0.1:9/alarm" }]
reply = "job/log"
class = "memory"

[sequence.news-3]
steps = ["http://127.0.0.1:9/is-old", "channel/old"]
class = "memory"

[parallel.news]
branches = [{ to = "fn/mail" }, { to = "sequence/news-2" }, { to = "sequence/news-3" }]
reply = "job/log"
class = "memory"

[channel.old]

[request.ask]
broker = "default"
timeout = "5s"
correlation_attribute = "asked"
reply_attribute = "told"

[job.log]
to = "fn/log"
delivery = { retry = 3 }

[function.log]
protocol = "oneshot"
timeout = { request = "1m 30s" }
args = ["$(K_EVENT_PATH)"]
env = { LEVEL = "info" }
"#
    );
    assert_eq!(
        lines(&imported.notes),
        [
            "svc.yaml:10 v1 Service `pack` -> set [sequence.ship.steps.3] to, such as \"fn/pack\" or its URL",
            "svc.yaml:11 steps.3.CACerts \"none\" -> has no place here: it is left out",
            "svc.yaml:12 reply to fn/mail -> set [sequence.ship] reply to a channel, and subscribe fn/mail to it",
            "svc.yaml:42 spec.delivery {\"retry\":1} -> has no place here: it is left out",
            "svc.yaml:52 spec.job.spec.parallelism 4 -> has no place here: it is left out",
            "svc.yaml:54 spec.job.spec.ttlSecondsAfterFinished 60 -> has no place here: it is left out",
            "svc.yaml:61 image \"docker.io/library/bash:5\" -> set [function.log] exec",
            "svc.yaml:62 command [\"cat\"] -> set [function.log] exec",
            "svc.yaml:63 args \"$(K_EVENT_PATH)\" -> no variable is put in here: read it in the program",
        ]
    );
    let mended = imported.toml.replace("{}]", "\"fn/pack\"]");
    load(project(&mended, &["check", "pack", "mail", "is-big", "log"]).path());
}
