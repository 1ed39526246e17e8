//! Which class keeps which promise, as far as this run has tried it.

use std::collections::BTreeSet;
use std::sync::Mutex;

/// Promises in the order they were first kept, and the classes that kept them.
static KEPT: Mutex<Vec<(&str, BTreeSet<&str>)>> = Mutex::new(Vec::new());

const CLASSES: [&str; 5] = ["memory", "durable os", "durable disk", "kafka", "kafka, shared"];

/// Notes that a class keeps a promise.
pub(super) fn kept(promise: &'static str, class: &'static str) {
    assert!(CLASSES.contains(&class), "{class} has no column");
    let mut kept = KEPT.lock().unwrap();
    match kept.iter_mut().find(|(known, _)| *known == promise) {
        Some((_, classes)) => {
            classes.insert(class);
        }
        None => kept.push((promise, BTreeSet::from([class]))),
    }
}

/// The matrix so far; whole when the last class is through.
pub(super) fn text() -> String {
    let mut text = format!("{:<66}", "");
    for class in CLASSES {
        text += &format!("{class:>14}");
    }
    for (promise, classes) in &*KEPT.lock().unwrap() {
        text += &format!("\n{:<66}", promise.replace('_', " "));
        for class in CLASSES {
            text += &format!("{:>14}", if classes.contains(class) { "yes" } else { "-" });
        }
    }
    text
}
