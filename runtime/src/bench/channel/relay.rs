//! The floor of the ingress: hyper in, hyper out, and nothing between. The answer is that of the other end.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// Relays on `$PORT` to `to`: each connection in has its own out.
pub(crate) async fn serve(to: SocketAddr) -> anyhow::Result<()> {
    let port: u16 = std::env::var("PORT").context("no $PORT")?.parse().context("$PORT is no port")?;
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(relay(stream, to));
    }
}

async fn relay(stream: TcpStream, to: SocketAddr) -> anyhow::Result<()> {
    let out = connect(to).await?;
    let out = Arc::new(Mutex::new(out));
    let service = service_fn(move |request| pass_on(request, to, Arc::clone(&out)));
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?;
    Ok(())
}

pub(in crate::bench) async fn connect(to: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn pass_on(
    request: Request<Incoming>,
    to: SocketAddr,
    out: Arc<Mutex<SendRequest<Full<Bytes>>>>,
) -> anyhow::Result<Response<Full<Bytes>>> {
    let (mut head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    head.headers.insert(HOST, to.to_string().parse()?);
    let mut out = out.lock().await;
    out.ready().await?;
    let answer = out.send_request(Request::from_parts(head, Full::new(body))).await?;
    let (head, body) = answer.into_parts();
    Ok(Response::from_parts(head, Full::new(body.collect().await?.to_bytes())))
}
