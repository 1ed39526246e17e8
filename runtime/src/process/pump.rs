//! Reads a pipe for as long as the process behind it lives.

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::watch;

/// What a pipe can hold when nobody prints any more, unless the system's limit was raised. A process that
/// escaped with the pipe may print for ever: reading ends there.
const REST_BYTES_MAX: usize = 1024 * 1024;

/// Holds the pumps that were given its [`subscribe`](watch::Sender::subscribe) running; dropped when the process
/// is gone.
pub(super) type Alive = watch::Sender<()>;

/// Gives all bytes to `take` until the pipe's end; or, once the process is gone, until the pipe is empty. A
/// grandchild that holds the pipe open thus holds up nobody.
pub(super) async fn pump(
    mut pipe: pipe::Receiver,
    mut alive: watch::Receiver<()>,
    mut take: impl FnMut(&[u8]),
) {
    // One that prints nothing takes no room for it.
    tokio::select! {
        _ = pipe.readable() => {}
        _ = alive.changed() => {}
    }
    let mut buffer = vec![0; 8 * 1024];
    loop {
        tokio::select! {
            read = pipe.read(&mut buffer) => match read {
                Ok(0) | Err(_) => return,
                Ok(length) => take(&buffer[..length]),
            },
            // Nothing is ever sent: this is the end of the process.
            _ = alive.changed() => break,
        }
    }
    let mut rest = 0;
    // The system itself is asked: tokio's `try_read` knows nothing of what came since it last looked.
    while rest < REST_BYTES_MAX {
        match nix::unistd::read(&pipe, &mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(length) => take(&buffer[..length]),
        }
        rest += buffer.len();
    }
}
