//! An event wakes a function: over HTTP, in every way a function may be spoken to.

use libtest_mimic::Trial;

use crate::support::project::{noting_script, noting_server, python};
use crate::support::{Project, Runtime, group, group_needing, http, runtime, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = group(
        "wake",
        &[
            ("an_event_wakes_a_script_and_it_goes_back_to_zero", an_event_wakes_a_script),
            ("an_event_wakes_a_server_on_its_port", an_event_wakes_a_server_on_its_port),
            ("an_event_wakes_a_server_on_the_listener_it_is_given", a_server_on_the_listener),
            ("every_trigger_has_its_own_verdict", every_trigger_has_its_own_verdict),
            ("a_reply_goes_back_to_the_broker", a_reply_goes_back_to_the_broker),
            ("a_call_waits_for_the_start_and_gets_the_functions_answer", a_call_waits_for_the_start),
            ("a_call_to_a_script_gets_what_it_prints", a_call_to_a_script),
            ("structured_and_batched_events_arrive", structured_and_batched_events_arrive),
            ("names_sidecars_and_headers_bind_functions", names_sidecars_and_headers_bind),
            ("a_channel_delivers_to_every_subscription_and_a_url", a_channel_delivers_to_every_subscription),
        ],
    );
    let node = runtime::output("node", &["--version"]).is_none().then(|| "no node".to_owned());
    let stock = [("an_event_wakes_an_unmodified_node_server", an_event_wakes_node as fn())];
    trials.extend(group_needing("wake with node", node, &stock));
    trials
}

fn an_event_wakes_a_script() {
    let project = Project::new("");
    project.function("greet", noting_script("", "cat >> data"));
    let runtime = Runtime::start(&project);
    assert_eq!(runtime.function("greet")["state"], "zero");
    let answer = runtime.post("/", "1", "greet", "hello");
    assert_eq!((answer.status, answer.header("hydrant-channel")), (202, Some("broker/default")));
    assert_eq!((answer.header("hydrant-partition"), answer.header("hydrant-offset")), (Some("0"), Some("0")));
    let verdict = &runtime.verdicts("1")["greet"];
    assert_eq!(
        (&verdict["outcome"], &verdict["attempts"][0]["status"]),
        (&"delivered".into(), &"exit 0".into())
    );
    assert_eq!(verdict["attempts"][0]["cold"], true);
    assert_eq!((project.lines("delivered"), project.lines("data")), (vec!["1".into()], vec!["hello".into()]));
    runtime.wait_zero("greet");
}

