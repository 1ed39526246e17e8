//! What comes in wrong is refused with the reason, and nothing of it is stored.

use std::net::TcpListener;

use libtest_mimic::Trial;

use crate::support::project::noting_script;
use crate::support::{Project, Runtime, group, http, runtime, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "bad input",
        &[
            ("what_is_no_event_is_refused_and_not_stored", what_is_no_event_is_refused),
            ("names_that_are_none_are_refused_and_nothing_is_made_of_them", names_that_are_none),
            ("methods_paths_and_sizes", methods_paths_and_sizes),
            ("other_peoples_pages_are_kept_out", other_peoples_pages_are_kept_out),
            ("a_broken_configuration_at_the_start_exits_3", a_broken_configuration_at_the_start),
            ("a_broken_configuration_at_reload_leaves_the_last_good_one", a_broken_configuration_at_reload),
            ("a_configuration_saved_half_way_is_taken_when_it_is_whole", saved_half_way),
            ("a_taken_port_names_its_holder", a_taken_port_names_its_holder),
            ("a_second_runtime_on_the_same_state_names_the_first", a_second_runtime),
            ("a_state_of_a_newer_format_is_refused_and_left_alone", a_newer_state),
        ],
    )
}

const GOOD: [(&str, &str); 4] =
    [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/t"), ("ce-type", "order")];

fn what_is_no_event_is_refused() {
    let project = Project::new("");
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    let refused = |headers: &[(&str, &str)], body: &str, reason: &str| {
        let answer = http::request(runtime.listen, "POST", "/", headers, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 400, "{headers:?} {}", answer.body);
        assert!(answer.body.contains(reason), "{headers:?} {}", answer.body);
    };
    for missing in 0..GOOD.len() {
        let mut headers = GOOD.to_vec();
        let (name, _) = headers.remove(missing);
        refused(&headers, "", name.strip_prefix("ce-").unwrap());
    }
    let with = |more: (&'static str, &'static str)| {
        let mut headers = GOOD.to_vec();
        headers.push(more);
        headers
    };
    refused(&with(("ce-id", "2")), "", "`id` appears twice");
    refused(&with(("ce-bad_name", "x")), "", "`bad_name` is not allowed");
    refused(&with(("ce-subject", "%zz")), "", "percent-encoded");
    refused(&with(("ce-subject", "a%0d%0ab")), "", "control character");
    refused(&with(("ce-datacontenttype", "text/plain")), "", "content-type");
    refused(&[("content-type", "text/plain")], "hello", "not a CloudEvent: text/plain");
    refused(&[("content-type", "application/cloudevents+json")], "{", "not a JSON event");
    runtime.send("after", "order");
    assert_eq!(runtime.verdicts("after")["order"]["offset"], 0, "nothing was stored before");
}

/// Failure scenario 33.
fn names_that_are_none() {
    let project = Project::new("");
    project.function("order", noting_script("", ""));
    let running = Runtime::start(&project);
    let long = "x".repeat(300);
    for name in ["../../etc", "..%2F..%2Fetc", "a/b", "a%2Fb", "%C3%BC", "%00", "UPPER", "", &long] {
        for kind in ["broker", "channel", "fn", "sink"] {
            let answer = running.post(&format!("/{kind}/{name}"), "1", "order", "");
            assert_eq!(answer.status, 404, "{kind}/{name}: {}", answer.body);
        }
        let answer = running.admin("GET", &format!("/api/v1/functions/{name}x"));
        assert_eq!(answer.status, 404, "{name}: {}", answer.body);
    }
    assert!(running.stop().success());
    for name in ["../../etc", "a/b", "ü", &long] {
        project.configure(&format!("[channel.\"{name}\"]\n"));
        let (code, said, more) = runtime::verb(&project, &["check"]);
        assert_eq!(code, 3, "{said}{more}");
        assert!(said.contains("names have 1 to 63 of"), "{said}");
    }
    let kept: Vec<_> = std::fs::read_dir(project.file(".hydrant/channels")).into_iter().flatten().collect();
    // The broker's, that of dead letters, and that of what is delivered again.
    assert!(kept.len() <= 3, "nothing was made of those names: {kept:?}");
}

fn methods_paths_and_sizes() {
    let project = Project::new("body_max = \"100KiB\"\n");
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    let get = runtime.get("/broker/default");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST, OPTIONS")));
    let headers = [("webhook-request-origin", "sender.example")];
    let options = http::request(runtime.listen, "OPTIONS", "/", &headers, b"").unwrap();
    assert_eq!((options.status, options.header("webhook-allowed-origin")), (200, Some("sender.example")));
    for path in ["/broker/none", "/channel/none", "/fn/none", "/other", "/fn/../etc"] {
        assert_eq!(runtime.post(path, "1", "order", "").status, 404, "{path}");
    }
    assert_eq!(runtime.post("/", "large", "order", &"x".repeat(100 * 1024)).status, 202);
    assert_eq!(runtime.post("/", "too-large", "order", &"x".repeat(100 * 1024 + 1)).status, 413);
    let bomb: Vec<(String, String)> = (0..1000).map(|n| (format!("x-{n}"), "x".repeat(500))).collect();
    let bomb: Vec<(&str, &str)> = bomb.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    // The runtime may hang up before the bomb is sent to its end.
    if let Ok(answer) = http::request(runtime.listen, "POST", "/", &bomb, b"") {
        assert_eq!(answer.status, 431);
    }
    runtime.send("2", "order");
    assert_eq!(runtime.verdicts("2")["order"]["outcome"], "delivered");
}

fn other_peoples_pages_are_kept_out() {
    let project = Project::new("");
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    for (address, path) in [
        (runtime.listen, "/"),
        (runtime.listen, "/fn/order"),
        (runtime.admin, "/api/v1/functions"),
        (runtime.admin, "/healthz"),
    ] {
        for method in ["GET", "POST"] {
            for header in [
                ("host", "evil.example"),
                ("origin", "http://evil.example"),
                ("origin", "null"),
                ("sec-fetch-site", "cross-site"),
            ] {
                let answer = http::request(address, method, path, &[header], b"").unwrap();
                // 421 where it is the host that is not ours.
                assert!(matches!(answer.status, 403 | 421), "{method} {path} {header:?}: {}", answer.body);
                assert_eq!(answer.header("access-control-allow-origin"), None);
            }
        }
    }
    assert_eq!(runtime.function("order")["cold_starts"], 0, "none of them woke it");
}

fn a_broken_configuration_at_the_start() {
    let project = Project::new(
        "[broker.default]\nclass = \"durabel\"\n[trigger.x]\nto = \"fn/order\"\nconcurency = 1\n",
    );
    project.function("order", noting_script("", ""));
    let (code, _, said) = runtime::verb(&project, &["dev"]);
    assert_eq!(code, 3, "{said}");
    for wanted in ["runtime.toml:5:", "durable", "runtime.toml:8:", "concurency", "help:", "2 errors"] {
        assert!(said.contains(wanted), "{wanted}:\n{said}");
    }
}

fn a_broken_configuration_at_reload() {
    let project = Project::new("");
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    project.configure("[broker.default\n");
    wait_until("it is told", || runtime.log().contains("still running the last good configuration"));
    assert!(runtime.log().contains("runtime.toml:4:"), "with its place: {}", runtime.log());
    runtime.send("1", "order");
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
    project.configure("[broker.second]\n[trigger.second]\nbroker = \"second\"\nto = \"fn/order\"\n");
    wait_until("the mended one takes over", || runtime.post("/broker/second", "2", "x", "").status == 202);
    assert_eq!(runtime.verdicts("2")["second"]["outcome"], "delivered");
}

/// By an editor that writes in place, one that is broken meanwhile, and at last one that renames.
fn saved_half_way() {
    let project = Project::new("");
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    let whole = "[broker.second]\n[trigger.second]\nbroker = \"second\"\nto = \"fn/order\"\n";
    let told = |what: &str| runtime.log().matches(what).count();
    project.configure(&whole[..whole.len() - 5]);
    wait_until("the half is told", || told("error[H002]") > 0);
    project.configure(&whole.replace("order", "ordre"));
    wait_until("the broken one is told, which is another mistake", || told("error[H012]") > 0);
    assert_eq!(runtime.post("/broker/second", "1", "x", "").status, 404, "neither is in use");
    let ports = "[runtime]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";
    project.write("whole.toml", &format!("{ports}{whole}"));
    std::fs::rename(project.file("whole.toml"), project.file("runtime.toml")).unwrap();
    wait_until("the whole one is taken", || runtime.post("/broker/second", "2", "x", "").status == 202);
    assert_eq!(runtime.verdicts("2")["second"]["outcome"], "delivered");
}

fn a_taken_port_names_its_holder() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let project = Project::new("");
    project.write(
        "runtime.toml",
        &format!("[runtime]\nlisten = \"127.0.0.1:{port}\"\nadmin = \"127.0.0.1:0\"\n"),
    );
    let (code, _, said) = runtime::verb(&project, &["dev"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(&format!("(pid {})", std::process::id())), "{said}");
}

fn a_second_runtime() {
    let project = Project::new("");
    let runtime = Runtime::start(&project);
    let (code, _, said) = runtime::verb(&project, &["dev"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(&format!("in use by process {}", runtime.pid())), "{said}");
}

fn a_newer_state() {
    let project = Project::new("");
    assert!(Runtime::start(&project).stop().success());
    let format = ".hydrant/channels/broker-default/format";
    project.write(format, "hydrant channel, format 99\n");
    let runtime = Runtime::start(&project);
    wait_until("it is told", || {
        runtime.log().contains("says format 99, and this hydrant knows formats up to")
    });
    assert!(runtime.log().contains("use the newer hydrant that wrote it"), "{}", runtime.log());
    assert_eq!(runtime.post("/", "1", "x", "").status, 503, "nothing is taken that cannot be kept");
    assert_eq!(project.lines(format), ["hydrant channel, format 99"]);
}
