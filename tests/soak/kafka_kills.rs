//! Kills of Kafka, and between which deliveries it was away.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::figures::length;
use crate::support::{Project, kafka};

/// From one kill to the next.
const EVERY: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(50);

/// How long the notes were when Kafka was killed, and when it was back.
pub(crate) type Outage = (usize, usize);

/// Kills it until it is over, and leaves it running.
pub(crate) fn kill_again_and_again(project: &Project, over: &AtomicBool, outages: &Mutex<Vec<Outage>>) {
    let mut last = Instant::now();
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK);
        if last.elapsed() < EVERY {
            continue;
        }
        last = Instant::now();
        let node = kafka::node();
        let node = node.as_ref().expect("it is stopped only at the end");
        let begin = length(project);
        node.kill9();
        node.start();
        outages.lock().unwrap().push((begin, length(project)));
    }
}
