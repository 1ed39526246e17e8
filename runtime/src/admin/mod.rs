//! The admin API: what people and programs ask the running runtime, on a Unix socket and on loopback TCP.
//!
//! Everything that comes in over TCP is hostile until [`guard`] let it pass; the socket is guarded by its file
//! mode. GET never changes anything, and no answer ever carries a CORS header. `run.json` tells where we are, unless that is nobody's
//! business but of whoever started us.

mod attach;
mod error;
mod events;
mod functions;
mod guard;
mod health;
mod letters;
mod logs;
mod pace;
mod paused;
mod peer;
mod replay;
mod retry;
mod run_file;
mod sample;
mod socket;
mod sources;
mod sse;
mod stream;
mod triggers;
mod whole;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::resolved::Runtime;
use crate::driver::Handle;
use crate::history::History;
use crate::process::cannot_listen;
use guard::Guard;
use peer::Peer;
use socket::SocketFile;
use whole::Whole;

pub(crate) use error::ErrorBody;
pub(crate) use functions::{FunctionView, ShareView, percentile};
pub(crate) use health::About;
pub(crate) use letters::{Dropped, Order, Retried};
pub(crate) use logs::LogLine;
pub(crate) use replay::{Asked as ReplayAsked, Replayed};
pub(crate) use retry::Retry;
pub(crate) use run_file::RunFile;
pub(crate) use sample::Gap;
pub(crate) use sources::SourceView;
pub(crate) use triggers::TriggerView;

/// What open connections get to finish their answers when the runtime stops.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// The admin API cannot be offered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    #[error("admin address {0} is not loopback: whoever reaches it could start programs; use 127.0.0.1:PORT")]
    NotLoopback(SocketAddr),
    #[error("another hydrant (pid {0}) runs this project: stop it, or give this one another state folder")]
    Running(u32),
    #[error("{0}")]
    Listen(String),
    #[error("cannot make the admin socket {0}: {1}")]
    Socket(String, io::Error),
    #[error("cannot write {0}: {1}")]
    RunFile(String, io::Error),
}

/// The listeners, open and not answering yet.
pub(crate) struct Doors {
    tcp: TcpListener,
    address: SocketAddr,
    unix: UnixListener,
    socket: SocketFile,
    /// Nothing where nobody is to find us by the project.
    run_file: Option<PathBuf>,
}

/// The running API; it ends with [`Admin::stop`].
pub(crate) struct Admin {
    about: About,
    closing: watch::Sender<bool>,
    tasks: JoinSet<()>,
    // Dropped last, so that whoever finds the file finds us, too.
    _socket: SocketFile,
    _run_file: Option<run_file::Written>,
}

impl Doors {
    /// Opens both doors. Refuses where another runtime of the same state folder answers.
    pub(crate) async fn open(project: &Path, runtime: &Runtime) -> Result<Self, AdminError> {
        if !runtime.admin.ip().is_loopback() {
            return Err(AdminError::NotLoopback(runtime.admin));
        }
        let run_file = (!runtime.ephemeral).then(|| run_file::path(project, runtime.state.as_deref()));
        let earlier = run_file.as_deref().and_then(RunFile::read);
        if let Some(running) = earlier.filter(RunFile::answers) {
            return Err(AdminError::Running(running.pid));
        }
        let cannot_listen = |error| AdminError::Listen(cannot_listen(runtime.admin, &error));
        let tcp = TcpListener::bind(runtime.admin).await.map_err(cannot_listen)?;
        let address = tcp.local_addr().map_err(cannot_listen)?;
        let (unix, socket) = socket::open(runtime.state.as_deref())?;
        Ok(Self { tcp, address, unix, socket, run_file })
    }

    /// Answers from now on, and says in `run.json` where; `listen` is where the ingress answers.
    pub(crate) fn serve(
        self,
        listen: SocketAddr,
        driver: Handle,
        history: Arc<History>,
    ) -> Result<Admin, AdminError> {
        let about = About::new(listen, self.address, self.socket.path());
        let (closing, closed) = watch::channel(false);
        let attach = attach::routes(driver.clone());
        let router = router(about.clone(), driver, history, closed);
        self.start(about, router, attach, closing)
    }

    fn start(
        self,
        about: About,
        router: Router,
        attach: Router,
        closing: watch::Sender<bool>,
    ) -> Result<Admin, AdminError> {
        let run_file = self.run_file.map(|path| RunFile::from(&about).write(&path)).transpose()?;
        let mut tasks = JoinSet::new();
        let guard = Guard::new(self.address.port());
        let guarded = router
            .clone()
            .merge(attach::refusals())
            .layer(middleware::from_fn_with_state(guard, guard::guard));
        let tcp = axum::serve(self.tcp, guarded.into_make_service_with_connect_info::<Peer>())
            .with_graceful_shutdown(closed(closing.subscribe()));
        let unix =
            axum::serve(self.unix, router.merge(attach)).with_graceful_shutdown(closed(closing.subscribe()));
        // Both go on after every failed accept by themselves, and end only when they are told to.
        tasks.spawn(async move { drop(tcp.await) });
        tasks.spawn(async move { drop(unix.await) });
        Ok(Admin { about, closing, tasks, _socket: self.socket, _run_file: run_file })
    }
}

impl Admin {
    /// Where we are.
    pub(crate) const fn about(&self) -> &About {
        &self.about
    }

    /// Takes nothing new, lets answers that are under way finish for a moment, and leaves no file behind.
    pub(crate) async fn stop(mut self) {
        self.closing.send_replace(true);
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_GRACE, finished).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

/// Completes when the runtime stops, also when the sender is gone.
async fn closed(mut closing: watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

fn router(about: About, driver: Handle, history: Arc<History>, closed: watch::Receiver<bool>) -> Router {
    let whole = Whole::new(history.clone(), driver.clone());
    health::routes(about, driver.clone())
        .merge(letters::routes(driver.clone()))
        .merge(replay::routes(driver.clone(), history.clone(), whole.clone()))
        .merge(retry::routes(driver.clone()))
        .merge(triggers::routes(driver.clone()))
        .merge(sources::routes(driver.clone()))
        .merge(logs::routes(driver.clone(), closed.clone()))
        .merge(functions::routes(driver, history.clone(), closed.clone()))
        .merge(stream::routes(history.clone(), closed.clone()))
        .merge(events::routes(history, whole, closed))
        .fallback(error::not_found)
}
