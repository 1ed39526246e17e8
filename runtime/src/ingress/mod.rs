//! HTTP in: events to brokers, channels, flows, jobs and sinks, calls to functions, and requests that are both.
//!
//! An event is answered with 202 only after its channel has it. Calls wait for their function; the answer is the
//! function's own. [`guard`] keeps other people's web pages out.

mod accept;
mod body;
mod call;
mod event;
mod guard;
mod job;
mod reply;
mod request;
mod route;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response};

use self::guard::Guard;
use self::reply::Body;
use self::route::Target;
use crate::driver::Handle;
use crate::history::History;

pub(crate) use accept::{bind, serve};

/// What every request needs.
#[derive(Debug)]
pub(crate) struct Ingress {
    driver: Handle,
    history: Arc<History>,
    guard: Guard,
    patience: Patience,
}

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// To send its headers, also between two requests.
    headers: Duration,
    /// Without sending more of its body.
    body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { headers: Duration::from_secs(30), body: Duration::from_secs(30) }
    }
}

impl Ingress {
    /// The ingress that listens on `address`.
    pub(crate) fn new(driver: Handle, history: Arc<History>, address: std::net::SocketAddr) -> Arc<Self> {
        Arc::new(Self { driver, history, guard: Guard::new(address), patience: Patience::default() })
    }

    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Body> {
        let host = match self.guard.host(&request) {
            Ok(host) => host,
            Err(refusal) => return refusal,
        };
        let target = Target::of(&host, request.uri().path());
        if let Err(refusal) = guard::same_site(&request) {
            return refusal;
        }
        // There is always one for the dead letters, until all are closed.
        if self.driver.directory().channels().next().is_none() {
            return reply::stopping();
        }
        let patience = self.patience.body;
        match target {
            Target::Function { name, path } => {
                let caller = call::Caller { peer, patience };
                call::answer(&self.driver, request, &name, &path, caller).await
            }
            Target::Channel { kind, name } => {
                event::answer(&self.driver, request, kind, &name, patience).await
            }
            // Of its own, so that an event takes no room for it.
            Target::Request { name } => {
                Box::pin(request::answer(&self.driver, request, &name, patience)).await
            }
            Target::Job(asked) => job::answer(&self.history, request.method(), &asked).await,
            Target::Nothing => reply::problem(
                404,
                "there is nothing here",
                "POST events to /, /broker/NAME, /channel/NAME, /sequence/NAME, /parallel/NAME, /request/NAME, /job/NAME or \
                 /sink/NAME; call functions at /fn/NAME",
            ),
        }
    }
}
