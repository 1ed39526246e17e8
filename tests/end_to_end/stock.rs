//! Stock functions run: programs that know nothing of us and listen on `$PORT`, as they do on Knative.

use std::net::{Ipv4Addr, TcpStream};

use libtest_mimic::Trial;

use crate::support::project::python;
use crate::support::{Project, Runtime, group, group_needing, group_skipped, runtime, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = group(
        "stock",
        &[
            ("an_unmodified_python_server_is_answered_for_by_our_listener", python_server),
            ("an_unmodified_python_wsgi_server_is_answered_for_by_our_listener", python_wsgi),
            ("an_unmodified_rust_server_is_answered_for_by_our_listener", rust_server),
            ("what_watches_its_listener_from_before_it_listens_is_asked_at_its_port", watches_too_early),
            ("a_daemon_of_a_function_ends_with_it_and_nothing_stays_a_zombie", daemons),
            ("all_of_a_function_ends_with_a_killed_runtime", killed_runtime),
        ],
    );
    let lacks = |tool, argument| runtime::output(tool, &[argument]).is_none().then(|| format!("no {tool}"));
    let node = [("an_unmodified_node_server_is_answered_for_by_our_listener", node_server as fn())];
    trials.extend(group_needing("stock with node", lacks("node", "--version"), &node));
    let wsgi = [("gunicorn_takes_the_socket_it_is_given", gunicorn as fn())];
    trials.extend(group_needing("stock with gunicorn", lacks("gunicorn", "--version"), &wsgi));
    let asgi = [("uvicorn_is_answered_for_by_our_listener", uvicorn as fn())];
    trials.extend(group_needing("stock with uvicorn", lacks("uvicorn", "--version"), &asgi));
    let musl = [("a_static_rust_server_is_answered_for_by_our_listener", static_rust_server as fn())];
    trials.extend(match lacks_musl() {
        None => group("stock with musl", &musl),
        // Not every rust has it, and nobody can install it everywhere.
        Some(reason) => group_skipped("stock with musl", reason, &musl),
    });
    let go = [("an_unmodified_go_server_is_answered_for_by_our_listener", go_server as fn())];
    trials.extend(group_needing("stock with go", lacks("go", "version"), &go));
    let java = [
        ("an_unmodified_java_server_is_answered_for_by_our_listener", java_server as fn()),
        ("a_java_program_of_sockets_only_is_answered_for_by_our_listener", java_sockets),
    ];
    trials.extend(group_needing("stock with java", lacks("java", "--version"), &java));
    trials
}

/// Nobody listens on `$PORT`, though the program believes so.
fn wakes_twice(project: &Project) {
    starts_twice(project, || {
        let port: u16 = project.lines("port").last().unwrap().parse().unwrap();
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err(), "our listener took its place");
    });
}

/// Two events, each of which starts a process: what was learnt of the first is used for the second.
fn starts_twice(project: &Project, check: impl Fn()) {
    let runtime = Runtime::start(project);
    for id in ["1", "2"] {
        runtime.send(id, "serve");
        let verdict = &runtime.verdicts(id)["serve"];
        assert_eq!(verdict["outcome"], "delivered", "{verdict} {}", runtime.log());
        let attempts = verdict["attempts"].as_array().unwrap();
        assert_eq!((attempts.len(), &attempts[0]["cold"]), (1, &true.into()));
        assert!(attempts[0]["start_ms"].is_number(), "however quick it answered: {verdict}");
        check();
        runtime.admin("POST", "/api/v1/functions/serve/reap");
        runtime.wait_zero("serve");
    }
    assert_eq!(runtime.function("serve")["cold_starts"], 2);
}

/// A script that tells the port, and then is `program`.
fn telling(project: &Project, program: &str) -> String {
    format!("#!/bin/sh\necho $PORT >> {}\nexec {program}\n", project.file("port").display())
}

fn with_file(name: &str, source: &str, program: &str) {
    let project = Project::new("");
    project.write(name, source);
    let file = project.file(name).display().to_string();
    project.function("serve", telling(&project, &program.replace("FILE", &file)));
    wakes_twice(&project);
}

