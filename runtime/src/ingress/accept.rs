//! Connections: taken up to a bound, and dropped when they dawdle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::Ingress;
use crate::process::cannot_listen;

/// Connections at a time; more wait in the system's queue.
const CONNECTIONS_MAX: usize = 8192;
/// Connections that wait to be taken, unless the system allows fewer. One that finds no room is tried again by its client
/// after a second.
const BACKLOG: u32 = 4096;
/// Headers of one request, at most. As many as are read without memory from the heap.
const HEADERS_MAX: usize = 100;
/// Bytes of request line and headers, at most.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// The wait after the system had no room for a connection.
const NO_ROOM_WAIT: Duration = Duration::from_millis(100);

/// Listens on an address.
///
/// # Errors
/// Says who has the port, when somebody has.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let listen = |socket: TcpSocket| {
        // After a kill, connections of the life before may linger.
        socket.set_reuseaddr(true)?;
        // The connections have it from the listener (tcp(7)).
        socket.set_nodelay(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    socket.and_then(listen).map_err(|error| cannot_listen(address, &error))
}

/// Serves until told to stop, then finishes what was begun.
pub(crate) async fn serve(ingress: Arc<Ingress>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let permit = Arc::clone(&room).acquire_owned();
        let accepted = tokio::select! {
            () = told(&mut stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = async { (permit.await, listener.accept().await) } => accepted,
        };
        match accepted {
            (Ok(permit), Ok((stream, peer))) => {
                let (ingress, stop) = (Arc::clone(&ingress), stop.clone());
                connections.spawn(async move {
                    // Made where it stays: a task is moved to its place, and this is kilobytes.
                    Box::pin(connection(ingress, stream, peer, stop)).await;
                    drop(permit);
                });
                // It is listened to before the next one is waited for.
                tokio::task::yield_now().await;
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(NO_ROOM_WAIT).await;
            }
            (Err(_), _) => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(
    ingress: Arc<Ingress>,
    stream: TcpStream,
    peer: SocketAddr,
    mut stop: watch::Receiver<bool>,
) {
    let patience = ingress.patience.headers;
    let service = service_fn(move |request| {
        let ingress = Arc::clone(&ingress);
        async move { Ok::<_, std::convert::Infallible>(ingress.answer(request, peer.ip()).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX);
    // One that becomes something else is a call's from then on, and ends with it.
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    // Among others, though alone: so it is looked at when it is woken, and not whenever something comes.
    let mut stopped = FuturesUnordered::from_iter([told(&mut stop)]);
    tokio::select! {
        // A client that breaks off is its own affair.
        ended = &mut connection => drop(ended),
        _ = stopped.next() => {
            connection.as_mut().graceful_shutdown();
            connection.await.ok();
        }
    }
}

async fn told(stop: &mut watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.ok();
}
