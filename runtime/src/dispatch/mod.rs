//! Getting a delivery to where it is handled: a function's process, or a URL.
//!
//! Each instance and each sink has one task that owns it and one cheap handle. What it is told travels in order
//! on one queue, and every [`Job`] is answered exactly once with an outcome, whatever happens to the process.
//!
//! - [`instance`]: the life of one process that speaks HTTP, ours or somebody else's; [`door`] finds where it takes its requests.
//! - [`oneshot`]: the life of a process that handles one event, which a job finds in its [`event_file`]; [`stdio`]: of one that is spoken to in lines.
//! - [`exchange`]: one [`request`] and its [`answer`]; [`pool`] keeps the connections, [`wire`] is one, and [`http1`] what events go
//!   over mostly. [`asking`]: the same for a call, [`batch`]: for many events, which come together in [`waiting`].
//! - [`output`]: what processes print, on its way to the log.
//! - [`starting`]: how each begins; [`isolation`]: what it may touch.
//! - [`advice`]: what the headers of an answer say of the next attempt.
//! - [`call`]: a request/response call on its way to a function and back; [`plain`] when that speaks no HTTP;
//!   [`timing`]: how long it took, for its caller.
//! - [`sink`]: a URL; [`mod@get`]: what one has, for a source. [`hop`]: headers that are about one connection; [`trace`]: those that travel with an event.

mod advice;
mod answer;
mod asking;
mod batch;
mod call;
mod door;
mod environment;
mod event_file;
mod exchange;
mod get;
pub(crate) mod hop;
mod http1;
mod instance;
mod isolation;
mod oneshot;
mod output;
mod plain;
mod pool;
mod request;
mod sink;
mod starting;
mod stdio;
mod timing;
mod trace;
mod waiting;
mod wire;

#[cfg(test)]
mod tests;

use std::time::Duration;

use activator::delivery::Format;
use activator::event::Event;
use activator::id::DeliveryId;

pub(crate) use answer::{event, mode, travelling};
pub(crate) use call::{Answer, Call, CallBody, CallError, CallerBody};
pub(crate) use door::Learned;
pub(crate) use environment::common as common_environment;
pub(crate) use get::{Got, get};
pub(crate) use instance::{
    Attached, BECOMES_IT, Handle as InstanceHandle, News, PROTOCOL as ATTACH_PROTOCOL, attach, start,
};
pub(crate) use isolation::isolate;
pub(crate) use sink::Sink;
pub(crate) use starting::{Start, spawn};

/// What one instance is given at a time, however much it says it can take.
pub(crate) const IN_FLIGHT_MAX: u32 = 256;

/// One delivery to be made.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) delivery: DeliveryId,
    pub(crate) work: Work,
    /// From the moment the process accepts requests: a slow start is not the event's fault.
    pub(crate) timeout: Duration,
    /// The same until a server's answer begins, where that is less.
    pub(crate) response: Option<Duration>,
}

/// What is delivered.
#[derive(Debug)]
pub(crate) enum Work {
    Event(Event, Format),
    Call(Box<Call>),
}

/// What an instance is told.
#[derive(Debug)]
pub(crate) enum Order {
    Deliver(Job),
    /// Stop it until there is something for it.
    Pause,
    /// Let it go on.
    Resume,
    /// Ask it to end; kill it when its grace is over.
    Terminate,
    /// Kill it.
    Kill,
}
