//! Too much of everything, from outside (failure scenarios 25 to 28): it is refused with the reason, costs no memory to speak
//! of, and whoever behaves is served meanwhile.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use libtest_mimic::Trial;

use crate::support::project::noting_server;
use crate::support::runtime::verb_reading;
use crate::support::{Project, Runtime, group, http, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "floods",
        &[
            ("an_event_of_64_kib_and_one_of_1_mib_pass_whole_in_every_protocol", large_events_pass),
            ("an_event_of_10_mb_is_refused_with_413_and_is_not_kept", ten_megabytes_are_refused),
            ("header_bombs_and_json_bombs_are_refused_in_bounded_memory", bombs),
            ("deep_cesql_is_refused_with_its_place", deep_cesql),
            ("malformed_ce_headers_are_refused_with_the_reason", malformed_headers),
            ("idle_and_dawdling_connections_hold_up_nobody", idle_connections),
        ],
    )
}

const EVENT: [(&str, &str); 4] =
    [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/t"), ("ce-type", "order")];

/// Sends a request as it stands, and gives the status of the answer; nothing when there was none.
fn raw(runtime: &Runtime<'_>, request: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(runtime.listen).unwrap();
    // It may refuse, and close, before it has read all.
    stream.write_all(request).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    Some((answer.split(' ').nth(1)?.parse().ok()?, answer))
}

/// The most memory a process ever had, in KiB.
fn most_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Data of which no part is like another.
fn data(bytes: usize) -> String {
    let mut text = String::new();
    for n in 0.. {
        if text.len() >= bytes {
            break;
        }
        write!(text, "{n},").unwrap();
    }
    text.truncate(bytes);
    text
}

fn large_events_pass() {
    let project =
        Project::new("[broker.memory]\nclass = \"memory\"\n[broker.durable]\nclass = \"durable\"\n");
    project.function(
        "http",
        noting_server("", "        open(\"http\" + self.headers[\"ce-id\"], \"wb\").write(self.body)"),
    );
    project.function("oneshot", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\ncat > \"oneshot$CE_ID\"\n");
    let lines = "import json, sys\nfor line in sys.stdin:\n    event = json.loads(line)\n    \
                 open(\"stdio\" + event[\"id\"], \"w\").write(event[\"data\"])\n    print(\"{}\", flush=True)\n";
    project.function(
        "stdio",
        format!("#!{}\n# hydrant: protocol = \"stdio\"\n{lines}", crate::support::project::python()),
    );
    let triggers: String = ["memory", "durable"]
        .iter()
        .flat_map(|broker| {
            ["http", "oneshot", "stdio"].map(|function| {
                format!("[trigger.{broker}-{function}]\nbroker = \"{broker}\"\nto = \"fn/{function}\"\n")
            })
        })
        .collect();
    project.configure(&format!(
        "[broker.memory]\nclass = \"memory\"\n[broker.durable]\nclass = \"durable\"\n{triggers}"
    ));
    let runtime = Runtime::start(&project);
    for broker in ["memory", "durable"] {
        for bytes in [64 << 10, 1 << 20] {
            let (id, data) = (format!("{broker}{bytes}"), data(bytes));
            let text = [("content-type", "text/plain"), ("ce-id", &*id)];
            let headers: Vec<(&str, &str)> =
                EVENT.into_iter().filter(|(name, _)| *name != "ce-id").chain(text).collect();
            let path = format!("/broker/{broker}");
            let answer = http::request(runtime.listen, "POST", &path, &headers, data.as_bytes()).unwrap();
            assert_eq!(answer.status, 202, "{id}: {}", answer.body);
            for (trigger, verdict) in runtime.verdicts(&id) {
                assert_eq!(verdict["outcome"], "delivered", "{id} {trigger}: {verdict}");
            }
            for function in ["http", "oneshot", "stdio"] {
                let came = fs::read_to_string(project.file(&format!("{function}{id}"))).unwrap();
                assert!(came == data, "{function} {id}: {} bytes came", came.len());
            }
        }
    }
}

fn ten_megabytes_are_refused() {
    let project = Project::new("");
    let runtime = Runtime::start(&project);
    let large = vec![b'x'; 10_000_000];
    let before = most_memory(runtime.pid());
    let chunked = {
        let head = "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
                    ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /t\r\nce-type: order\r\n\r\n989680\r\n";
        [head.as_bytes(), &large, b"\r\n0\r\n\r\n"].concat()
    };
    for _ in 0..5 {
        for path in ["/", "/broker/default"] {
            // Whoever is refused in the middle of its body may see the connection break instead.
            if let Ok(answer) = http::request(runtime.listen, "POST", path, &EVENT, &large) {
                assert_eq!(answer.status, 413, "{}", answer.body);
            }
        }
        if let Some((status, answer)) = raw(&runtime, &chunked) {
            assert_eq!(status, 413, "{answer}");
        }
    }
    // Nothing but the head: so it is refused, whatever becomes of the rest.
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 10000000\r\n\
                ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /t\r\nce-type: order\r\n\r\n";
    let (status, answer) = raw(&runtime, head.as_bytes()).unwrap();
    assert_eq!(status, 413, "{answer}");
    assert!(answer.contains("more than 1048576 bytes") && answer.contains("body_max"), "{answer}");
    let grown = most_memory(runtime.pid()) - before;
    assert!(grown < 5_000, "{grown} KiB for bodies that are refused");
    runtime.send("2", "order");
}

fn bombs() {
    let project = Project::new("");
    let runtime = Runtime::start(&project);
    let before = most_memory(runtime.pid());
    let head = |more: &str| {
        format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\nce-specversion: 1.0\r\n\
             ce-id: 1\r\nce-source: /t\r\nce-type: order\r\n{more}\r\n"
        )
    };
    for (what, more) in [
        ("10,000 headers", "x-a: b\r\n".repeat(10_000)),
        ("10,000 attributes", (0..10_000).map(|n| format!("ce-a{n}: b\r\n")).collect()),
        ("a value of 1 MB", format!("x-a: {}\r\n", "b".repeat(1_000_000))),
        ("a name of 1 MB", format!("{}: b\r\n", "x".repeat(1_000_000))),
    ] {
        if let Some((status, answer)) = raw(&runtime, head(&more).as_bytes()) {
            assert_eq!(status, 431, "{what}: {answer}");
        }
    }
    let structured = [("content-type", "application/cloudevents+json")];
    let event =
        |more: &str| format!(r#"{{"specversion":"1.0","id":"1","source":"/t","type":"order"{more}}}"#);
    let many = |count: usize| event(&(0..count).map(|n| format!(r#","a{n}":1"#)).collect::<String>());
    for (what, body, expected) in [
        ("a million attributes", many(1_000_000), 413),
        ("50,000 attributes", many(50_000), 400),
        ("100,000 levels around", "[".repeat(100_000), 400),
        ("an attribute of 100,000 levels", event(&format!(r#","a":{}"#, "[".repeat(100_000))), 400),
        (
            "data of 100,000 levels",
            event(&format!(r#","data":{}{}"#, "[".repeat(100_000), "]".repeat(100_000))),
            202,
        ),
    ] {
        let Ok(answer) = http::request(runtime.listen, "POST", "/", &structured, body.as_bytes()) else {
            assert!(expected == 413, "{what}: only what is too large may be cut off");
            continue;
        };
        assert_eq!(answer.status, expected, "{what}: {}", answer.body);
    }
    let grown = most_memory(runtime.pid()) - before;
    assert!(grown < 30_000, "{grown} KiB for bombs");
    runtime.send("2", "order");
}

fn deep_cesql() {
    let project = Project::new("");
    project.write("order.json", r#"{"specversion":"1.0","id":"1","source":"/t","type":"order"}"#);
    for expression in
        ["(".repeat(100_000) + "TRUE", "NOT ".repeat(100_000) + "TRUE", "-".repeat(100_000) + "1"]
    {
        project.configure(&format!("[trigger.deep]\nto = \"fn/order\"\nfilter = \"{expression}\"\n"));
        let (code, said, more) = verb_reading(&project, &["check"], "");
        assert_eq!(code, 3, "{more}");
        assert!(said.contains("256") && said.contains("runtime.toml:6:"), "{}", &said[..said.len().min(500)]);
    }
}

fn malformed_headers() {
    let project = Project::new("");
    project.function("order", noting_server("", ""));
    let runtime = Runtime::start(&project);
    let good = "ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /t\r\nce-type: order\r\n";
    let check = |headers: &[u8], reason: &str| {
        let head = "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n";
        let told = String::from_utf8_lossy(headers).into_owned();
        let (status, answer) = raw(&runtime, &[head.as_bytes(), headers, b"\r\n"].concat()).expect(&told);
        assert_eq!(status, 400, "{told}{answer}");
        assert!(answer.contains(reason), "{told}{answer}");
    };
    let with = |more: &str| format!("{good}{more}\r\n").into_bytes();
    check(good.replace("1.0", "2.0").as_bytes(), "specversion");
    check(good.replace("1.0", "").as_bytes(), "specversion");
    check(good.replace("ce-id: 1", "ce-id: ").as_bytes(), "id");
    check(&with("CE-ID: 2"), "`id` appears twice");
    check(&with("ce-a: 1\r\nce-A: 2"), "`a` appears twice");
    check(&with("ce-: x"), "not allowed");
    check(&with("ce-with-dash: x"), "`with-dash` is not allowed");
    check(&with("ce-data: x"), "data");
    check(&with("ce-subject: %"), "percent-encoded");
    check(&with("ce-subject: %ff"), "UTF-8");
    check(&with("ce-subject: a%0Ab"), "control character");
    check(&with("ce-time: yesterday"), "time");
    check(&[good.as_bytes(), b"ce-subject: a\rb\r\n"].concat(), "");
    check(&[good.as_bytes(), b"ce-subject: a\0b\r\n"].concat(), "");
    assert_eq!(project.lines("delivered"), [""; 0]);
    runtime.send("after", "order");
    assert_eq!(runtime.verdicts("after")["order"]["offset"], 0, "nothing was stored before");
}

fn idle_connections() {
    let project = Project::new("");
    project.function("order", noting_server("", ""));
    let runtime = Runtime::start(&project);
    let connect = |sent: &str| {
        let mut stream = TcpStream::connect(runtime.listen).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        stream
    };
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\nce-specversion: 1.0\r\nce-id: slow\r\nce-source: /t\r\nce-type: order\r\n";
    let mut kept: Vec<TcpStream> = (0..4800).map(|_| connect("")).collect();
    // In a header's value: what they add byte by byte stays the beginning of a request.
    kept.extend((0..100).map(|_| connect("POST / HTTP/1.1\r\nhost: localhost\r\nx-slow: ")));
    kept.extend((0..100).map(|_| connect(&format!("{head}content-length: 60000\r\n\r\nx"))));
    let handles = || fs::read_dir(format!("/proc/{}/fd", runtime.pid())).unwrap().count();
    wait_until("all of them are taken", || handles() > kept.len());
    for n in 0..20 {
        let id = n.to_string();
        for stream in kept.iter_mut().skip(4800) {
            stream.write_all(b"x").unwrap();
        }
        runtime.send(&id, "order");
        assert_eq!(runtime.verdicts(&id)["order"]["outcome"], "delivered");
    }
    assert_eq!(runtime.admin("GET", "/api/v1/events/slow").status, 404, "half an event is none");
    drop(kept);
    wait_until("they are let go of", || handles() < 500);
}
