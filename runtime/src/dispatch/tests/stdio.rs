//! An event a line, an answer a line.

use http_body_util::BodyExt;
use hyper::StatusCode;

use super::*;

fn handled() -> Outcome {
    Outcome::Handled { reply: None }
}

/// What becomes of two events given at once; and how the process ended.
async fn outcomes_of(script: &str) -> (Outcome, Outcome, String) {
    let function = Function::stdio(script);
    let mut process = function.start();
    process.give(1, event("one"));
    process.give(2, event("two"));
    let (first, second) = (process.outcome().await, process.outcome().await);
    assert_eq!((first.0, second.0), (1, 2));
    (first.1, second.1, process.exited().await)
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_events() {
    let function = Function::new(
        Protocol::Stdio,
        "#!/usr/bin/env python3\nimport json, sys\nfor line in sys.stdin:\n  event = json.loads(line)\n  \
         subject = event['subject']\n  if subject == 'fail': print('{\"error\": \"no\", \"retry\": false}')\n  \
         elif subject == 'reply': print(json.dumps(dict(event, id='answer')))\n  else: print('{}')\n  \
         sys.stdout.flush()\n",
    );
    let mut process = function.start();
    for (slot, subject) in ["handle", "fail", "reply"].into_iter().enumerate() {
        process.give(slot as u32, event_with(subject, "data\nof two lines"));
    }
    assert_eq!(process.outcome().await, (0, handled()));
    assert_eq!(process.outcome().await, (1, Outcome::Failed { reason: "no".to_owned(), retry: false }));
    let (2, Outcome::Handled { reply: Some(reply) }) = process.outcome().await else { panic!() };
    let reply = reply.to(&event("asked"), "somebody").unwrap();
    assert_eq!((reply.id(), &reply.data()[..]), ("answer", &b"data\nof two lines"[..]));
    process.kill().await;
}

#[tokio::test]
async fn lines_as_large_as_events_pass_both_ways() {
    let function = Function::stdio("exec cat");
    let mut process = function.start();
    let data = vec![0xff; 1 << 20];
    for slot in 0..3 {
        process.give(slot, event(data.clone()));
    }
    for slot in 0..3 {
        let (found, Outcome::Handled { reply: Some(reply) }) = process.outcome().await else { panic!() };
        let reply = reply.to(&event("asked"), "somebody").unwrap();
        assert_eq!((found, reply.data().len()), (slot, data.len()));
    }
    process.kill().await;
}

#[tokio::test]
async fn json_data_of_many_lines_is_one_line() {
    let function = Function::stdio("while read -r line; do echo \"$line\" >> noted; echo '{}'; done");
    let mut process = function.start();
    let mut pretty = Event::builder();
    for (name, value) in
        [("id", "1"), ("source", "/test"), ("type", "test"), ("datacontenttype", "application/json")]
    {
        pretty.attribute(name, value).unwrap();
    }
    process.give(1, pretty.build(Bytes::from_static(b"{\n  \"a\": 1\r\n}")).unwrap());
    assert_eq!(process.outcome().await, (1, handled()));
    assert_eq!(function.noted().len(), 1, "{:?}", function.noted());
    process.kill().await;
}

#[tokio::test]
async fn a_process_that_dies_has_taken_what_it_read_and_nothing_else() {
    let (first, second, exit) = outcomes_of("read -r line; exit 3").await;
    assert_eq!(first, Outcome::Lost("the process ended before it answered: exit 3".to_owned()));
    assert_eq!((second, exit.as_str()), (Outcome::NotTaken, "exit 3"));
}

#[tokio::test]
async fn what_a_process_answered_before_it_died_counts() {
    let (first, second, _) = outcomes_of("read -r line; printf '{}'; exit 3").await;
    assert_eq!((first, second), (handled(), Outcome::NotTaken), "also without the end of the line");
}

#[tokio::test]
async fn a_process_that_reads_nothing_never_accepted() {
    let function = Function::stdio("echo no database >&2; exit 9");
    let mut process = function.start();
    process.give(1, event(""));
    assert!(matches!(within(process.heard.next()).await, Said::Outcome(_, Outcome::NotTaken)));
    let Said::Exited(reason) = within(process.heard.next()).await else { panic!("it was never ready") };
    assert_eq!(reason, "exit 9 before it read an event | no database");
}

#[tokio::test]
async fn a_process_that_reads_and_takes_its_time_has_accepted() {
    let function = Function::stdio("read -r line; read -r go < pipe; echo '{}'; read -r line");
    nix::unistd::mkfifo(&function.folder.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut process = function.start();
    process.give(1, event(""));
    assert!(matches!(within(process.heard.next()).await, Said::Ready));
    std::fs::write(function.folder.path().join("pipe"), "go\n").unwrap();
    assert_eq!(process.outcome().await, (1, handled()));
    process.kill().await;
}

#[tokio::test]
async fn a_process_that_was_given_nothing_and_waits_has_accepted() {
    let function = Function::stdio("read -r line");
    let mut process = function.start();
    assert!(matches!(within(process.heard.next()).await, Said::Ready));
    process.kill().await;
}

#[tokio::test]
async fn a_banner_before_the_first_event_is_told_and_costs_no_attempt() {
    let (first, second, reason) = outcomes_of("echo ready!; sleep 60").await;
    assert_eq!((first, second), (Outcome::NotTaken, Outcome::NotTaken));
    assert_eq!(reason, "it printed `ready!` before it read the event");
}

#[tokio::test]
async fn a_line_that_is_no_answer_ends_the_process() {
    let (first, second, exit) = outcomes_of("read -r line; echo working; sleep 60").await;
    let Outcome::MalformedReply(reason) = first else { panic!("{first:?}") };
    assert!(reason.starts_with("it printed `working`, which is no JSON object: "), "{reason}");
    assert_eq!((second, exit.as_str()), (Outcome::NotTaken, "signal 9 (SIGKILL)"));
}

#[tokio::test]
async fn a_line_without_end_is_not_kept_for_ever() {
    // Its stdin stays open: that the second event cannot be written would be another reason to end it.
    let (first, second, _) = outcomes_of("read -r line; exec 3<&0; exec tr '\\0' x < /dev/zero").await;
    assert_eq!(first, Outcome::MalformedReply("it printed a line of more than 2097152 bytes".to_owned()));
    assert_eq!(second, Outcome::NotTaken);
}

#[tokio::test]
async fn who_answers_more_than_was_asked_is_replaced() {
    let function = Function::stdio("read -r line; echo '{}'; echo '{}'; sleep 60");
    let mut process = function.start();
    process.give(1, event(""));
    assert_eq!(process.outcome().await, (1, handled()));
    assert_eq!(process.exited().await, "signal 9 (SIGKILL)");
}

#[tokio::test]
async fn an_answer_does_not_count_for_an_event_that_was_not_read() {
    let (first, second, exit) = outcomes_of("read -r line; echo '{}'; echo '{}'; sleep 60").await;
    assert_eq!((first, second), (handled(), Outcome::NotTaken));
    assert_eq!(exit, "signal 9 (SIGKILL)");
}

#[tokio::test]
async fn a_process_that_hangs_is_ended_and_what_waited_behind_goes_elsewhere() {
    let function = Function::stdio("read -r line; sleep 60");
    let mut process = function.start();
    process.give_for(1, event(""), Duration::from_millis(50));
    process.give(2, event(""));
    assert_eq!(process.outcome().await, (1, Outcome::TimedOut));
    assert_eq!(process.outcome().await, (2, Outcome::NotTaken));
    assert_eq!(process.exited().await, "signal 9 (SIGKILL)");
}

#[tokio::test]
async fn who_closes_its_stdout_and_lives_on_is_replaced() {
    let (first, second, exit) = outcomes_of("read -r line; exec 1>&-; sleep 60").await;
    assert!(matches!(first, Outcome::Lost(_)), "{first:?}");
    assert_eq!((second, exit.as_str()), (Outcome::NotTaken, "signal 9 (SIGKILL)"));
}

#[tokio::test]
async fn the_end_of_stdin_is_the_request_to_end() {
    let mut function =
        Function::stdio("trap 'exit 1' TERM\nwhile read -r line; do echo '{}'; done; echo over >> noted");
    function.drain = PATIENCE;
    let mut process = function.start();
    process.give(1, event(""));
    process.outcome().await;
    process.tell(Order::Terminate);
    assert_eq!(process.exited().await, "exit 0");
    assert_eq!(function.noted(), ["over"]);
}

#[tokio::test]
async fn who_ignores_the_end_of_stdin_is_killed_after_its_grace() {
    let function = Function::stdio("trap '' TERM\nread -r line; echo '{}'\nwhile :; do sleep 60; done");
    let mut process = function.start();
    process.give(1, event(""));
    process.outcome().await;
    process.tell(Order::Terminate);
    assert_eq!(process.exited().await, "signal 9 (SIGKILL)");
}

#[tokio::test]
async fn a_caller_gets_what_the_function_says() {
    let function = Function::stdio(
        "read -r line; echo \"$line\"\nread -r line; echo '{}'\n\
         read -r line; echo '{\"error\": \"no stock\", \"retry\": false}'\nread -r line; echo huh",
    );
    let mut process = function.start();
    let mut answers = Vec::new();
    for slot in 0..4 {
        let answer = within(process.call(slot, Method::POST, "body")).await.unwrap();
        process.outcome().await;
        answers.push(answer);
    }
    let mut answers = answers.into_iter();
    let reply = answers.next().unwrap().unwrap();
    assert_eq!((reply.status(), reply.headers()["hydrant-cold"].as_bytes()), (StatusCode::OK, &b"1"[..]));
    assert_eq!(reply.headers()["content-type"], "application/cloudevents+json");
    let body = within(reply.into_body().collect()).await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("hydrant.call"), "{body:?}");
    let warm = answers.next().unwrap().unwrap();
    assert_eq!((warm.status(), warm.headers().get("hydrant-cold")), (StatusCode::NO_CONTENT, None));
    let failed = answers.next().unwrap().unwrap();
    assert_eq!(failed.status(), StatusCode::BAD_REQUEST);
    assert_eq!(within(failed.into_body().collect()).await.unwrap().to_bytes(), "no stock");
    assert!(matches!(answers.next().unwrap(), Err(CallError::Malformed(_))));
    process.exited().await;
}
