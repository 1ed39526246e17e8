//! `hydrant send` in all its ways: whole events, batches, many at a rate, samples, to functions and to topics.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::kafka::{connection, send_when_open, topic};
use crate::support::project::{noting_script, noting_server};
use crate::support::runtime::{asked, verb, verb_reading};
use crate::support::{Project, Runtime, group, group_needing, kafka, wait_for, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = group(
        "send",
        &[
            ("a_whole_event_is_sent_as_it_is", a_whole_event),
            ("a_batch_is_sent_in_its_order_or_not_at_all", a_batch),
            ("many_are_sent_at_a_rate_and_counted", many),
            ("what_a_full_channel_cannot_take_is_sent_again", a_full_channel),
            ("a_function_is_called_with_an_event", a_function),
            ("a_sample_is_an_event_or_data", a_sample),
        ],
    );
    let on_a_topic: &[(&str, fn())] = &[("a_topic_is_written_to_without_a_runtime", a_topic)];
    trials.extend(group_needing("send to kafka", kafka::missing(), on_a_topic));
    trials
}

fn json(output: &str) -> Value {
    serde_json::from_str(output.trim()).unwrap_or_else(|e| panic!("{e}: {output}"))
}

fn whole(id: &str, more: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"{id}","source":"/shop","type":"greet"{more}}}"#)
}

fn project() -> Project {
    let project = Project::new("[broker.default]\ndelivery = { retry = 0 }\n");
    project.function("greet", noting_script("", "echo \"$CE_SOURCE $CE_REGION $(cat)\" >> data"));
    project.function(
        "echo",
        noting_server(
            "",
            "        answer = self.body\n        if self.body == b'bad':\n            status = 500",
        ),
    );
    project
}

