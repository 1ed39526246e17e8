//! Sequences, parallels and requests: events that go from function to function without a trigger between them.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::{noting_server, python};
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_for, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "flows",
        &[
            ("an_event_goes_through_all_steps_of_a_sequence_in_python_and_sh", through_all_steps),
            ("a_step_that_fails_is_tried_by_its_own_delivery_and_nothing_goes_on", failing_step),
            ("a_step_that_answers_nothing_ends_it", silent_step),
            ("kill_9_in_the_middle_of_a_sequence_loses_nothing", kill_in_the_middle),
            ("an_event_takes_the_branches_whose_filters_it_passes", branches),
            ("a_request_waits_for_the_event_that_answers_it", request_and_answer),
            ("a_request_that_nobody_answers_is_told_so_in_time", request_without_answer),
            ("whoever_asks_when_hydrant_stops_is_told_so", request_at_the_end),
            ("explain_and_send_know_flows_by_their_names", by_name),
        ],
    )
}

/// A server that answers with an event under the old id and its own name, whose data is what it was sent and its name.
fn python_step(name: &str, more: &str) -> String {
    let answer = format!(
        "{more}
        note(self.body.decode(), '{name}.seen')
        answer = self.body + b' {name}'
        self.send_response(200)
        for attribute, value in dict(specversion='1.0', id=self.headers['ce-id'] + '-{name}', source='/{name}', type='{name}.done').items():
            self.send_header('ce-' + attribute, value)
        self.send_header('content-type', 'text/plain')
        self.send_header('content-length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        return"
    );
    noting_server("", &answer)
}

/// The same as a process for each event.
fn sh_step(name: &str, before: &str) -> String {
    format!(
        "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\n{before}\ndata=$(cat)\n\
         echo '{{\"specversion\":\"1.0\",\"id\":\"'$CE_ID'-{name}\",\"source\":\"/{name}\",\"type\":\"{name}.done\",\
         \"datacontenttype\":\"text/plain\",\"data\":\"'$data' {name}\"}}'\n"
    )
}

const SHIP: &str = "[broker.default]\ndelivery = { delay = \"1ms\" }\n\
    [sequence.ship]\nsteps = [\"fn/a\", { to = \"fn/b\", delivery = { retry = 2, delay = \"1ms\" } }, \"fn/c\"]\n\
    reply = \"broker/default\"\n";

/// What one subscription made of an event, which may be still to come.
fn verdict(runtime: &Runtime<'_>, id: &str, trigger: &str) -> Value {
    wait_for("the event is there", || {
        (runtime.admin("GET", &format!("/api/v1/events/{id}")).status == 200).then_some(())
    });
    runtime.verdicts(id)[trigger].clone()
}

fn post(runtime: &Runtime<'_>, path: &str, id: &str, ty: &str) {
    let answer = runtime.post(path, id, ty, "data");
    assert_eq!(answer.status, 202, "{}", answer.body);
}

fn through_all_steps() {
    let project = Project::new(SHIP);
    project.function("a", python_step("a", ""));
    // Of each event, the first attempt fails.
    project.function("b", sh_step("b", "mkdir \"tried-$CE_ID\" 2> /dev/null && exit 1"));
    project.function("c", python_step("c", ""));
    project.function(
        "end",
        noting_server("on = { type = \"c.done\" }", "        note(self.body.decode(), 'end.seen')"),
    );
    let runtime = Runtime::start(&project);
    post(&runtime, "/sequence/ship", "1", "order");
    wait_until("the last answer is in the broker", || project.lines("end.seen") == ["data a b c"]);
    assert_eq!(verdict(&runtime, "1-a", "ship.2")["attempt_count"], 2);
    assert_eq!(verdict(&runtime, "1-a-b", "ship.3")["outcome"], "delivered");
    assert_eq!(project.lines("a.seen"), ["data"]);
    assert_eq!(project.lines("c.seen"), ["data a b"]);
}

fn failing_step() {
    let project = Project::new(SHIP);
    project.function("a", python_step("a", ""));
    project.function("b", sh_step("b", "[ \"$CE_ID\" = bad-a ] && exit 1"));
    project.function("c", python_step("c", ""));
    let runtime = Runtime::start(&project);
    post(&runtime, "/sequence/ship", "bad", "order");
    let failed = verdict(&runtime, "bad-a", "ship.2");
    assert_eq!(
        (&failed["outcome"], &failed["attempt_count"]),
        (&"dead_letter".into(), &3.into()),
        "{failed}"
    );
    assert_eq!(failed["channel"], "sequence/ship.2");
    post(&runtime, "/sequence/ship", "good", "order");
    wait_until("the next event goes through", || project.lines("c.seen").len() == 1);
    assert_eq!(project.counts("delivered").get("good-a-b"), Some(&1));
    assert_eq!(project.counts("delivered").get("bad-a-b"), None, "nothing goes on");
}

fn silent_step() {
    let project = Project::new(SHIP);
    project.function("a", python_step("a", ""));
    project.function("b", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\ncat > b.seen\n");
    project.function("c", python_step("c", ""));
    let runtime = Runtime::start(&project);
    post(&runtime, "/sequence/ship", "1", "order");
    let ended = verdict(&runtime, "1-a", "ship.2");
    assert_eq!((&ended["outcome"], &ended["reply_id"]), (&"delivered".into(), &Value::Null), "{ended}");
    let explained = runtime.admin("GET", "/api/v1/events?last=100").json();
    assert!(!explained.to_string().contains("sequence/ship.3"), "{explained}");
    // Whoever begins there gets what it would have got.
    post(&runtime, "/sequence/ship.3", "2", "order");
    wait_until("the third step is done", || project.lines("c.seen") == ["data"]);
}

fn kill_in_the_middle() {
    let project = Project::new(&format!("{SHIP}[function.b]\nmax = 4\n"));
    project.function("a", python_step("a", ""));
    project.function("b", sh_step("b", "echo \"$CE_ID\" >> b.begun\nwhile [ ! -e go ]; do sleep 0.01; done"));
    project.function("c", python_step("c", ""));
    let ids: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let runtime = Runtime::start(&project);
    ids.iter().for_each(|id| post(&runtime, "/sequence/ship", id, "order"));
    wait_until("the second step is at work", || project.lines("b.begun").len() == 4);
    runtime.kill9();
    wait_until("its functions end with it", || project.processes().is_empty());
    assert!(project.lines("c.seen").is_empty());
    project.write("go", "");
    let runtime = Runtime::start(&project);
    wait_until("every event is through", || {
        let delivered = project.counts("delivered");
        ids.iter().all(|id| delivered.contains_key(&format!("{id}-a-b")))
    });
    // Again comes only what was in flight: of the first step at most what was not committed yet, of the second four.
    let twice = |of: &str| project.counts(of).values().filter(|times| **times > 1).count();
    assert!(twice("b.begun") >= 4, "what was in flight comes again");
    assert!(runtime.stop().success());
}

fn branches() {
    let project = Project::new(
        "[channel.big]\n[subscription.big]\nchannel = \"big\"\nto = \"fn/store\"\n\
         [parallel.ship]\nreply = \"channel/big\"\nbranches = [\n\
         { to = \"fn/a\", filter = \"type LIKE 'order.%'\" },\n\
         { to = \"fn/b\", filter = { exact = { type = \"order.big\" } }, reply = \"sequence/after\" },\n]\n\
         [sequence.after]\nsteps = [\"fn/c\"]\n",
    );
    project.function("a", python_step("a", ""));
    project.function("b", sh_step("b", ""));
    project.function("c", python_step("c", ""));
    project.function("store", noting_server("", "        note(self.body.decode(), 'stored')"));
    let runtime = Runtime::start(&project);
    post(&runtime, "/parallel/ship", "both", "order.big");
    post(&runtime, "/parallel/ship", "one", "order.small");
    post(&runtime, "/parallel/ship", "none", "bill");
    let outcomes =
        |id: &str| ["ship.1", "ship.2"].map(|branch| verdict(&runtime, id, branch)["outcome"].clone());
    assert_eq!(outcomes("both"), ["delivered", "delivered"]);
    assert_eq!(outcomes("one"), ["delivered", "unmatched"]);
    assert_eq!(outcomes("none"), ["unmatched", "unmatched"]);
    wait_until("answers are where their branch says", || {
        project.lines("stored") == ["data a", "data a"] && project.lines("c.seen") == ["data b"]
    });
}

fn by_name() {
    let project = Project::new(SHIP);
    for name in ["a", "b", "c"] {
        project.function(name, format!("#!{}\n# hydrant: protocol = \"oneshot\"\n", python()));
    }
    let runtime = Runtime::start(&project);
    let (code, said, talk) =
        verb(&project, &["send", "order", "--id", "1", "--to", "sequence/ship", "--wait=60s"]);
    assert_eq!(code, 0, "{said}{talk}");
    assert!(said.contains("sequence ship.1") && said.contains("-> a"), "{said}");
    let (code, said, talk) = verb(&project, &["explain", "1"]);
    assert_eq!(code, 0, "{talk}");
    assert!(said.contains("sequence ship") && said.contains("ship.1"), "{said}");
    project.write("event.json", r#"{"specversion":"1.0","id":"2","source":"/","type":"order"}"#);
    let (code, said, talk) = verb(&project, &["explain", "@event.json", "--to", "sequence/ship.2"]);
    assert_eq!(code, 0, "{talk}");
    assert!(said.contains("ship.2") && said.contains("fn/b") && !said.contains("ship.1"), "{said}");
    let answer = runtime.post("/sequence/shipp", "3", "order", "");
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("there is no sequence `shipp`"), "{}", answer.body);
}

/// What `a` answers, `b` answers in turn: the second bears the id of the first event, which the first handed on.
const ASK: &str = "[request.ask]\ntimeout = \"60s\"\n\
    [trigger.a]\nto = \"fn/a\"\nfilter = { exact = { type = \"question\" } }\n\
    [trigger.b]\nto = \"fn/b\"\nfilter = { exact = { type = \"a.done\" } }\n";

/// A server whose answer is an event with this attribute more.
fn answering(name: &str, attribute: &str) -> String {
    let more = format!("        more = {{'{attribute}': self.headers['ce-correlationid']}}");
    let done = format!("type='{name}.done'");
    python_step(name, &more).replace(&done, &format!("{done}, **more"))
}

fn request_and_answer() {
    let project = Project::new(ASK);
    project.function("a", answering("a", "correlationid"));
    project.function("b", answering("b", "replyid"));
    let runtime = Runtime::start(&project);
    // Each waits for its own, all at once.
    std::thread::scope(|scope| {
        let ask = |n: usize| runtime.post("/request/ask", &n.to_string(), "question", &format!("data{n}"));
        let asked: Vec<_> = (0..8).map(|n| scope.spawn(move || ask(n))).collect();
        for (n, asked) in asked.into_iter().enumerate() {
            let answer = asked.join().unwrap();
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (200, &*format!("data{n} a b")),
                "{}",
                answer.head
            );
            assert_eq!(answer.header("ce-type"), Some("b.done"));
            assert_eq!(answer.header("ce-id"), Some(&*format!("{n}-a-b")));
            assert!(answer.header("ce-replyid").unwrap().starts_with(&format!("{n}:")), "{}", answer.head);
        }
    });
    let answered = verdict(&runtime, "0-a-b", "ask.answer");
    assert_eq!(
        (&answered["outcome"], &answered["status"]),
        (&"delivered".into(), &"200".into()),
        "{answered}"
    );
    assert_eq!(answered["to"], "whoever asked");
    // Whoever makes one up answers nobody, and nothing is tried again for it.
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "x"),
        ("ce-source", "/x"),
        ("ce-type", "x"),
        ("ce-replyid", "0:0"),
    ];
    let answer = crate::support::http::request(runtime.listen, "POST", "/", &headers, b"").unwrap();
    assert_eq!(answer.status, 202);
    let forged = verdict(&runtime, "x", "ask.answer");
    assert_eq!((&forged["status"], &forged["attempt_count"]), (&"202".into(), &1.into()), "{forged}");
}

