//! Calls that stream: answers before their end, bodies beside answers, trailers, and connections that become
//! something else.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use libtest_mimic::Trial;

use crate::support::project::python;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "streams",
        &[
            ("server_sent_events_come_before_the_answer_ends", events_come_before_the_end),
            ("a_body_in_chunks_arrives_while_the_answer_streams", a_body_arrives_while_the_answer_streams),
            ("trailers_pass_both_ways", trailers_pass_both_ways),
            (
                "a_caller_that_expects_continue_is_told_when_the_function_takes_it",
                a_caller_that_expects_continue,
            ),
            ("an_upgraded_connection_carries_bytes_both_ways_until_it_ends", an_upgraded_connection),
            ("a_new_version_ends_an_upgraded_connection_after_its_time", a_new_version_ends_it),
            ("an_upgrade_that_the_function_declines_is_an_answer", an_upgrade_that_is_declined),
            ("a_function_that_switches_protocols_unasked_is_told", a_switch_that_nobody_asked_for),
            ("the_function_learns_who_called", the_function_learns_who_called),
        ],
    )
}

/// A server that does by hand, per path, what is to be seen on the wire.
fn server() -> String {
    let python = python();
    format!("#!{python}\n{SERVER}")
}

const SERVER: &str = r#"
import os, socket, threading, time
def lines(file):
    found = []
    while (line := file.readline()) not in (b"\r\n", b""): found.append(line.decode().strip())
    return found
def chunk(data): return b"%x\r\n%s\r\n" % (len(data), data)
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n"
def events(connection, file, head):
    connection.sendall(CHUNKED + chunk(b"data: one\n\n"))
    while not os.path.exists("go"): time.sleep(0.005)
    connection.sendall(chunk(b"data: two\n\n") + b"0\r\n\r\n")
def echo(connection, file, head):
    connection.sendall(CHUNKED)
    while (size := int(file.readline(), 16)):
        connection.sendall(chunk(file.read(size)))
        file.readline()
    trailers = "".join(line + "\r\n" for line in lines(file))
    connection.sendall(b"0\r\n" + trailers.encode() + b"\r\n")
def upgrade(connection, file, head):
    to = [line for line in head if line.lower().startswith("upgrade:")]
    connection.sendall(("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n" + (to or ["upgrade: x"])[0] + "\r\n\r\n").encode())
    while (data := connection.recv(65536)): connection.sendall(data.upper())
    open("closed", "w").close()
    return "closed"
def plain(connection, file, head):
    body = "\n".join(head).encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
def serve(connection):
    file = connection.makefile("rb")
    while (head := lines(file)):
        if globals()[head[0].split()[1].strip("/")](connection, file, head): break
    connection.shutdown(socket.SHUT_RDWR)
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=128)
while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"#;

/// A connection to look at byte by byte.
struct Wire {
    stream: TcpStream,
    read: String,
}

impl Wire {
    fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { stream, read: String::new() }
    }

    /// Sends the head of a request to the function `serve`.
    fn ask(address: SocketAddr, request: &str, headers: &str) -> Self {
        let mut wire = Self::to(address);
        let (method, path) = request.split_once(' ').unwrap();
        wire.send(&format!("{method} /fn/serve/{path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n"));
        wire
    }

    fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    fn chunk(&mut self, text: &str) {
        self.send(&format!("{:x}\r\n{text}\r\n", text.len()));
    }

    /// Reads on until this came; gives what came before and with it.
    fn until(&mut self, text: &str) -> String {
        while !self.read.contains(text) {
            assert!(self.more(), "it ended before `{text}`: {}", self.read);
        }
        let end = self.read.find(text).unwrap() + text.len();
        let rest = self.read.split_off(end);
        std::mem::replace(&mut self.read, rest)
    }

    /// Whether there was more.
    fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let length = match self.stream.read(&mut buffer) {
            Ok(length) => length,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
                0
            }
        };
        self.read.push_str(&String::from_utf8_lossy(&buffer[..length]));
        length > 0
    }
}

fn project(config: &str) -> Project {
    let project = Project::new(config);
    project.function("serve", server());
    project
}

fn in_flight(runtime: &Runtime<'_>) -> u64 {
    runtime.function("serve")["in_flight"].as_u64().unwrap()
}

fn events_come_before_the_end() {
    let project = project("");
    let runtime = Runtime::start(&project);
    let mut wire = Wire::ask(runtime.listen, "GET events", "accept: text/event-stream\r\n");
    wire.until("data: one\n\n");
    assert_eq!(in_flight(&runtime), 1, "it is not over");
    project.write("go", "");
    wire.until("data: two\n\n");
    wire.until("0\r\n\r\n");
    wait_until("it is over", || in_flight(&runtime) == 0);
}

