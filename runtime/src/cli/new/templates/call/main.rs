//! Answers calls of {{name}}, with any method and path below /fn/{{name}}: an HTTP server, and nothing else.
//!
//!     hydrant invoke {{name}} Ada
//!
//! The standard library has no HTTP: this reads one request of a connection and closes it. Take a crate such as hyper for
//! more.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn main() -> io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "8080".into());
    for connection in TcpListener::bind(format!("127.0.0.1:{port}"))?.incoming() {
        let connection = connection?;
        thread::spawn(move || {
            if let Err(error) = serve(connection) {
                eprintln!("connection: {error}");
            }
        });
    }
    Ok(())
}

fn serve(mut connection: TcpStream) -> io::Result<()> {
    let mut request = BufReader::new(connection.try_clone()?);
    let (mut line, mut length, mut in_chunks) = (String::new(), 0, false);
    while request.read_line(&mut line)? > 2 {
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        in_chunks |= header.starts_with("transfer-encoding:");
        line.clear();
    }
    if in_chunks {
        return answer(&mut connection, "411 Length Required", "say how long the body is\n");
    }
    let mut data = vec![0; length];
    request.read_exact(&mut data)?;
    let data = String::from_utf8_lossy(&data);
    answer(&mut connection, "200 OK", &format!("Hello, {}\n", if data.is_empty() { "world" } else { &data }))
}

fn answer(connection: &mut TcpStream, status: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