fn request_without_answer() {
    let project = Project::new("[request.ask]\ntimeout = \"50ms\"\n");
    project.function("question", noting_server("", ""));
    let runtime = Runtime::start(&project);
    let answer = runtime.post("/request/ask", "1", "question", "data");
    assert_eq!(answer.status, 504, "{}", answer.body);
    assert!(answer.body.contains("whoever answers copies correlationid into replyid"), "{}", answer.body);
    assert_eq!(verdict(&runtime, "1", "question")["outcome"], "delivered", "it is an event like others");
    assert_eq!(runtime.post("/request/aks", "2", "question", "").status, 404);
    assert_eq!(runtime.get("/request/ask").status, 405);
    let batch = br#"[{"specversion":"1.0","id":"1","source":"/","type":"x"},{"specversion":"1.0","id":"2","source":"/","type":"x"}]"#;
    let headers = [("content-type", "application/cloudevents-batch+json")];
    let answer =
        crate::support::http::request(runtime.listen, "POST", "/request/ask", &headers, batch).unwrap();
    assert_eq!(answer.status, 400, "{}", answer.body);
}

fn request_at_the_end() {
    let project = Project::new("[request.ask]\ntimeout = \"1h\"\n");
    project.function("question", noting_server("", ""));
    let runtime = Runtime::start(&project);
    let listen = runtime.listen;
    let asked = std::thread::spawn(move || {
        crate::support::runtime::post(listen, "/request/ask", "1", "question", "")
    });
    wait_until("it is asked", || project.lines("delivered") == ["1"]);
    assert!(runtime.stop().success());
    let answer = asked.join().unwrap().unwrap();
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.body.contains("the runtime is stopping"), "{}", answer.body);
}
