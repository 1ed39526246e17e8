//! Where Knative's implementations leave its specifications, and hydrant does not: what docs/knative.md says of delivery and is
//! not tried elsewhere.

use libtest_mimic::Trial;

use crate::support::project::noting_server;
use crate::support::{Project, Runtime, group, http, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "departures",
        &[
            ("an_error_of_any_length_is_a_dead_letter_with_the_first_1024_bytes_of_it", error_data),
            ("retries_without_a_backoff_have_the_default_one_and_are_no_hot_loop", no_hot_loop),
            ("typed_extensions_match_alike_in_binary_and_structured_mode", typed_extensions),
            ("a_channel_in_memory_answers_its_publisher_while_a_subscriber_fails", publisher_is_not_held),
            ("attributes_and_data_arrive_as_they_were_sent", as_they_were_sent),
            ("the_tracing_extension_and_the_wish_for_a_reply_reach_the_function", the_tracing_extension),
        ],
    )
}

fn error_data() {
    let project =
        Project::new("[broker.default]\ndelivery = { retry = 0, dead_letter = \"fn/undertaker\" }\n");
    let fails = "        status = 500\n        answer = b'e' * int(self.headers[\"ce-bytes\"])";
    project.function("order", noting_server("", fails));
    let more = r#"        import base64
        told = base64.b64decode(self.headers["ce-knativeerrordata"])
        note("%d %s" % (len(told), set(told) <= {101}), "told")"#;
    project.function("undertaker", noting_server("", more));
    let runtime = Runtime::start(&project);
    let lengths = ["0", "1", "767", "768", "769", "1024", "1025", "200000"];
    for bytes in lengths {
        let event = [
            ("ce-specversion", "1.0"),
            ("ce-id", bytes),
            ("ce-source", "/t"),
            ("ce-type", "order"),
            ("ce-bytes", bytes),
        ];
        assert_eq!(http::request(runtime.listen, "POST", "/", &event, b"").unwrap().status, 202);
    }
    wait_until("each is a dead letter", || project.lines("told").len() == lengths.len());
    let counts = project.counts("told");
    let expected = [("0", 1), ("1", 1), ("767", 1), ("768", 1), ("769", 1), ("1024", 3)];
    assert_eq!(counts, expected.map(|(length, count)| (format!("{length} True"), count)).into());
}

fn no_hot_loop() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 2 }\n");
    project.function("order", noting_server("", "        status = 500"));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = &runtime.verdicts("1")["order"];
    assert_eq!(verdict["attempt_count"], 3, "{verdict}");
    let began = |n: usize| verdict["attempts"][n]["after_ms"].as_f64().unwrap();
    let (first, second) = (began(1) - began(0), began(2) - began(1));
    assert!(first >= 200.0 && second >= 400.0, "it waited {first} ms, then {second} ms");
}

fn typed_extensions() {
    let project = Project::new(
        "[trigger.exact]\nto = \"fn/order\"\nfilter = { exact = { n = \"5\", b = \"true\" } }\n\
         [trigger.cesql]\nto = \"fn/order\"\nfilter = \"n = 5 AND b\"\n\
         [trigger.attributes]\nto = \"fn/order\"\nfilter = { attributes = { n = \"5\", b = \"\" } }\n",
    );
    project.function("order", noting_server("", ""));
    let runtime = Runtime::start(&project);
    let event = |id: &str| {
        format!(r#"{{"specversion":"1.0","id":"{id}","source":"/t","type":"order","n":5,"b":true}}"#)
    };
    let json = [("content-type", "application/cloudevents+json")];
    let batch = [("content-type", "application/cloudevents-batch+json")];
    let binary = [
        ("ce-specversion", "1.0"),
        ("ce-id", "binary"),
        ("ce-source", "/t"),
        ("ce-type", "order"),
        ("ce-n", "5"),
        ("ce-b", "true"),
    ];
    let post = |headers: &[(&str, &str)], body: String| {
        let answer = http::request(runtime.listen, "POST", "/", headers, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 202, "{}", answer.body);
    };
    post(&json, event("json"));
    post(&batch, format!("[{}]", event("batch")));
    post(&binary, String::new());
    for id in ["json", "batch", "binary"] {
        for (trigger, verdict) in runtime.verdicts(id) {
            assert_eq!(verdict["outcome"], "delivered", "{id} {trigger}: {verdict}");
        }
    }
    assert_eq!(project.lines("delivered").len(), 9);
}

/// The subscriber is mended only when the publisher was answered: one that held it up would hold up the test.
fn publisher_is_not_held() {
    let project = Project::new(
        "[channel.orders]\nclass = \"memory\"\ndelivery = { retry = 100000, delay = \"5ms\", max_delay = \"5ms\" }\n\
         [subscription.sick]\nchannel = \"orders\"\nto = \"fn/sick\"\n\
         [subscription.healthy]\nchannel = \"orders\"\nto = \"fn/healthy\"\n",
    );
    let more = "        note('sick', 'tries')\n        if not os.path.exists('mended'): status = 503";
    project.function("sick", noting_server("", more));
    project.function("healthy", noting_server("", "        note(self.headers['ce-id'], 'healthy')"));
    let runtime = Runtime::start(&project);
    let ids = ["1", "2", "3"];
    for id in ids {
        assert_eq!(runtime.post("/channel/orders", id, "order", "").status, 202);
        wait_until("the healthy one has it", || project.counts("healthy").contains_key(id));
    }
    wait_until("the other one is tried on", || project.lines("tries").len() > 9);
    project.write("mended", "");
    for id in ids {
        let verdicts = runtime.verdicts(id);
        assert_eq!(verdicts["sick"]["outcome"], "delivered");
        assert_eq!(verdicts["healthy"]["attempt_count"], 1);
    }
    assert_eq!(project.lines("healthy"), ids);
}

fn as_they_were_sent() {
    let project = Project::new("");
    let more = r#"        import hashlib, json
        all = sorted((k.lower(), v) for k, v in self.headers.items() if k.lower().startswith(("ce-", "content-type")))
        note(json.dumps([all, self.body.hex()]), "came")"#;
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    let sent = [
        ("ce-acme", "a%20b%E2%82%AC"),
        ("ce-dataschema", "http://example/schema"),
        ("ce-id", "1"),
        ("ce-source", "/a//b?c=d#e"),
        ("ce-specversion", "1.0"),
        ("ce-subject", "s"),
        ("ce-time", "2020-01-02T03:04:05.000000Z"),
        ("ce-type", "order"),
        ("content-type", "application/vnd.acme+json; charset=\"utf-8\""),
    ];
    let data = b"{ \"a\" :\t1 }\x00\xff";
    assert_eq!(http::request(runtime.listen, "POST", "/", &sent, data).unwrap().status, 202);
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
    let came: serde_json::Value = serde_json::from_str(&project.lines("came")[0]).unwrap();
    let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(came, serde_json::json!([sent, hex]));
}

fn the_tracing_extension() {
    let project = Project::new("");
    let more = "        note(self.headers.get('ce-traceparent', '-') + ' ' + self.headers.get('prefer', '-'), 'traced')";
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let event = [
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/t"),
        ("ce-type", "order"),
        ("ce-traceparent", traceparent),
    ];
    assert_eq!(http::request(runtime.listen, "POST", "/", &event, b"").unwrap().status, 202);
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
    assert_eq!(project.lines("traced"), [format!("{traceparent} reply")]);
}
