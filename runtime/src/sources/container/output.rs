//! What the program of a source prints, on its way to the log and to those who ask for it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use activator::id::Revision;

use crate::config::resolved::Program;
use crate::logs::{Logs, Printed};
use crate::process::{Line, OutputListener, Stream};

pub(super) struct Output {
    pub(super) source: Arc<str>,
    pub(super) program: Arc<Program>,
    pub(super) logs: Logs,
    /// Which of its starts it is, from 1.
    pub(super) start: u32,
}

impl Output {
    fn keep(&self, line: Line) {
        let (function, revision) = (Arc::clone(&self.source), Revision(0));
        self.logs.push(Printed { line, function, revision, event: None });
    }
}

impl OutputListener for Output {
    fn instance(&self) -> u32 {
        self.start
    }

    fn clean(&self, text: String) -> String {
        match self.program.terms.secrets.hide(&text) {
            Cow::Owned(hidden) => hidden,
            Cow::Borrowed(_) => text,
        }
    }

    fn line(&self, line: &Line) {
        tracing::info!(target: "output", source = %self.source, start = self.start, "{line}");
        self.keep(line.clone());
    }

    fn left_out(&self, lines: u64) {
        let text = format!("{lines} lines dropped: it prints too many");
        tracing::warn!(target: "output", source = %self.source, "{text}");
        let (at, stream, instance) = (SystemTime::now(), Stream::Stderr, self.start);
        self.keep(Line { at, stream, instance, goes_on: false, text: format!("({text})").into() });
    }
}
