//! The last steps of a world, printed when it ends; also when it ends in a panic.

use std::collections::VecDeque;

/// How many steps, unless `SIM_LINES` says otherwise.
const LINES: usize = 200;

#[derive(Debug)]
pub(crate) struct Trace {
    lines: VecDeque<String>,
    most: usize,
}

impl Trace {
    pub(crate) fn new() -> Self {
        let wanted = std::env::var("SIM_LINES").ok().and_then(|lines| lines.parse().ok());
        Self { lines: VecDeque::new(), most: wanted.unwrap_or(LINES) }
    }

    pub(crate) fn push(&mut self, line: String) {
        self.lines.push_back(line);
        if self.lines.len() > self.most {
            self.lines.pop_front();
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.lines.iter().for_each(|line| eprintln!("{line}"));
    }
}
