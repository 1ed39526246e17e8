//! Producers that go on whatever happens to the runtime, and what was acknowledged to them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::order;
use crate::support::http;

/// Together a little more than the function handles, so that every kill finds its slots full and events behind them.
pub(crate) const PRODUCERS: usize = 4;
const PACE: Duration = Duration::from_millis(15);
/// What may wait for the function; then the producers do.
const WAITING_MAX: usize = 200;

pub(crate) struct Load {
    /// Where events go: `/`.
    path: &'static str,
    /// Where the runtime listens in this life of it.
    pub(crate) address: Mutex<Option<SocketAddr>>,
    pub(crate) acknowledged: Mutex<BTreeSet<String>>,
    /// As many as were delivered when somebody looked last.
    pub(crate) delivered: AtomicUsize,
    pub(crate) over: AtomicBool,
}

impl Load {
    pub(crate) fn new(path: &'static str) -> Self {
        Self {
            path,
            address: Mutex::default(),
            acknowledged: Mutex::default(),
            delivered: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        }
    }

    /// Sends numbered events until it is over.
    pub(crate) fn produce(&self, producer: usize) {
        for number in 0_u64.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            std::thread::sleep(PACE);
            let Some(address) = *self.address.lock().unwrap() else { continue };
            let room = self.delivered.load(Ordering::Relaxed) + WAITING_MAX;
            if self.acknowledged.lock().unwrap().len() >= room {
                continue;
            }
            let id = format!("{producer}-{number}");
            // Not acknowledged is not promised: it may arrive all the same.
            if post(address, self.path, &id).is_ok_and(|answer| answer.status == 202) {
                self.acknowledged.lock().unwrap().insert(id);
            }
        }
    }
}

fn post(address: SocketAddr, path: &str, id: &str) -> std::io::Result<http::Answer> {
    let key = order::key(id);
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", id),
        ("ce-source", "/test"),
        ("ce-type", "order"),
        ("ce-partitionkey", &key),
    ];
    http::request(address, "POST", path, &headers, b"data")
}
