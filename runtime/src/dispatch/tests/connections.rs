//! Connections that are kept, dropped, or refused.

use http_body_util::BodyExt;
use hyper::{StatusCode, Version};

use super::*;

/// Answers the first request of a connection, and closes it over the second.
const CLOSES: &str = "def serve(caller):\n  read(caller); note('one'); caller.sendall(OK)\n  \
                      if read(caller): note('two')\n  caller.close()\n\
                      while True: serve(door.accept()[0])\n";

#[tokio::test]
async fn an_event_on_a_connection_that_ends_goes_again_at_once() {
    let function = Function::server(CLOSES);
    let mut process = function.start();
    process.give(1, event(""));
    process.answered(1).await;
    process.give(2, event(""));
    process.answered(2).await;
    assert_eq!(function.noted(), ["one", "two", "one"]);
    process.kill().await;
}

#[tokio::test]
async fn a_call_that_may_have_been_read_is_not_repeated_unless_its_method_allows_it() {
    let function = Function::server(CLOSES);
    let mut process = function.start();
    process.give(1, event(""));
    process.answered(1).await;
    let caller = process.call(2, Method::POST, "pay");
    assert!(matches!(process.outcome().await, (2, Outcome::Lost(_))));
    assert!(matches!(within(caller).await.unwrap(), Err(CallError::Lost(_))));
    assert_eq!(function.noted(), ["one", "two"]);
    process.give(3, event(""));
    process.answered(3).await;
    let caller = process.call(4, Method::PUT, "set");
    assert_eq!(within(caller).await.unwrap().unwrap().status(), StatusCode::OK);
    process.kill().await;
}

#[tokio::test]
async fn a_call_that_must_not_be_repeated_goes_over_no_connection_that_may_be_ending() {
    // As Node does after 5 s: the end and the next request cross.
    let function = Function::server(
        "def serve(caller):\n  read(caller); caller.sendall(OK)\n  began = time.time()\n  read(caller)\n  \
         if time.time() - began < 1: caller.sendall(OK)\n  caller.close()\n\
         while True: serve(door.accept()[0])\n",
    );
    let mut process = function.start();
    process.give(1, event(""));
    process.answered(1).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let caller = process.call(2, Method::POST, "pay");
    assert_eq!(within(caller).await.unwrap().unwrap().status(), StatusCode::OK);
    process.kill().await;
}

#[tokio::test]
async fn a_server_of_one_connection_at_a_time_answers_all() {
    // Issue: Python's HTTPServer does not look at a second connection while the first is kept.
    let function = Function::new(
        Protocol::Http,
        "#!/usr/bin/env python3\nimport socket\nfrom http.server import *\n\
         class Handler(BaseHTTPRequestHandler):\n  protocol_version = 'HTTP/1.1'\n  \
         def do_POST(self):\n    self.rfile.read(int(self.headers['content-length']))\n    \
         self.send_response(200); self.send_header('content-length', '0'); self.end_headers()\n\
         server = HTTPServer(('127.0.0.1', 0), Handler, bind_and_activate=False)\n\
         server.socket = socket.socket(fileno=3)\nserver.serve_forever()\n",
    );
    let mut process = function.start();
    let events = 8;
    for round in 0..2 {
        for slot in 0..events {
            process.give(round * events + slot, event("data"));
        }
        for _ in 0..events {
            let (_, outcome) = process.outcome().await;
            assert!(matches!(outcome, Outcome::Answered { status: 200, .. }), "{outcome:?}");
        }
    }
    process.kill().await;
}

#[tokio::test]
async fn the_answer_of_an_old_server_becomes_one_of_ours() {
    let function = Function::server(
        "while True:\n  caller, _ = door.accept()\n  if read(caller): caller.sendall(\
         b'HTTP/1.0 200 OK\\r\\nconnection: close, x-hop\\r\\nx-hop: 1\\r\\nx-own: 1\\r\\n\\r\\nhello')\n  \
         caller.close()\n",
    );
    let mut process = function.start();
    for slot in 0..2 {
        let answer = within(process.call(slot, Method::GET, "")).await.unwrap().unwrap();
        assert_eq!(answer.version(), Version::HTTP_11);
        assert_eq!(answer.headers()["x-own"], "1");
        for gone in ["connection", "x-hop"] {
            assert!(!answer.headers().contains_key(gone), "{gone}");
        }
        let body = within(answer.into_body().collect()).await.unwrap().to_bytes();
        assert_eq!(body, "hello");
        process.answered(slot).await;
    }
    process.kill().await;
}

#[tokio::test]
async fn answers_without_a_body_and_informational_ones_are_understood() {
    let function = Function::server(
        "caller, _ = door.accept()\n\
         read(caller); caller.sendall(b'HTTP/1.1 103 Early Hints\\r\\nlink: </a>\\r\\n\\r\\n' + OK)\n\
         read(caller); caller.sendall(b'HTTP/1.1 204 No Content\\r\\n\\r\\n')\n\
         read(caller); caller.sendall(b'HTTP/1.1 200 OK\\r\\ncontent-length: 5\\r\\n\\r\\n')\n\
         read(caller); caller.sendall(OK)\ntime.sleep(60)\n",
    );
    let mut process = function.start();
    process.give(1, event(""));
    process.answered(1).await;
    process.give(2, event(""));
    assert!(matches!(process.outcome().await, (2, Outcome::Answered { status: 204, .. })));
    // The length is that of the body a GET would have.
    let answer = within(process.call(3, Method::HEAD, "")).await.unwrap().unwrap();
    assert_eq!(answer.headers()["content-length"], "5");
    drop(answer);
    process.answered(3).await;
    process.give(4, event(""));
    process.answered(4).await;
    process.kill().await;
}

#[tokio::test]
async fn a_function_hears_that_nobody_takes_the_rest_of_its_answer() {
    let function = Function::server(
        "caller, _ = door.accept()\nread(caller)\n\
         caller.sendall(b'HTTP/1.1 200 OK\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n3\\r\\none\\r\\n')\n\
         note('closed' if not caller.recv(1) else 'asked')\n",
    );
    let mut process = function.start();
    let caller = process.call(1, Method::GET, "events");
    let mut answer = within(caller).await.unwrap().unwrap();
    let first = within(answer.frame()).await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "one");
    drop(answer);
    process.answered(1).await;
    process.exited().await;
    assert_eq!(function.noted(), ["closed"]);
}