fn a_body_arrives_while_the_answer_streams() {
    let project = project("");
    let runtime = Runtime::start(&project);
    let mut wire = Wire::ask(runtime.listen, "POST echo", "transfer-encoding: chunked\r\n");
    for text in ["one", "two", "three"] {
        wire.chunk(text);
        wire.until(text);
    }
    wire.send("0\r\n\r\n");
    wire.until("0\r\n\r\n");
}

fn trailers_pass_both_ways() {
    let project = project("");
    let runtime = Runtime::start(&project);
    let headers = "transfer-encoding: chunked\r\nte: trailers\r\ntrailer: x-sum\r\n";
    let mut wire = Wire::ask(runtime.listen, "POST echo", headers);
    wire.chunk("one");
    wire.send("0\r\nx-sum: 42\r\n\r\n");
    let answer = wire.until("\r\n0\r\n").to_ascii_lowercase();
    assert!(answer.contains("trailer: x-sum"), "{answer}");
    assert_eq!(wire.until("\r\n\r\n").to_ascii_lowercase(), "x-sum: 42\r\n\r\n");
}

fn a_caller_that_expects_continue() {
    let project = project("");
    let runtime = Runtime::start(&project);
    let headers = "transfer-encoding: chunked\r\nexpect: 100-continue\r\n";
    let mut wire = Wire::ask(runtime.listen, "POST echo", headers);
    wire.until("HTTP/1.1 100 Continue\r\n\r\n");
    wire.chunk("one");
    wire.until("one");
    wire.send("0\r\n\r\n");
    wire.until("0\r\n\r\n");
}

const UPGRADE: &str = "connection: Upgrade\r\nupgrade: shouting\r\n";

/// A connection on which everything comes back in capitals.
fn upgraded(runtime: &Runtime<'_>) -> Wire {
    let mut wire = Wire::ask(runtime.listen, "GET upgrade", UPGRADE);
    let head = wire.until("\r\n\r\n").to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    for header in ["connection: upgrade\r\n", "upgrade: shouting\r\n", "hydrant-revision: r1\r\n"] {
        assert!(head.contains(header), "{header}: {head}");
    }
    wire.send("hello");
    wire.until("HELLO");
    wire
}

fn an_upgraded_connection() {
    let project = project("[function.serve]\nidle = \"50ms\"\n[function.other]\nidle = \"300ms\"\n");
    project.function("other", server());
    let runtime = Runtime::start(&project);
    let mut wire = upgraded(&runtime);
    // It lives for longer than it would without work.
    runtime.get("/fn/other/plain");
    runtime.wait_zero("other");
    wire.send("still there?");
    wire.until("STILL THERE?");
    assert_eq!(in_flight(&runtime), 1);
    drop(wire);
    wait_until("the function's end is closed, too", || project.file("closed").exists());
    runtime.wait_zero("serve");
}

fn a_new_version_ends_it() {
    let project = project("[function.serve]\ntimeout = { drain = \"200ms\" }\n");
    let runtime = Runtime::start(&project);
    let mut wire = upgraded(&runtime);
    project.function("serve", format!("{}\n# another version\n", server()));
    wait_until("the new one serves", || {
        Wire::ask(runtime.listen, "GET plain", "").until("\r\n\r\n").contains("hydrant-revision: r2")
    });
    while wire.more() {}
    assert!(!project.file("closed").exists(), "it was the process that ended");
    wait_until("nothing is in flight", || in_flight(&runtime) == 0);
}

fn an_upgrade_that_is_declined() {
    let project = project("");
    let runtime = Runtime::start(&project);
    let mut wire = Wire::ask(runtime.listen, "GET plain", UPGRADE);
    let answer = wire.until("upgrade: shouting").to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 200 ok"), "{answer}");
}

fn a_switch_that_nobody_asked_for() {
    let project = project("");
    let runtime = Runtime::start(&project);
    let answer = runtime.get("/fn/serve/upgrade");
    assert_eq!(answer.status, 502, "{}", answer.body);
    assert!(answer.body.contains("it switched protocols, which nobody asked for"), "{}", answer.body);
}

fn the_function_learns_who_called() {
    let project = project("");
    let runtime = Runtime::start(&project);
    let head = runtime.get("/fn/serve/plain").body.to_ascii_lowercase();
    let host = runtime.listen;
    for header in [
        format!("forwarded: for=127.0.0.1;host=\"{host}\";proto=http"),
        "x-forwarded-for: 127.0.0.1".to_owned(),
        format!("x-forwarded-host: {host}"),
        "x-forwarded-proto: http".to_owned(),
        format!("host: {host}"),
    ] {
        assert!(head.lines().any(|line| line == header), "{header}: {head}");
    }
}
