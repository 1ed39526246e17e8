//! Servers that speak HTTP/2 without TLS (`protocol = "h2c"`), as they come: Node's and Go's.

use libtest_mimic::Trial;

use crate::support::{Project, Runtime, group_needing, http, runtime};

pub(crate) fn trials() -> Vec<Trial> {
    let missing =
        |tool: &str, ask: &str| runtime::output(tool, &[ask]).is_none().then(|| format!("no {tool}"));
    let node = [
        ("events_share_one_connection_to_an_http2_server", events_share_one_connection as fn()),
        ("a_call_to_an_http2_server_gets_its_answer", a_call_gets_its_answer),
        ("an_http2_connection_that_ended_is_made_again", an_ended_connection_is_made_again),
        ("an_event_that_ends_the_connection_fails_alone", an_event_that_ends_it_fails_alone),
    ];
    let go = [("an_event_wakes_an_unmodified_go_server_over_http2", an_event_wakes_go as fn())];
    let mut trials = group_needing("h2c with node", missing("node", "--version"), &node);
    trials.extend(group_needing("h2c with go", missing("go", "version"), &go));
    trials
}

/// A server that notes its connections and events; `more` (JavaScript) answers `stream`, given `headers` and `id`.
fn server(more: &str) -> String {
    format!(
        r#"#!/usr/bin/env node
// hydrant: protocol = "h2c", on = {{ type = "order" }}, max = 1
const {{ appendFileSync }} = require("node:fs");
const open = [];
const server = require("node:http2").createServer();
server.on("session", () => appendFileSync("sessions", "one\n"));
server.on("stream", (stream, headers) => {{
  const id = headers["ce-id"] ?? "-";
  appendFileSync("delivered", id + "\n");
  stream.on("error", () => {{}});
  {more}
}});
server.listen(process.env.PORT, "127.0.0.1");
"#
    )
}

fn events_share_one_connection() {
    let project = Project::new("");
    // Nobody is answered before ten wait.
    let more = "open.push(stream); if (open.length >= 10) for (const one of open.splice(0)) { one.respond(); one.end(); }";
    project.function("serve", server(more));
    let runtime = Runtime::start(&project);
    let ids: Vec<String> = (0..20).map(|id| id.to_string()).collect();
    for id in &ids {
        runtime.send(id, "order");
    }
    for id in &ids {
        let verdict = &runtime.verdicts(id)["serve"];
        let told = (&verdict["outcome"], &verdict["attempt_count"], &verdict["status"]);
        assert_eq!(told, (&"delivered".into(), &1.into(), &"200".into()), "{verdict}");
    }
    assert_eq!(project.counts("delivered").len(), 20);
    assert_eq!(project.lines("sessions").len(), 1);
}

fn a_call_gets_its_answer() {
    let project = Project::new("");
    let more = "stream.respond({ ':status': 201, 'x-own': 'yes' });
  stream.write([headers[':method'], headers[':path'], headers['x-forwarded-for']].join(' ') + ' ');
  stream.pipe(stream);";
    project.function("serve", server(more));
    let runtime = Runtime::start(&project);
    let answer = http::request(runtime.listen, "POST", "/fn/serve/a?b=c", &[], b"body").unwrap();
    assert_eq!((answer.status, answer.header("x-own")), (201, Some("yes")));
    assert_eq!(answer.body, "POST /a?b=c 127.0.0.1 body");
    let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
    let answer = http::request(runtime.listen, "GET", "/fn/serve/", &upgrade, b"").unwrap();
    assert_eq!(answer.status, 201, "there is no upgrade in HTTP/2: {}", answer.body);
}

fn an_ended_connection_is_made_again() {
    let project = Project::new("");
    project.function("serve", server("stream.respond(); stream.end(() => stream.session.close());"));
    let runtime = Runtime::start(&project);
    for id in ["1", "2", "3"] {
        runtime.send(id, "order");
        let verdict = &runtime.verdicts(id)["serve"];
        let told = (&verdict["outcome"], &verdict["attempt_count"]);
        assert_eq!(told, (&"delivered".into(), &1.into()), "{verdict}");
    }
}

fn an_event_that_ends_it_fails_alone() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 1, delay = \"5ms\" }\n");
    // All are there before the bad one ends the connection under them.
    let more = "if (id !== 'bad' && open.length >= 5) { stream.respond(); return stream.end(); }
  open.push(id);
  if (id === 'bad') {
    const end = () => open.length < 5 ? setTimeout(end, 5) : stream.session.destroy();
    end();
  }";
    project.function("serve", server(more));
    let runtime = Runtime::start(&project);
    for id in ["1", "2", "3", "4", "bad"] {
        runtime.send(id, "order");
    }
    for id in ["1", "2", "3", "4"] {
        let verdict = &runtime.verdicts(id)["serve"];
        let told = (&verdict["outcome"], &verdict["attempt_count"]);
        assert_eq!(told, (&"delivered".into(), &1.into()), "{verdict}");
    }
    let verdict = &runtime.verdicts("bad")["serve"];
    let told = (&verdict["outcome"], &verdict["attempts"][0]["status"]);
    assert_eq!(told, (&"dead_letter".into(), &"connection lost".into()), "{verdict}");
}

fn an_event_wakes_go() {
    let project = Project::new("");
    let source = r#"package main

import (
	"net/http"
	"os"
)

func main() {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	answer := func(w http.ResponseWriter, r *http.Request) { w.Header().Set("spoke", r.Proto) }
	server := http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Protocols: protocols, Handler: http.HandlerFunc(answer)}
	panic(server.ListenAndServe())
}
"#;
    project.write("main.go", source);
    let (main, built) = (project.file("main.go"), project.file("serve"));
    let paths = (main.to_str().unwrap(), built.to_str().unwrap());
    runtime::output("go", &["build", "-o", paths.1, paths.0]).expect("it builds");
    project.function("serve", std::fs::read(&built).unwrap());
    project.write("functions/serve.toml", "protocol = \"h2c\"\non = { type = \"order\" }\n");
    let runtime = Runtime::start(&project);
    for id in ["1", "2"] {
        runtime.send(id, "order");
        assert_eq!(runtime.verdicts(id)["serve"]["outcome"], "delivered");
    }
    assert_eq!(runtime.get("/fn/serve/").header("spoke"), Some("HTTP/2.0"));
}