fn an_event_wakes_a_server_on_its_port() {
    let project = Project::new("");
    project.function("serve", noting_server(r#"on = { type = "order" }"#, ""));
    let runtime = Runtime::start(&project);
    for id in ["1", "2"] {
        runtime.send(id, "order");
        assert_eq!(runtime.verdicts(id)["serve"]["outcome"], "delivered");
    }
    assert_eq!(project.lines("delivered"), ["1", "2"]);
    assert_eq!(runtime.function("serve")["cold_starts"], 1);
}

fn a_server_on_the_listener() {
    let project = Project::new("");
    let python = python();
    let server = format!(
        r#"#!{python}
# hydrant: on = {{ type = "order" }}
import os, socket
assert os.environ["LISTEN_FDS"] == "1"
listener = socket.socket(fileno=3)
while True:
    connection, _ = listener.accept()
    request = connection.makefile("rb")
    size = 0
    while (line := request.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            size = int(line.split(b":")[1])
    request.read(size)
    connection.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
    connection.close()
"#
    );
    project.function("serve", server);
    let runtime = Runtime::start(&project);
    for id in ["1", "2", "3"] {
        runtime.send(id, "order");
        let verdict = &runtime.verdicts(id)["serve"];
        assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
        // The next one starts with its request written already.
        runtime.admin("POST", "/api/v1/functions/serve/reap");
        runtime.wait_zero("serve");
    }
    assert_eq!(runtime.function("serve")["cold_starts"], 3);
}

fn an_event_wakes_node() {
    let project = Project::new("");
    let server = r#"#!/usr/bin/env node
// hydrant: on = { type = "order" }
require("node:http").createServer((request, response) => {
  request.resume().on("end", () => response.end("ok"));
}).listen(process.env.PORT);
"#;
    project.function("serve", server);
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    assert_eq!(runtime.verdicts("1")["serve"]["outcome"], "delivered");
}

fn every_trigger_has_its_own_verdict() {
    let project = Project::new(
        "[trigger.all]\nto = \"fn/a\"\n[trigger.eu]\nfilter = { exact = { source = \"/eu\" } }\nto = \"fn/b\"\n\
         [trigger.fails]\nto = \"fn/c\"\ndelivery = { retry = 1, delay = \"1ms\" }\n",
    );
    project.function("a", noting_script("", ""));
    project.function("b", noting_script("", ""));
    project.function("c", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\nexit 7\n");
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdicts = runtime.verdicts("1");
    let outcome = |trigger: &str| verdicts[trigger]["outcome"].as_str().unwrap();
    assert_eq!((outcome("all"), outcome("eu"), outcome("fails")), ("delivered", "unmatched", "dead_letter"));
    assert_eq!(verdicts["eu"]["clause"], "source = \"/eu\" (event has \"/test\")");
    assert_eq!(verdicts["fails"]["attempt_count"], 2);
    assert_eq!(project.lines("delivered"), ["1"]);
}

fn a_reply_goes_back_to_the_broker() {
    let project = Project::new("");
    let reply = r#"echo '{"specversion":"1.0","id":"r-'$CE_ID'","source":"/ask","type":"answer","data":42}'"#;
    project.function("ask", format!("#!/bin/sh\n# hydrant: protocol = \"oneshot\"\n{reply}\n"));
    project.function("answer", noting_script("", "cat >> data; echo \"$CE_KNATIVEBROKERTTL\" >> hops"));
    let runtime = Runtime::start(&project);
    runtime.send("1", "ask");
    assert_eq!(runtime.verdicts("1")["ask"]["reply_id"], "r-1");
    assert_eq!(runtime.verdicts("r-1")["answer"]["outcome"], "delivered");
    assert_eq!((project.lines("data"), project.lines("hops")), (vec!["42".into()], vec!["254".into()]));
}

fn a_call_waits_for_the_start() {
    let project = Project::new("");
    project.function("echo", noting_server("", "        answer = self.path.encode() + b\" \" + self.body"));
    let runtime = Runtime::start(&project);
    let call =
        |body: &str| http::request(runtime.listen, "POST", "/fn/echo/a/b?q=1", &[], body.as_bytes()).unwrap();
    let cold = call("first");
    assert_eq!((cold.status, cold.body.as_str()), (200, "/a/b?q=1 first"));
    assert_eq!((cold.header("hydrant-cold"), cold.header("hydrant-revision")), (Some("1"), Some("r1")));
    assert!(cold.header("server-timing").unwrap().contains("spawn;dur="));
    let warm = call("second");
    assert_eq!((warm.body.as_str(), warm.header("hydrant-cold")), ("/a/b?q=1 second", None));
    let by_host = http::request(runtime.listen, "GET", "/x", &[("host", "echo.localhost")], b"").unwrap();
    assert_eq!(by_host.body, "/x ");
}

fn a_call_to_a_script() {
    let project = Project::new("");
    project.function("count", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\nwc -c\n");
    project.function("fail", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\nexit 3\n");
    let runtime = Runtime::start(&project);
    let count = http::request(runtime.listen, "POST", "/fn/count", &[], b"12345").unwrap();
    assert_eq!((count.status, count.body.trim()), (200, "5"));
    let fail = runtime.get("/fn/fail");
    assert_eq!((fail.status, fail.header("hydrant-exit")), (500, Some("exit 3")));
}

fn structured_and_batched_events_arrive() {
    let project = Project::new("");
    project.function("order", noting_script("", "data=$(cat); echo \"$data\" >> data"));
    let runtime = Runtime::start(&project);
    let event = |id: &str| {
        format!(r#"{{"specversion":"1.0","id":"{id}","source":"/s","type":"order","data":{{"n":"{id}"}}}}"#)
    };
    let send = |media_type: &str, body: String| {
        let headers = [("content-type", media_type)];
        http::request(runtime.listen, "POST", "/broker/default", &headers, body.as_bytes()).unwrap().status
    };
    assert_eq!(send("application/cloudevents+json; charset=UTF-8", event("1")), 202);
    let batch = format!("[{},{}]", event("2"), event("3"));
    assert_eq!(send("application/cloudevents-batch+json", batch), 202);
    for id in ["1", "2", "3"] {
        assert_eq!(runtime.verdicts(id)["order"]["outcome"], "delivered");
    }
    let mut data = project.lines("data");
    data.sort();
    assert_eq!(data, [r#"{"n":"1"}"#, r#"{"n":"2"}"#, r#"{"n":"3"}"#]);
    assert_eq!(send("application/cloudevents-batch+json", format!("[{},{{}}]", event("4"))), 400);
    let absent = runtime.admin("GET", "/api/v1/events/4");
    assert_eq!(absent.status, 404, "one wrong event refuses the whole batch");
}

fn names_sidecars_and_headers_bind() {
    let project = Project::new("");
    project.function("by-name", noting_script("", ""));
    project.function("by-header.sh", noting_script(r#", on = { type = "a.*", source = "/test" }"#, ""));
    project.function("by-sidecar", "#!/bin/sh\necho \"$CE_ID\" >> delivered\n");
    project.write(
        "functions/by-sidecar.toml",
        "protocol = \"oneshot\"\non = [{ type = \"b\" }, { type = \"*.c\" }]\n",
    );
    let runtime = Runtime::start(&project);
    for (id, ty, wanted) in [
        ("1", "by-name", "by-name"),
        ("2", "com.example.by-name", "by-name"),
        ("3", "a.x", "by-header"),
        ("4", "b", "by-sidecar"),
        ("5", "x.c", "by-sidecar"),
    ] {
        runtime.send(id, ty);
        let verdicts = runtime.verdicts(id);
        let matched = verdicts.iter().filter(|(_, v)| v["matched"] == true);
        let matched: Vec<&String> = matched.map(|(trigger, _)| trigger).collect();
        assert_eq!(matched, [wanted], "{ty}");
    }
    assert_eq!(project.lines("delivered").len(), 5);
}

fn a_channel_delivers_to_every_subscription() {
    let project =
        Project::new("[channel.orders]\n[subscription.one]\nchannel = \"orders\"\nto = \"fn/one\"\n");
    project.function("one", noting_script("", ""));
    project.function("two", noting_server("", ""));
    let runtime = Runtime::start(&project);
    let sink = format!("http://{}/fn/two/in", runtime.listen);
    project.configure(&format!(
        "[channel.orders]\n[subscription.one]\nchannel = \"orders\"\nto = \"fn/one\"\n\
         [subscription.two]\nchannel = \"orders\"\nto = \"{sink}\"\n"
    ));
    wait_until("the second subscription is wired", || {
        let id = format!("probe-{}", std::process::id());
        runtime.post("/channel/orders", &id, "order", "");
        runtime.verdicts(&id).contains_key("two")
    });
    runtime.post("/channel/orders", "last", "order", "");
    let verdicts = runtime.verdicts("last");
    assert_eq!(
        (&verdicts["one"]["outcome"], &verdicts["two"]["outcome"]),
        (&"delivered".into(), &"delivered".into())
    );
    assert_eq!(project.counts("delivered")["last"], 2);
}
