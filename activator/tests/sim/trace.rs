//! The last steps of a world, printed when it ends; also when it ends in a panic.

use std::collections::VecDeque;

/// How many steps.
const LINES: usize = 200;

#[derive(Debug, Default)]
pub(crate) struct Trace(VecDeque<String>);

impl Trace {
    pub(crate) fn push(&mut self, line: String) {
        self.0.push_back(line);
        if self.0.len() > LINES {
            self.0.pop_front();
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.0.iter().for_each(|line| eprintln!("{line}"));
    }
}
