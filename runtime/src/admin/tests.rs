//! The API over real sockets: who is let in, and what is answered.

use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::*;
use crate::history::Note;
use crate::history::fixture::{self, BILL, arrived, delivered, matched, of, wired};

/// A running API over a history; the functions' part needs a driver and is tested with it.
struct World {
    admin: Admin,
    history: Arc<History>,
    state: TempDir,
}

impl World {
    async fn new(notes: impl IntoIterator<Item = Note>) -> Self {
        let state = tempfile::tempdir().unwrap();
        let history = Arc::new(History::new(100));
        history.apply([wired()]);
        history.apply(notes);
        let doors = Doors::open(state.path(), &runtime(&state)).await.unwrap();
        let about = About::new("127.0.0.1:1".parse().unwrap(), doors.address, doors.socket.path());
        let (closing, closed) = watch::channel(false);
        let router = events::routes(history.clone(), Whole::nowhere(history.clone()), closed)
            .fallback(error::not_found);
        Self { admin: doors.start(about, router, axum::Router::new(), closing).unwrap(), history, state }
    }

    async fn get(&self, path: &str) -> (u16, serde_json::Value) {
        let port = self.admin.about().admin.port();
        let answer = self.raw(&format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n")).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (status(head), serde_json::from_str(body).unwrap())
    }

    /// The whole answer to a request over TCP, after which the connection is closed.
    async fn raw(&self, request: &str) -> String {
        ask(TcpStream::connect(self.admin.about().admin).await.unwrap(), request).await
    }
}

fn runtime(state: &TempDir) -> crate::config::resolved::Runtime {
    let mut runtime = fixture::resolved().runtime;
    runtime.state = Some(state.path().to_owned());
    runtime
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    let request = request.replacen("\r\n\r\n", "\r\nconnection: close\r\n\r\n", 1);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// What a task gives, long before any wait of a test is over by itself.
async fn soon<T>(task: tokio::task::JoinHandle<T>) -> T {
    let done = tokio::time::timeout(std::time::Duration::from_secs(20), task).await;
    done.expect("it still waits").unwrap()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

fn order(offset: u64, source: &str) -> Note {
    arrived(offset, fixture::event("1", source, "order.created", b"{}"))
}

#[tokio::test]
async fn a_rebound_name_and_a_foreign_page_get_nothing() {
    let world = World::new([order(0, "/shop")]).await;
    let port = world.admin.about().admin.port();
    let get = |headers: String| format!("GET /api/v1/events HTTP/1.1\r\n{headers}\r\n\r\n");
    let ours = format!("host: localhost:{port}");
    for (headers, expected) in [
        (ours.clone(), 200),
        (format!("host: 127.0.0.1:{port}\r\norigin: http://127.0.0.1:{port}"), 200),
        (format!("host: evil.example:{port}"), 421),
        ("host: localhost".into(), 421),
        (format!("{ours}\r\norigin: http://evil.example"), 403),
        (format!("{ours}\r\nsec-fetch-site: cross-site"), 403),
    ] {
        let answer = world.raw(&get(headers.clone())).await;
        assert_eq!(status(&answer), expected, "{headers}");
        assert_eq!(answer.contains("/shop"), expected == 200, "{answer}");
        assert!(!answer.to_lowercase().contains("access-control"), "{answer}");
    }
    assert_eq!(status(&world.raw("GET /api/v1/events HTTP/1.0\r\n\r\n").await), 403, "no Host at all");
}

#[tokio::test]
async fn the_socket_answers_whatever_the_request_calls_it() {
    let world = World::new([order(0, "/shop")]).await;
    let socket = UnixStream::connect(world.state.path().join("admin.sock")).await.unwrap();
    let answer = ask(socket, "GET /api/v1/events HTTP/1.1\r\nhost: hydrant\r\n\r\n").await;
    assert_eq!(status(&answer), 200);
}

#[tokio::test]
async fn an_admin_address_for_everyone_is_refused() {
    let state = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.168.0.7:0"] {
        let runtime = crate::config::resolved::Runtime { admin: address.parse().unwrap(), ..runtime(&state) };
        let opened = Doors::open(state.path(), &runtime).await;
        assert!(matches!(opened, Err(AdminError::NotLoopback(_))), "{address}");
    }
}

#[tokio::test]
async fn a_second_runtime_on_the_same_state_is_refused_with_the_pid_of_the_first() {
    let world = World::new([]).await;
    let second = Doors::open(world.state.path(), &runtime(&world.state)).await;
    assert!(matches!(second, Err(AdminError::Running(pid)) if pid == std::process::id()));
    world.admin.stop().await;
    assert_eq!(std::fs::read_dir(world.state.path()).unwrap().count(), 0, "no file stays behind");
    Doors::open(world.state.path(), &runtime(&world.state)).await.unwrap();
}

#[tokio::test]
async fn an_event_is_found_by_its_id_its_source_and_its_place() {
    let world = World::new([order(0, "/shop"), order(1, "/cafe")]).await;
    let (status, body) = world.get("/api/v1/events/1").await;
    assert_eq!((status, &body["code"]), (409, &"ambiguous".into()));
    assert_eq!([&body["choices"][0]["source"], &body["choices"][1]["source"]], ["/shop", "/cafe"]);
    for path in
        ["/api/v1/events/1?source=%2Fcafe", "/api/v1/events/1?channel=broker%2Fdefault&partition=0&offset=1"]
    {
        let (status, body) = world.get(path).await;
        assert_eq!((status, &body["offset"], &body["source"]), (200, &1.into(), &"/cafe".into()), "{path}");
    }
    for (path, expected) in [
        ("/api/v1/events/2", 404),
        ("/api/v1/events/1?channel=broker/default", 400),
        ("/api/v1/events/1?channel=broker/other&partition=0&offset=0", 404),
        ("/api/v1/events/1?wait=soon", 400),
        ("/api/v1/events/1?until=never", 400),
        ("/api/v1/events?limit=many", 400),
        ("/api/v2", 404),
    ] {
        let (status, body) = world.get(path).await;
        assert_eq!(status, expected, "{path}");
        assert!(body["message"].is_string() && body["help"].is_string(), "{path}: {body}");
    }
    assert_eq!(world.get("/api/v1/events?limit=1").await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_event_in_a_channel_that_nobody_reads_is_not_waited_for() {
    let world = World::new([]).await;
    let path = "/api/v1/events/1?channel=channel/orders&partition=0&offset=0&wait=60s";
    let (status, body) = world.get(path).await;
    assert_eq!((status, &body["code"]), (404, &"unread".into()));
}

#[tokio::test]
async fn an_answer_waits_for_the_last_delivery() {
    let world = Arc::new(World::new([]).await);
    let asked = world.clone();
    let waiting = tokio::spawn(async move { asked.get("/api/v1/events/1?wait=500s").await });
    let bill = of(BILL, 0);
    world.history.apply([order(0, "/shop"), matched(bill)]);
    // Once another request was answered, the one before it was looked at.
    world.get("/api/v1/events").await;
    assert!(!waiting.is_finished());
    world.history.apply([delivered(bill)]);
    let (status, body) = soon(waiting).await;
    assert_eq!((status, &body["verdicts"][0]["outcome"]), (200, &"delivered".into()));
}

#[tokio::test]
async fn stopping_ends_what_still_waits() {
    let world = World::new([order(0, "/shop"), matched(of(BILL, 0))]).await;
    let port = world.admin.about().admin.port();
    let stream = TcpStream::connect(world.admin.about().admin).await.unwrap();
    let request = format!("GET /api/v1/events/1?wait=500s HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n");
    let waiting = tokio::spawn(async move { ask(stream, &request).await });
    // Once another request was answered, the one before it was accepted.
    world.get("/api/v1/events").await;
    world.admin.stop().await;
    assert!(soon(waiting).await.contains("\"pending\""));
}

/// What another user's process gets. Only root can act as another user; the kernel's view of others is tested in
/// `peer`, too.
#[tokio::test]
async fn another_users_process_gets_nothing() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root can make a socket of another user");
        return;
    }
    let world = World::new([order(0, "/shop")]).await;
    let address = world.admin.about().admin;
    let ask_as_nobody = move || {
        use std::io::{Read, Write};
        // Holds for this thread alone, and sockets belong to it.
        nix::unistd::setfsuid(nix::unistd::Uid::from_raw(65534));
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let request = format!("GET /api/v1/events HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    // A thread of its own, which nobody uses again.
    let thread = tokio::task::spawn_blocking(move || std::thread::spawn(ask_as_nobody).join().unwrap());
    let answer = thread.await.unwrap();
    assert_eq!(status(&answer), 403);
    assert!(answer.contains("user 65534") && !answer.contains("/shop"), "{answer}");
}