fn python_server() {
    let source = "\
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get('content-length', 0)))
        self.send_response(200); self.send_header('content-length', '0'); self.end_headers()
HTTPServer(('', int(os.environ['PORT'])), Handler).serve_forever()
";
    with_file("serve.py", source, &format!("{} FILE", python()));
}

fn python_wsgi() {
    let source = "\
import os
from wsgiref.simple_server import make_server
def app(environ, start):
    environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    start('200 OK', [('content-length', '0')])
    return [b'']
make_server('0.0.0.0', int(os.environ['PORT']), app).serve_forever()
";
    with_file("serve.py", source, &format!("{} FILE", python()));
}

/// It knows `LISTEN_PID` and takes fd 3, whatever it is told to bind; its workers accept there.
fn gunicorn() {
    let source = "\
def app(environ, start):
    environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    start('200 OK', [('content-length', '0')])
    return [b'']
";
    let project = Project::new("");
    project.write("app.py", source);
    let folder = project.file("").display().to_string();
    let program = format!("gunicorn --chdir {folder} --workers 2 --bind 0.0.0.0:$PORT app:app");
    project.function("serve", telling(&project, &program));
    starts_twice(&project, || {});
}

fn uvicorn() {
    let source = "\
async def app(scope, receive, send):
    if scope['type'] != 'http': raise NotImplementedError(scope['type'])
    while (await receive()).get('more_body'): pass
    await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'0')]})
    await send({'type': 'http.response.body', 'body': b''})
";
    let project = Project::new("");
    project.write("app.py", source);
    let folder = project.file("").display().to_string();
    project.function("serve", telling(&project, &format!("uvicorn --app-dir {folder} --port $PORT app:app")));
    wakes_twice(&project);
}

const MUSL: &str = "x86_64-unknown-linux-musl";

fn lacks_musl() -> Option<String> {
    let libraries = runtime::output("rustc", &["--print", "target-libdir", "--target", MUSL]);
    let is_there = libraries.is_some_and(|libraries| std::path::Path::new(libraries.trim()).exists());
    (!is_there).then(|| format!("no {MUSL}"))
}

fn rust_server() {
    rust_server_for(&[]);
}

/// It makes its system calls itself: nothing of ours is loaded into it.
fn static_rust_server() {
    rust_server_for(&["--target", MUSL]);
}

fn rust_server_for(target: &[&str]) {
    let source = r#"
use std::io::{Read, Write};
fn main() {
    let port: u16 = std::env::var("PORT").unwrap().parse().unwrap();
    for stream in std::net::TcpListener::bind(("0.0.0.0", port)).unwrap().incoming() {
        let mut stream = stream.unwrap();
        let mut request = [0; 65536];
        while stream.read(&mut request).is_ok_and(|n| n > 0) {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        }
    }
}
"#;
    let project = Project::new("");
    project.write("serve.rs", source);
    let (from, to) = (project.file("serve.rs"), project.file("serve-rust"));
    let files = ["-o", to.to_str().unwrap(), from.to_str().unwrap()];
    let built = runtime::output("rustc", &[target, &files[..]].concat());
    built.expect("rustc builds it");
    project.function("serve", telling(&project, &to.display().to_string()));
    wakes_twice(&project);
}

fn node_server() {
    let source = "\
const http = require('http');
http.createServer((request, answer) => { request.resume(); answer.end(); }).listen(process.env.PORT);
";
    with_file("serve.js", source, "node FILE");
}

fn go_server() {
    let source = r#"
package main

import (
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200) })
	http.ListenAndServe(":"+os.Getenv("PORT"), nil)
}
"#;
    let project = Project::new("");
    project.write("serve.go", source);
    let (from, to) = (project.file("serve.go"), project.file("serve-go"));
    let built = runtime::output("go", &["build", "-o", to.to_str().unwrap(), from.to_str().unwrap()]);
    built.expect("go builds it");
    project.function("serve", telling(&project, &to.display().to_string()));
    wakes_twice(&project);
}

fn java_server() {
    let source = r#"
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
public class Serve {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
    }
}
"#;
    with_file("Serve.java", source, "java FILE");
}

