//! Answers every HTTP request with one line: `hello from rust`, and the event's type when it is a CloudEvent.
//!
//! It listens on the socket it was handed, or on `$PORT`. Either is enough for hydrant; the first starts faster.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::os::fd::FromRawFd;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

fn main() -> io::Result<()> {
    let listener = listener()?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(serve(listener))
}

/// Socket activation as systemd does it: `LISTEN_FDS=1` says that fd 3 is a listening socket.
fn listener() -> io::Result<TcpListener> {
    if std::env::var("LISTEN_FDS").is_ok_and(|count| count == "1") {
        // SAFETY: by that convention fd 3 is open, is a listening socket, and belongs to this process; nobody
        // else in here takes it.
        return Ok(unsafe { TcpListener::from_raw_fd(3) });
    }
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".into());
    TcpListener::bind(format!("127.0.0.1:{port}"))
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (connection, _) = listener.accept().await?;
        tokio::spawn(async move {
            let served = http1::Builder::new().serve_connection(TokioIo::new(connection), service_fn(hello));
            if let Err(error) = served.await {
                eprintln!("connection: {error}");
            }
        });
    }
}

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let event = request.headers().get("ce-type").and_then(|value| value.to_str().ok());
    let line = event.map_or("hello from rust\n".into(), |event| format!("hello from rust: {event}\n"));
    Ok(Response::new(Full::from(line)))
}
