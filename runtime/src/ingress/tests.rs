//! Clients over real sockets: what they may send, how slowly, and what they get.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;
use crate::driver::Driver;
use crate::history::{History, fixture};
use crate::process::Spawner;

/// Far more than anything here takes; a test that waits as long has failed.
const FAR: Duration = Duration::from_secs(20);

/// A running ingress before a broker `default`.
struct World {
    address: std::net::SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    driver: JoinHandle<()>,
    handle: Handle,
}

impl World {
    async fn new(patience: Patience) -> Self {
        let history = Arc::new(History::new(100));
        let spawner = Spawner::start(None).unwrap();
        let (driver, handle) = Driver::new(Arc::new(fixture::resolved()), spawner, Arc::clone(&history));
        let driver = tokio::spawn(driver.run());
        handle.wait_open().await;
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let ingress = Ingress { driver: handle.clone(), history, guard: Guard::new(address), patience };
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve(Arc::new(ingress), listener, stopped));
        Self { address, stop, serving, driver, handle }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The status of the answer to what is sent.
    async fn status(&self, request: impl AsRef<[u8]>) -> u16 {
        let mut client = self.connect().await;
        // It may be refused before all of it is written.
        client.write_all(request.as_ref()).await.ok();
        status(&mut client).await
    }

    async fn end(self) {
        self.stop.send_replace(true);
        within(self.serving).await.unwrap();
        self.handle.drain().await;
        within(self.driver).await.unwrap();
    }
}

/// The status of the next answer; 0 when the connection is closed instead.
async fn status(client: &mut TcpStream) -> u16 {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if within(client.read(&mut byte)).await.unwrap_or(0) == 0 {
            return 0;
        }
        answer.push(byte[0]);
    }
    let answer = String::from_utf8(answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(FAR, future).await.expect("it never happened")
}

fn event(more: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nce-specversion: 1.0\r\nce-id: 1\r\nce-source: /test\r\n\
         ce-type: test\r\n{more}\r\n"
    )
}

fn hurried() -> Patience {
    Patience { headers: Duration::from_millis(200), body: Duration::from_millis(200) }
}

#[tokio::test]
async fn header_bombs_are_refused() {
    let world = World::new(Patience::default()).await;
    assert_eq!(world.status(event("content-length: 0\r\n")).await, 202);
    assert_eq!(world.status(event(&"x-a: b\r\n".repeat(10_000))).await, 431);
    assert_eq!(world.status(event(&format!("x-a: {}\r\n", "b".repeat(1 << 20)))).await, 431);
    world.end().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let world = World::new(Patience::default()).await;
    assert_eq!(world.status(event("content-length: 1048577\r\n")).await, 413);
    let chunked = event("transfer-encoding: chunked\r\n") + "100001\r\n" + &"x".repeat((1 << 20) + 1);
    assert_eq!(world.status(chunked).await, 413);
    world.end().await;
}

#[tokio::test]
async fn a_client_that_asks_first_and_one_of_long_ago_are_served() {
    let world = World::new(Patience::default()).await;
    let mut client = world.connect().await;
    let head = event("expect: 100-continue\r\ncontent-length: 4\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(status(&mut client).await, 100);
    client.write_all(b"data").await.unwrap();
    assert_eq!(status(&mut client).await, 202);
    let old = event("content-length: 0\r\n").replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(world.status(old).await, 202);
    world.end().await;
}

#[tokio::test]
async fn who_sends_a_body_byte_by_byte_is_not_waited_for() {
    let world = World::new(hurried()).await;
    for path in ["/", "/fn/bill"] {
        let mut client = world.connect().await;
        let head = event("content-length: 60000\r\n").replacen('/', path, 1);
        client.write_all(head.as_bytes()).await.unwrap();
        let (mut answers, mut sends) = client.into_split();
        let trickle = tokio::spawn(async move {
            while sends.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let mut line = [0; 12];
        within(answers.read_exact(&mut line)).await.unwrap();
        assert_eq!(&line, b"HTTP/1.1 408", "{path}");
        drop(answers);
        trickle.abort();
    }
    world.end().await;
}

#[tokio::test]
async fn a_slow_line_that_goes_on_is_waited_for() {
    let world = World::new(hurried()).await;
    let mut client = world.connect().await;
    let piece = [b'x'; 2048];
    let head = event(&format!("content-length: {}\r\n", 10 * piece.len()));
    client.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        client.write_all(&piece).await.unwrap();
    }
    assert_eq!(status(&mut client).await, 202);
    world.end().await;
}

#[tokio::test]
async fn who_does_not_finish_its_headers_is_dropped() {
    let world = World::new(hurried()).await;
    let mut silent = world.connect().await;
    let mut slow = world.connect().await;
    slow.write_all(b"POST / HTTP/1.1\r\nhost: ").await.unwrap();
    let mut idle = world.connect().await;
    idle.write_all(event("content-length: 0\r\n").as_bytes()).await.unwrap();
    assert_eq!(status(&mut idle).await, 202);
    for client in [&mut silent, &mut slow, &mut idle] {
        assert_eq!(status(client).await, 0);
    }
    world.end().await;
}

#[tokio::test]
async fn kept_connections_end_when_the_runtime_stops() {
    let world = World::new(Patience::default()).await;
    let mut idle = world.connect().await;
    idle.write_all(event("content-length: 0\r\n").as_bytes()).await.unwrap();
    assert_eq!(status(&mut idle).await, 202);
    world.end().await;
    assert_eq!(status(&mut idle).await, 0);
}

#[tokio::test]
async fn who_is_late_is_asked_to_come_again() {
    let world = World::new(Patience::default()).await;
    let mut slow = world.connect().await;
    slow.write_all(event("content-length: 4\r\n").as_bytes()).await.unwrap();
    let mut idle = world.connect().await;
    idle.write_all(event("content-length: 0\r\n").as_bytes()).await.unwrap();
    assert_eq!(status(&mut idle).await, 202);
    world.handle.drain().await;
    within(world.driver).await.unwrap();
    slow.write_all(b"data").await.unwrap();
    assert_eq!(status(&mut slow).await, 503);
    idle.write_all(event("content-length: 0\r\n").as_bytes()).await.unwrap();
    assert_eq!(status(&mut idle).await, 503);
    world.stop.send_replace(true);
    within(world.serving).await.unwrap();
}
