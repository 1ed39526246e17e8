//! Children that take requests: on a listener they are given, or on a `$PORT` they bind.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;

use super::*;
use crate::process::{Listener, PortHold};

/// Answers one connection on fd 3, as a socket-activated program does.
const ACTIVATED: &str = "\
import socket
listener = socket.socket(fileno=3)
connection, _ = listener.accept()
connection.sendall(connection.recv(100).upper())
";

fn python(program_text: &str) -> Command {
    program("/usr/bin/env", &["python3", "-c", program_text])
}

fn ask(addr: impl Into<SocketAddr>) -> TcpStream {
    let mut caller = TcpStream::connect(addr.into()).unwrap();
    caller.set_read_timeout(Some(PATIENCE)).unwrap();
    caller.write_all(b"hello").unwrap();
    caller
}

async fn answer(mut caller: TcpStream) -> String {
    let read = move || {
        let mut text = String::new();
        caller.read_to_string(&mut text).map(|_| text)
    };
    tokio::task::spawn_blocking(read).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_request_that_was_there_first_is_answered_by_the_child_that_comes() {
    let listener = Arc::new(Listener::bind().unwrap());
    let caller = ask(listener.addr().unwrap());
    let mut command = python(ACTIVATED);
    command.listener = Some(Arc::clone(&listener));
    let mut child = start(command).await;
    assert_eq!(answer(caller).await, "HELLO");
    assert_eq!(within(child.wait()).await, Exit::Code(0));
    assert_eq!(listener.unaccepted().unwrap(), 0);
}

#[tokio::test]
async fn the_request_of_a_child_that_died_waits_for_the_next() {
    let listener = Arc::new(Listener::bind().unwrap());
    let caller = ask(listener.addr().unwrap());
    // It leaves the socket non-blocking, as Go and Node do; the next one does not expect that.
    let mut dying = python("import os, socket; os.set_blocking(3, False); os._exit(1)");
    dying.listener = Some(Arc::clone(&listener));
    assert_eq!(run(dying).await.0, Exit::Code(1));
    assert_eq!(listener.unaccepted().unwrap(), 1);
    let mut waiting = python(&ACTIVATED.replace("connection, _", "listener.accept(); connection, _"));
    waiting.listener = Some(Arc::clone(&listener));
    let mut child = start(waiting).await;
    until(|| listener.unaccepted().unwrap() == 0).await;
    assert_eq!(answer(ask(listener.addr().unwrap())).await, "HELLO");
    within(child.wait()).await;
    drop(caller);
}

/// Serves on `$PORT`; all are started while the number is held.
async fn serves_on_held_port(mut command: Command) {
    let held = PortHold::take().unwrap();
    assert!(std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, held.port())).is_ok(), "std reuses addresses");
    command.env.push(("PORT".into(), held.port().to_string()));
    command.env.push(("HOME".into(), std::env::var("HOME").unwrap()));
    let mut child = start(command).await;
    let port = held.port();
    let connected = async {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = within(connected) => {}
        exit = child.wait() => panic!("it ended before it listened: {exit}"),
    }
    end(child).await;
}

#[tokio::test]
async fn a_python_server_binds_its_held_port() {
    for address in ["127.0.0.1", "0.0.0.0", "::"] {
        let serve = "exec python3 -m http.server --bind ADDRESS $PORT".replace("ADDRESS", address);
        serves_on_held_port(sh(&serve)).await;
    }
}

#[tokio::test]
async fn a_node_server_binds_its_held_port() {
    for address in ["'127.0.0.1'", "'0.0.0.0'", "'::'", "undefined"] {
        let serve =
            "require('http').createServer().listen(process.env.PORT, ADDRESS)".replace("ADDRESS", address);
        serves_on_held_port(program("/usr/bin/env", &["node", "-e", &serve])).await;
    }
}

#[tokio::test]
async fn a_server_that_reuses_only_ports_binds_its_held_port() {
    let serve = "\
import os, socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(('0.0.0.0', int(os.environ['PORT']))); s.listen(); time.sleep(1000)";
    serves_on_held_port(python(serve)).await;
}

#[tokio::test]
async fn a_server_that_reuses_nothing_binds_a_port_that_is_not_held() {
    let serve = "\
import os, socket, sys, errno
try: socket.socket().bind(('127.0.0.1', int(os.environ['PORT'])))
except OSError as error: sys.exit(error.errno)";
    let bind = async |port: PortHold| {
        let mut command = python(serve);
        command.env.push(("PORT".into(), port.port().to_string()));
        run(command).await.0
    };
    assert_eq!(bind(PortHold::take().unwrap()).await, Exit::Code(nix::errno::Errno::EADDRINUSE as i32));
    assert_eq!(bind(PortHold::none().unwrap()).await, Exit::Code(0));
}

#[test]
fn a_held_port_is_given_to_nobody_else() {
    let held: Vec<PortHold> = (0..200).map(|_| PortHold::take().unwrap()).collect();
    let mut ports: Vec<u16> = held.iter().map(PortHold::port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), held.len());
}
