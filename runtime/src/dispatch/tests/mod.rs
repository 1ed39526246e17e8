//! With real processes: python3 and sh, and the driver's part played by the test.

mod batch;
mod connections;
mod end;
mod oneshot;
mod stdio;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use activator::delivery::{Format, Outcome};
use activator::event::Event;
use activator::id::{DeliveryId, FunctionId, InstanceId, Revision};
use activator::lifecycle::{Overflow, Settings};
use activator::scale::Scaling;
use bytes::Bytes;
use hyper::{Method, Request};
use tokio::sync::oneshot as once;

use super::*;
use crate::config::resolved::{Batch, Program, Protocol, Terms};
use crate::driver::{Inbox, Listening, Said};
use crate::process::{Lines, Spawner};

/// Far more than anything here takes; a test that waits as long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server at fd 3, one connection at a time; what it does with a connection is up to the test.
const SERVER: &str = r#"#!/usr/bin/env python3
import os, select, socket, sys, time
door = socket.socket(fileno=3)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
def read(caller):
    data = b""
    while b"\r\n\r\n" not in data:
        more = caller.recv(65536)
        if not more: return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while length and len(body) < length[0]: body += caller.recv(65536)
    return head
def note(text):
    with open("noted", "a") as file: file.write(text + "\n")
"#;

/// A function of one file, in a folder of its own.
struct Function {
    folder: tempfile::TempDir,
    protocol: Protocol,
    learned: Arc<Learned>,
    batch: Option<Batch>,
    /// The grace of a process that is asked to end.
    drain: Duration,
}

/// One of its processes.
struct Process {
    handle: InstanceHandle,
    heard: Listening,
}

impl Function {
    fn new(protocol: Protocol, content: &str) -> Self {
        let drain = Duration::from_millis(50);
        let folder = tempfile::tempdir().unwrap();
        let function = Self { folder, protocol, learned: Arc::default(), batch: None, drain };
        function.write(content);
        function
    }

    /// What the server does, in Python.
    fn server(does: &str) -> Self {
        Self::new(Protocol::Http, &format!("{SERVER}{does}"))
    }

    fn oneshot(script: &str) -> Self {
        Self::new(Protocol::Oneshot, &format!("#!/bin/sh\n{script}\n"))
    }

    fn stdio(script: &str) -> Self {
        Self::new(Protocol::Stdio, &format!("#!/bin/sh\n{script}\n"))
    }

    fn write(&self, content: &str) {
        let path = self.folder.path().join("function");
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// What its processes noted.
    fn noted(&self) -> Vec<String> {
        let noted = std::fs::read_to_string(self.folder.path().join("noted")).unwrap_or_default();
        noted.lines().map(str::to_owned).collect()
    }

    fn start(&self) -> Process {
        self.start_heard(64)
    }

    /// A process whose news have room for that many until somebody listens.
    fn start_heard(&self, room: usize) -> Process {
        let (inbox, heard) = Inbox::to_test(room);
        let handle = start(Start {
            id: InstanceId { function: FunctionId(0), generation: 0 },
            name: Arc::from("function"),
            program: Arc::new(self.program()),
            learned: Arc::clone(&self.learned),
            spawner: Spawner::start(None).unwrap(),
            ingress: 0,
            lines: Lines::default(),
            logs: crate::logs::Logs::default(),
            inbox,
        });
        Process { handle, heard }
    }

    fn program(&self) -> Program {
        Program {
            revision: Revision(1),
            exactly: None,
            path: self.folder.path().join("function").into(),
            content: crate::config::resolved::Content::default(),
            terms: Arc::new(self.terms()),
        }
    }

    fn terms(&self) -> Terms {
        Terms {
            args: Vec::new(),
            env: BTreeMap::new(),
            secrets: crate::config::resolved::Secrets::default(),
            dir: self.folder.path().to_owned(),
            protocol: self.protocol,
            batch: self.batch,
            isolation: crate::config::resolved::Isolation::default(),
            limits: crate::config::resolved::Limits::default(),
            settings: Settings {
                revision: Revision(1),
                single_use: self.protocol == Protocol::Oneshot,
                concurrency: 100,
                scaling: Scaling::default(),
                overflow: Overflow::default(),
                start_timeout: PATIENCE,
                call_timeout: PATIENCE,
                response_timeout: None,
                drain_timeout: self.drain,
            },
        }
    }
}

impl Process {
    fn tell(&self, order: Order) {
        self.handle.tell(order).expect("it still takes orders");
    }

    fn give(&self, slot: u32, event: Event) {
        self.give_for(slot, event, PATIENCE);
    }

    fn give_for(&self, slot: u32, event: Event, timeout: Duration) {
        self.tell(Order::Deliver(Job {
            delivery: delivery(slot),
            work: Work::Event(event, Format::Binary),
            timeout,
            response: None,
        }));
    }

    /// Gives it a call; what comes back is what the caller gets.
    fn call(&self, slot: u32, method: Method, body: &'static str) -> once::Receiver<Answer> {
        let (answer, waiting) = once::channel();
        let request = Request::builder().method(method).uri("/").header("host", "localhost");
        let (head, ()) = request.header("content-length", body.len()).body(()).unwrap().into_parts();
        let body = CallerBody::Whole(Bytes::from_static(body.as_bytes()));
        let call = Box::new(Call { head, body, answer, arrived: Instant::now() });
        self.tell(Order::Deliver(Job {
            delivery: delivery(slot),
            work: Work::Call(call),
            timeout: PATIENCE,
            response: None,
        }));
        waiting
    }

    /// What it says next, apart from being ready.
    async fn says(&mut self) -> Said {
        loop {
            match within(self.heard.next()).await {
                Said::Ready => {}
                said => return said,
            }
        }
    }

    async fn outcome(&mut self) -> (u32, Outcome) {
        match self.says().await {
            Said::Outcome(delivery, outcome) => (delivery.slot, outcome),
            said => panic!("{said:?}"),
        }
    }

    async fn answered(&mut self, slot: u32) {
        match self.outcome().await {
            (found, Outcome::Answered { status: 200, .. }) if found == slot => {}
            other => panic!("{other:?}"),
        }
    }

    /// Leaves nothing behind. Gives how it ended.
    async fn kill(mut self) -> String {
        self.handle.tell(Order::Kill).ok();
        self.exited().await
    }

    async fn exited(&mut self) -> String {
        loop {
            if let Said::Exited(reason) = self.says().await {
                return reason;
            }
        }
    }
}

fn delivery(slot: u32) -> DeliveryId {
    DeliveryId { slot, generation: 0 }
}

fn event(data: impl Into<Bytes>) -> Event {
    event_with("1", data)
}

fn event_with(subject: &str, data: impl Into<Bytes>) -> Event {
    let mut event = Event::builder();
    for (name, value) in [("id", "1"), ("source", "/test"), ("type", "test"), ("subject", subject)] {
        event.attribute(name, value).unwrap();
    }
    event.build(data.into()).unwrap()
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it never happened")
}