fn java_sockets() {
    let source = r#"
import java.net.*;
public class Serve {
    public static void main(String[] arguments) throws Exception {
        ServerSocket server = new ServerSocket(Integer.parseInt(System.getenv("PORT")));
        while (true) {
            Socket socket = server.accept();
            new Thread(() -> {
                try (socket) {
                    byte[] request = new byte[65536];
                    while (socket.getInputStream().read(request) > 0) {
                        socket.getOutputStream().write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".getBytes());
                    }
                } catch (java.io.IOException gone) { }
            }).start();
        }
    }
}
"#;
    with_file("Serve.java", source, "java FILE");
}

/// It waits with an epoll that holds its socket from before it listened: one that takes its place would not wake it.
fn watches_too_early() {
    let source = "\
import os, select, socket
listener = socket.socket(); listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(('127.0.0.1', int(os.environ['PORT'])))
watch = select.epoll(); watch.register(listener, select.EPOLLIN)
listener.listen()
while True:
    for _ in watch.poll():
        try: connection, _ = listener.accept()
        except OSError: continue
        if connection.recv(65536): connection.sendall(b'HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n')
        connection.close()
";
    let project = Project::new("[defaults]\ntimeout = { start = \"1s\" }\n");
    project.write("serve.py", source);
    let program = format!("{} {}", python(), project.file("serve.py").display());
    project.function("serve", telling(&project, &program));
    let runtime = Runtime::start(&project);
    runtime.send("1", "serve");
    let verdict = &runtime.verdicts("1")["serve"];
    assert_eq!(
        (&verdict["outcome"], verdict["attempts"].as_array().unwrap().len()),
        (&"delivered".into(), 1)
    );
    assert_eq!(project.lines("port").len(), 2, "it was started again");
}

/// A double fork into a session of its own, as daemons do; it keeps what it inherited open.
const DAEMON: &str = "\
import os, signal, time
def daemon(then):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            then()
        os._exit(0)
    os.wait()
def stay():
    print(os.getpid(), file=open('NOTES', 'a'), flush=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True: time.sleep(1)
daemon(stay)
for _ in range(3): daemon(lambda: os._exit(0))
";

fn daemonic(project: &Project) {
    let server = "\
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get('content-length', 0)))
        self.send_response(200); self.send_header('content-length', '0'); self.end_headers()
HTTPServer(('', int(os.environ['PORT'])), Handler).serve_forever()
";
    let notes = project.file("daemons").display().to_string();
    project.function("serve", format!("#!{}\n{}{server}", python(), DAEMON.replace("NOTES", &notes)));
}

fn daemons() {
    let project = Project::new("");
    daemonic(&project);
    let runtime = Runtime::start(&project);
    for (id, count) in [("1", 1), ("2", 2)] {
        runtime.send(id, "serve");
        assert_eq!(runtime.verdicts(id)["serve"]["outcome"], "delivered");
        wait_until("its daemon is there", || project.lines("daemons").len() == count);
        wait_until("those that ended are no zombies", || zombies(runtime.pid()) == 0);
        runtime.admin("POST", "/api/v1/functions/serve/reap");
        runtime.wait_zero("serve");
        wait_until("its daemon ends, too", || project.lines("daemons").iter().all(|pid| is_gone(pid)));
    }
    assert_eq!(runtime.function("serve")["cold_starts"], 2, "no port was held up");
    assert!(runtime.stop().success());
}

fn killed_runtime() {
    let project = Project::new("");
    let source =
        "import os, time\nprint(os.getpid(), file=open('NOTES', 'a'), flush=True)\ntime.sleep(1000)\n";
    let source = source.replace("NOTES", &project.file("pid").display().to_string());
    project.function("serve", format!("#!{}\n{source}", python()));
    let runtime = Runtime::start(&project);
    runtime.send("1", "serve");
    wait_until("it is there", || !project.lines("pid").is_empty());
    runtime.kill9();
    wait_until("it is gone without a new runtime", || is_gone(&project.lines("pid")[0]));
}

fn is_gone(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, fields)| fields.starts_with(['Z', 'X']))
}

/// Children of the runtime that ended and that nobody reaped.
fn zombies(runtime: u32) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|p| std::fs::read_to_string(p.path().join("stat")).ok());
    stats
        .filter(|stat| stat.rsplit_once(") ").is_some_and(|(_, f)| f.starts_with(&format!("Z {runtime} "))))
        .count()
}