fn a_whole_event() {
    let project = project();
    let runtime = Runtime::start(&project);
    project.write("event.json", &whole("7", r#","region":"eu","data":{"a":1}"#));
    for (arguments, id) in [(&["--raw", "@event.json"][..], "7"), (&["--raw", "-o", "json"], "8")] {
        let input = whole("8", r#","region":"eu","data":{"a":1}"#);
        let (code, out, talk) = verb_reading(&project, &[&["send"], arguments].concat(), &input);
        assert_eq!(code, 0, "{talk}");
        assert!(out.contains(id), "{out}");
        assert_eq!(runtime.verdicts(id)["greet"]["outcome"], "delivered");
    }
    assert_eq!(project.lines("data"), ["/shop eu {\"a\":1}", "/shop eu {\"a\":1}"]);
    let (code, _, talk) = verb(&project, &["send", "--raw", "{\"id\":\"9\"}"]);
    assert_eq!(code, 2);
    assert!(talk.contains("no event"), "{talk}");
}

fn a_batch() {
    let project = Project::new("[channel.in]\n[subscription.in]\nchannel = \"in\"\nto = \"fn/greet\"\n");
    project.function("greet", noting_script("", ""));
    let runtime = Runtime::start(&project);
    let ids: Vec<String> = (0..50).map(|id| id.to_string()).collect();
    let lines: Vec<String> = ids.iter().map(|id| whole(id, "")).collect();
    let to = &["send", "--to", "channel/in", "--batch"][..];

    let (code, _, talk) =
        verb_reading(&project, &[to, &["-"]].concat(), &format!("{}\n{{\n\n[]\n", lines[0]));
    assert_eq!(code, 2, "{talk}");
    for wanted in ["2 of 3 lines", "nothing was sent", "stdin:2: ", "stdin:4: "] {
        assert!(talk.contains(wanted), "{wanted}: {talk}");
    }

    project.write("events.jsonl", &lines.join("\n"));
    let (code, out, talk) = verb(&project, &[to, &["events.jsonl"]].concat());
    assert_eq!((code, &*talk), (0, ""), "{out}");
    assert!(out.starts_with("50 accepted, 0 failed in "), "{out}");
    for id in &ids {
        runtime.verdicts(id);
        let event = runtime.admin("GET", &format!("/api/v1/events/{id}")).json();
        assert_eq!(event["offset"].to_string(), *id, "nothing was sent of the first, and these in order");
    }
}

fn many() {
    let project = project();
    let runtime = Runtime::start(&project);
    let arguments = ["send", "unheard", "--count", "40", "--rate", "100/s", "-o", "json"];
    let (code, out, talk) = verb(&project, &arguments);
    let summary = json(&out);
    assert_eq!((code, &summary["accepted"], &summary["failed"]), (0, &40.into(), &0.into()), "{out}{talk}");
    // The last is sent at its time, and not before.
    assert!(summary["total_ms"].as_f64().unwrap() >= 390.0, "{summary}");
    let listed = runtime.admin("GET", "/api/v1/events?limit=1000").json();
    let ids: BTreeSet<&str> = listed.as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 40, "each has an id of its own");

    let (code, out, talk) = verb(&project, &["send", "x", "--count", "7", "--to", "broker/none"]);
    assert_eq!(code, 1, "{talk}");
    assert!(out.starts_with("0 accepted, 7 failed in "), "{out}");
    assert!(talk.contains("7 failed: broker/none was refused with 404"), "{talk}");
}

/// A channel in memory takes 64 MiB.
fn a_full_channel() {
    let project = Project::new(
        "[channel.small]\nclass = \"memory\"\n[subscription.small]\nchannel = \"small\"\nto = \"fn/greet\"\n",
    );
    project.function("greet", noting_server("", ""));
    let runtime = Runtime::start(&project);
    assert_eq!(verb(&project, &["pause", "small"]).0, 0);
    project.write("large", &"x".repeat(1_000_000));
    let arguments = ["send", "large", "@large", "--to", "channel/small", "--count", "90"];
    let talk = std::fs::File::create(project.file("talk")).unwrap();
    let mut child = asked(&project, &arguments).stderr(talk).spawn().unwrap();
    wait_until("it is told that it waits", || {
        project.lines("talk").iter().any(|line| line.contains("it is sent again for 30s"))
    });
    assert_eq!(child.try_wait().unwrap(), None);
    assert_eq!(verb(&project, &["resume", "small"]).0, 0);
    let code = wait_for("it ends", || child.try_wait().unwrap()).code();
    assert_eq!(code, Some(0), "{:?}", project.lines("talk"));
    wait_until("all are delivered", || project.counts("delivered").len() == 90);
    drop(runtime);
}

fn a_function() {
    let project = project();
    let _runtime = Runtime::start(&project);
    let (code, out, talk) = verb(&project, &["send", "any", "hi", "--to", "fn/echo", "--id", "7"]);
    assert_eq!((code, out.trim()), (0, "7"), "{talk}");
    assert!(talk.contains("fn/echo answered 200 in "), "{talk}");
    assert_eq!(project.lines("delivered"), ["7"]);
    let (code, _, talk) = verb(&project, &["send", "any", "bad", "--to", "fn/echo"]);
    assert_eq!(code, 1);
    assert!(talk.contains("fn/echo answered 500 Internal Server Error: bad"), "{talk}");
    let (code, _, talk) = verb(&project, &["send", "any", "--to", "fn/none"]);
    assert_eq!(code, 1);
    assert!(talk.contains("there is no function `none`"), "{talk}");
    assert_eq!(verb(&project, &["send", "any", "--to", "fn/echo", "--wait"]).0, 2);
}

fn a_sample() {
    let project = project();
    for folder in ["samples", "functions/bill/samples"] {
        std::fs::create_dir_all(project.file(folder)).unwrap();
    }
    project.function("run", noting_server("on = { type = \"bill\" }", "        answer = self.body"));
    std::fs::rename(project.file("functions/run"), project.file("functions/bill/run")).unwrap();
    project.write("samples/order.json", &whole("7", r#","data":"of the project""#));
    project.write("functions/bill/samples/note.txt", "of the function");
    project.write("functions/bill/samples/order.json", "{\"of\":\"the function\"}");
    let runtime = Runtime::start(&project);
    let (code, out, talk) = verb(&project, &["send", "--sample", "order"]);
    assert_eq!((code, out.trim()), (0, "7"), "{talk}");
    assert_eq!(runtime.verdicts("7")["greet"]["outcome"], "delivered");
    let (code, ..) = verb(&project, &["send", "greet", "--sample", "note", "--id", "8", "--wait"]);
    assert_eq!((code, project.lines("data")[1].as_str()), (0, "hydrant/send  of the function"));

    for (arguments, wanted) in [
        (&["send", "--sample", "none"][..], "there are order.json, bill/note.txt, bill/order.json"),
        (&["send", "--sample", "note"], "say what happened, too"),
        (&["send", "greet", "--sample", "order.json"], "says its type and attributes itself"),
        (&["invoke", "bill", "--sample", "bill/none"], "there is no sample bill/none"),
    ] {
        let (code, _, talk) = verb(&project, arguments);
        assert_eq!(code, 2, "{talk}");
        assert!(talk.contains(wanted), "{talk}");
    }
    // Who is called comes first.
    let (code, out, talk) = verb(&project, &["invoke", "bill", "--sample", "order"]);
    assert_eq!((code, &*out), (0, "{\"of\":\"the function\"}"), "{talk}");
    let (_, out, _) = verb(&project, &["invoke", "echo", "--sample", "note"]);
    assert_eq!(out, "of the function");
}

fn a_topic() {
    let topic = topic("sent");
    let sink = format!("[sink.out]\ntype = \"kafka\"\ntopic = \"{topic}\"\n");
    let source = format!(
        "[source.back]\ntype = \"kafka\"\ntopics = [\"{topic}\"]\ngroup = \"g-{topic}\"\nstart = \"earliest\"\nto = \"fn/note\"\n"
    );
    let project = Project::new(&[connection(), sink, source].concat());
    project.function("note", noting_script("", "echo \"$CE_SUBJECT $CE_PARTITIONKEY $(cat)\" >> data"));
    let none = verb(&project, &["send", "order", "--kafka", &topic]);
    assert_eq!(none.0, 1, "a slip of the fingers makes no topic: {none:?}");
    assert!(none.2.contains(&format!("the topic `{topic}` does not exist")), "{none:?}");
    let runtime = Runtime::start(&project);
    send_when_open(&runtime, "/sink/out", "1", "order");
    assert!(runtime.stop().success());

    let arguments = ["send", "order", "hi", "--kafka", &topic, "--subject", "o-1", "--id", "2", "-o", "json"];
    let (code, out, talk) = verb(&project, &arguments);
    assert_eq!(code, 0, "{talk}");
    let sent = json(&out);
    assert_eq!((&sent["channel"], &sent["offset"]), (&format!("topic/{topic}").into(), &1.into()), "{sent}");
    let (code, out, talk) = verb(&project, &["send", "order", "hi", "--kafka", &topic, "--count", "20"]);
    assert_eq!(code, 0, "{talk}");
    assert!(out.starts_with("20 accepted, 0 failed"), "{out}");

    let _runtime = Runtime::start(&project);
    wait_until("all came by the topic", || project.lines("data").len() == 22);
    assert_eq!(project.counts("delivered").len(), 22);
    let data = project.counts("data");
    assert_eq!(data.get("o-1 o-1 hi"), Some(&1), "the record's key is the subject: {data:?}");
}
