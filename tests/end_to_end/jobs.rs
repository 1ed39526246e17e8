//! Jobs: a process for each event, which finds it in a file, and tells at its own place what became of it.

use std::fs;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::{Project, Runtime, group, http, runtime, wait_for, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "jobs",
        &[
            ("a_job_finds_its_event_in_a_file_and_tells_how_it_ended", finds_its_event),
            ("a_job_behind_a_fence_may_read_its_event", behind_a_fence),
            ("the_same_event_makes_no_second_job_over_a_kill_too", no_second_job),
            ("a_job_that_fails_is_tried_again_and_called_failed", fails),
            ("what_is_no_job_is_refused", refused),
        ],
    )
}

const CONFIG: &str = "[job.resize]\nto = \"fn/resize\"\ndelivery = { retry = 1, delay = \"1ms\" }\n";

/// Notes what it is given, then does `more`.
fn resize(header: &str, more: &str) -> String {
    format!(
        "#!/bin/sh\n# hydrant: protocol = \"oneshot\"{header}\ncat \"$K_EVENT_PATH\" >> events\n\
         echo \"$K_EXECUTION_MODE $K_EVENT_PATH\" >> given\necho >> events\n{more}\n"
    )
}

/// Posts an event. Gives where its job tells of itself.
fn post(runtime: &Runtime<'_>, id: &str) -> String {
    let answer = runtime.post("/job/resize", id, "image", "data");
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.header("location").unwrap().to_owned()
}

fn ended(runtime: &Runtime<'_>, location: &str) -> Value {
    wait_for("the job has an end", || {
        let answer = runtime.get(location);
        assert_eq!(answer.status, 200, "{}", answer.body);
        Some(answer.json()).filter(|job| job["state"] != "pending")
    })
}

fn finds_its_event() {
    let project = Project::new(CONFIG);
    project.function("resize", resize("", "echo 3 images"));
    let runtime = Runtime::start(&project);
    let location = post(&runtime, "a/1");
    assert_eq!(location, "/job/resize/sources/%2Ftest/ids/a%2F1");
    let job = ended(&runtime, &location);
    assert_eq!(
        job,
        serde_json::json!({"job": "resize", "source": "/test", "id": "a/1", "state": "succeeded", "attempts": 1,
            "status": "exit 0", "answer": "3 images\n"})
    );
    let event: Value = serde_json::from_str(&project.lines("events")[0]).unwrap();
    assert_eq!(
        (&event["id"], &event["type"], &event["data"]),
        (&"a/1".into(), &"image".into(), &"data".into())
    );
    let given = project.lines("given");
    let (mode, path) = given[0].split_once(' ').unwrap();
    assert_eq!(mode, "batch");
    wait_until("the file is gone", || !fs::exists(path).unwrap());
}

fn behind_a_fence() {
    let project = Project::new(CONFIG);
    let folder = project.path().display().to_string();
    project.function(
        "resize",
        resize(&format!(", isolation = {{ level = \"strict\", write = [\"{folder}\"] }}"), ""),
    );
    let runtime = Runtime::start(&project);
    let job = ended(&runtime, &post(&runtime, "1"));
    assert_eq!(job["state"], "succeeded", "{job}");
    assert!(project.lines("events")[0].contains("\"id\":\"1\""));
}

fn no_second_job() {
    let project = Project::new(CONFIG);
    project.function("resize", resize("", ""));
    let runtime = Runtime::start(&project);
    let location = post(&runtime, "1");
    ended(&runtime, &location);
    assert_eq!(post(&runtime, "1"), location, "it is the same job");
    let noted = project.file(".hydrant/delivered/job.resize");
    wait_until("it is written", || fs::metadata(&noted).is_ok_and(|noted| noted.len() == 24));
    runtime.kill9();
    let runtime = Runtime::start(&project);
    post(&runtime, "1");
    let other = post(&runtime, "2");
    assert_eq!(ended(&runtime, &other)["state"], "succeeded");
    assert!(runtime.stop().success());
    assert_eq!(project.lines("given").len(), 2, "one for each event");
}

fn fails() {
    let project = Project::new(CONFIG);
    project.function("resize", resize("", "echo no such image >&2; exit 4"));
    let runtime = Runtime::start(&project);
    let job = ended(&runtime, &post(&runtime, "1"));
    assert_eq!(
        (&job["state"], &job["attempts"], &job["status"]),
        (&"failed".into(), &2.into(), &"exit 4".into())
    );
    assert_eq!(job["answer"], "no such image");
    assert_eq!(project.lines("given").len(), 2);
}

fn refused() {
    let project = Project::new(CONFIG);
    project.function("resize", resize("", ""));
    let runtime = Runtime::start(&project);
    assert_eq!(runtime.post("/job/other", "1", "image", "").status, 404);
    assert_eq!(runtime.get("/job/resize").status, 405);
    assert_eq!(runtime.get("/job/resize/sources/x/ids/1").status, 404, "it never came");
    let path = "/job/resize/sources/x/ids/1";
    assert_eq!(runtime::post(runtime.listen, path, "1", "image", "").unwrap().status, 405);
    let batch = r#"[{"specversion":"1.0","id":"1","source":"/s","type":"image"},
        {"specversion":"1.0","id":"2","source":"/s","type":"image"}]"#;
    let headers = [("content-type", "application/cloudevents-batch+json")];
    let answer = http::request(runtime.listen, "POST", "/job/resize", &headers, batch.as_bytes()).unwrap();
    assert_eq!((answer.status, answer.header("location")), (202, None), "{}", answer.body);
    wait_until("both are done", || project.lines("given").len() == 2);
}
