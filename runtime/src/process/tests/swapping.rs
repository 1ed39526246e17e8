//! Programs that listen on `$PORT` by themselves, and are answered for by our listener.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use super::*;
use crate::process::room::Right;
use crate::process::{Fence, Listener, PortHold, Swap};

/// A request that waits in our listener, and the command that will find it there.
struct Waiting {
    request: TcpStream,
    listener: Arc<Listener>,
    held: PortHold,
    swap: Swap,
}

impl Waiting {
    fn new() -> Self {
        let listener = Arc::new(Listener::bind().unwrap());
        let held = PortHold::take().unwrap();
        let swap = Swap { port: held.port(), listener: Arc::clone(&listener), done: Arc::default() };
        let request = ask(listener.addr().unwrap());
        Self { request, listener, held, swap }
    }

    async fn start(&self, command: Command) -> Child {
        self.start_by(&Spawner::start(None).unwrap(), command).await
    }

    async fn start_by(&self, spawner: &Spawner, mut command: Command) -> Child {
        command.env.push(("PORT".into(), self.held.port().to_string()));
        command.env.push(("HOME".into(), std::env::var("HOME").unwrap()));
        command.swap = Some(self.swap.clone());
        spawner.spawn(command).await.unwrap()
    }

    /// The first line of the answer.
    async fn answer(self) -> String {
        let mut request = self.request;
        tokio::task::spawn_blocking(move || read_line(&mut request)).await.unwrap()
    }
}

fn ask(address: SocketAddr) -> TcpStream {
    let mut request = TcpStream::connect(address).unwrap();
    request.set_read_timeout(Some(PATIENCE)).unwrap();
    request.write_all(b"GET / HTTP/1.0\r\nhost: f\r\n\r\n").unwrap();
    request
}

fn read_line(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).unwrap() == 1 && byte != *b"\r" {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

fn python(text: &str) -> Command {
    program("/usr/bin/env", &["python3", "-c", text])
}

#[tokio::test]
async fn many_that_start_at_once_are_each_given_their_own() {
    let spawner = Spawner::start(None).unwrap();
    let listen = "
import os, socket
s = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))
c, _ = s.accept()
c.recv(100)
c.sendall(os.environ['PORT'].encode() + b'\\r')
c.recv(1)";
    let all: Vec<Waiting> = (0..8).map(|_| Waiting::new()).collect();
    let starts = all.iter().map(|waiting| waiting.start_by(&spawner, python(listen)));
    let children = futures_util::future::join_all(starts).await;
    for waiting in all {
        let port = waiting.held.port().to_string();
        assert_eq!(waiting.answer().await, port);
    }
    for child in children {
        end(child).await;
    }
}

#[tokio::test]
async fn a_stock_server_answers_the_request_that_was_there_before_it() {
    let node = "require('http').createServer((_, a) => a.end()).listen(process.env.PORT)";
    let threaded = "\
import os, threading, http.server as h
serve = lambda: h.ThreadingHTTPServer(('', int(os.environ['PORT'])), h.SimpleHTTPRequestHandler).serve_forever()
threading.Thread(target=serve).start()";
    for command in [
        sh("exec python3 -m http.server --bind 127.0.0.1 $PORT"),
        sh("exec python3 -m http.server --bind :: $PORT"),
        // As a child of a shell that stays.
        sh("python3 -m http.server $PORT; true"),
        python(threaded),
        program("/usr/bin/env", &["node", "-e", node]),
    ] {
        let shown = format!("{:?}", command.args);
        let waiting = Waiting::new();
        let child = waiting.start(command).await;
        within(waiting.swap.done.wait()).await;
        assert!(waiting.answer().await.contains(" 200 "), "{shown}");
        end(child).await;
    }
}

#[tokio::test]
async fn one_in_a_room_of_its_own_is_answered_for_and_ends_as_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let waiting = Waiting::new();
    let mut command =
        sh("touch /tmp/mine; python3 -m http.server --bind 127.0.0.1 --directory /tmp $PORT; true");
    command.isolation = Isolation::Strict(Fence { read: vec!["/".into()], ..Fence::default() });
    command.private_tmp = Some(dir.path().join("tmp"));
    if Right::look().is_none() {
        return eprintln!("SKIPPED: no namespaces here");
    }
    let child = waiting.start(command).await;
    within(waiting.swap.done.wait()).await;
    assert!(dir.path().join("tmp/mine").exists(), "its /tmp is that folder");
    assert!(waiting.answer().await.contains(" 200 "));
    end(child).await;
    until(|| !dir.path().join("tmp").exists()).await;
}

#[tokio::test]
async fn every_listener_on_the_port_is_replaced_and_no_other() {
    // As servers do that fork before they listen.
    let program = "\
import os, socket
def listener(port):
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('127.0.0.1', port)); s.listen(); return s.getsockname()[1]
port = int(os.environ['PORT'])
print(listener(port), listener(port), listener(0) != listener(0), flush=True)
input()";
    let waiting = Waiting::new();
    let mut command = python(program);
    command.stdin = Stdin::Pipe;
    let mut child = waiting.start(command).await;
    let ours = waiting.listener.addr().unwrap().port();
    assert_eq!(first_line(&mut child).await, format!("{ours} {ours} True"));
    end(child).await;
}

#[tokio::test]
async fn our_listener_has_the_flags_of_the_one_it_replaces() {
    let program = "\
import os, socket, fcntl
for blocking, inheritable in ((True, False), (False, True)):
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setblocking(blocking); s.set_inheritable(inheritable)
    s.bind(('127.0.0.1', int(os.environ['PORT']))); s.listen()
    print(bool(fcntl.fcntl(s, fcntl.F_GETFL) & os.O_NONBLOCK), bool(fcntl.fcntl(s, fcntl.F_GETFD)), end=' ', flush=True)
    s.close()
print(flush=True); input()";
    let waiting = Waiting::new();
    let mut command = python(program);
    command.stdin = Stdin::Pipe;
    let mut child = waiting.start(command).await;
    assert_eq!(first_line(&mut child).await, "False True True False");
    end(child).await;
}

#[tokio::test]
async fn who_is_not_the_function_listens_by_itself() {
    // A program in a session of its own may be anybody's; and once the child is gone, its number is, too.
    let program = "\
import os, socket
if os.fork() == 0:
    os.setsid()
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('127.0.0.1', int(os.environ['PORT']))); s.listen()
    print(s.getsockname()[1] == int(os.environ['PORT']), flush=True); os._exit(0)
os.wait(); input()";
    let waiting = Waiting::new();
    let mut command = python(program);
    command.stdin = Stdin::Pipe;
    let mut child = waiting.start(command).await;
    assert_eq!(first_line(&mut child).await, "True");
    assert!(!waiting.swap.done.is());
    end(child).await;
}
