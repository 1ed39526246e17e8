//! How a function's program is run, by all that is said of it.

use std::sync::Arc;
use std::time::Duration;

use activator::id::Revision;
use activator::lifecycle::Settings;

use crate::config::content::Content;
use crate::config::raw;
use crate::config::resolved::{self, Batch, Level, Program, Protocol, Terms};
use crate::config::scan::Entry;

use super::functions::{Merge, request_timeout};
use super::scaling::{overflow, scaling};

const HTTP_CONCURRENCY: u32 = 100;
const START: Duration = Duration::from_secs(10);
const DRAIN: Duration = Duration::from_secs(10);

impl Merge<'_> {
    /// How a file is run, by all that is said of it.
    pub(super) fn program(
        &mut self,
        entry: &Entry,
        all: &raw::Function,
        own_concurrency: Option<u32>,
        content: Content,
    ) -> Result<Program, String> {
        let (path, terms) = (Arc::clone(&entry.path), self.terms(entry, all, own_concurrency)?);
        Ok(Program { revision: Revision(0), path, exactly: None, content, terms })
    }

    /// The same for all of which the same is said: most have nothing of their own.
    fn terms(
        &mut self,
        entry: &Entry,
        all: &raw::Function,
        own_concurrency: Option<u32>,
    ) -> Result<Arc<Terms>, String> {
        let is_plain = std::ptr::eq(all, self.defaults);
        if is_plain && let Some(terms) = &self.plain {
            return Ok(Arc::clone(terms));
        }
        let terms = self.own_terms(entry, all, own_concurrency)?;
        let terms = self.terms.share(terms);
        // A strict one may read itself, and no other may.
        if is_plain && terms.isolation.level != Level::Strict {
            self.plain = Some(Arc::clone(&terms));
        }
        Ok(terms)
    }

    fn own_terms(
        &self,
        entry: &Entry,
        all: &raw::Function,
        own_concurrency: Option<u32>,
    ) -> Result<Terms, String> {
        let secrets = self.wanted(&entry.name, all).values()?;
        let protocol = all.protocol.unwrap_or(Protocol::Http);
        let said = all.batch.as_ref().map(|batch| batch.value);
        let (events_max, wait) = said.map_or((1, Duration::ZERO), |batch| (batch.max, batch.wait));
        let requests_max = requests_max(protocol, events_max, all, own_concurrency);
        let batch = (events_max > 1).then_some(Batch { events_max, requests_max, wait });
        let concurrency = requests_max.saturating_mul(events_max);
        Ok(Terms {
            args: all.args.clone().unwrap_or_default(),
            env: all.env.clone().unwrap_or_default(),
            secrets,
            dir: self.scan.project.to_owned(),
            protocol,
            batch,
            isolation: self.isolation(entry, all),
            limits: all.limits.unwrap_or_default(),
            settings: settings(protocol, concurrency, all),
        })
    }

    /// Paths are seen from the project; its own files are the function's to read.
    fn isolation(&self, entry: &Entry, all: &raw::Function) -> resolved::Isolation {
        let said = all.isolation.clone().unwrap_or_default();
        let paths = |written: &[String]| -> Vec<_> {
            written.iter().map(|path| self.scan.project.join(path)).collect()
        };
        let own = (said.level == Level::Strict).then(|| entry.root().to_path_buf());
        resolved::Isolation {
            level: said.level,
            read: paths(&said.read).into_iter().chain(own).collect(),
            write: paths(&said.write),
            connect: said.connect,
        }
    }
}

/// What a process is given at a time.
fn requests_max(
    protocol: Protocol,
    events_max: u32,
    all: &raw::Function,
    own_concurrency: Option<u32>,
) -> u32 {
    let all_concurrency = all.concurrency.as_ref().map(|n| n.value);
    let number = match protocol {
        Protocol::Oneshot => 1,
        // What `[defaults]` says is meant for servers that take an event a request. Whoever reads line by line mostly
        // handles one at a time; and batches grow while one is under way.
        Protocol::Stdio => own_concurrency.unwrap_or(1),
        Protocol::Http | Protocol::H2c if events_max > 1 => own_concurrency.unwrap_or(1),
        Protocol::Http | Protocol::H2c => all_concurrency.unwrap_or(HTTP_CONCURRENCY),
    };
    // Zero is Knative's way to say that there is no limit.
    if number == 0 { u32::MAX } else { number }
}

fn settings(protocol: Protocol, concurrency: u32, all: &raw::Function) -> Settings {
    let timeout = all.timeout.clone().unwrap_or_default();
    Settings {
        revision: Revision(0),
        single_use: protocol == Protocol::Oneshot,
        concurrency,
        scaling: scaling(&all.scale, concurrency, protocol),
        overflow: overflow(&all.scale),
        start_timeout: timeout.start.unwrap_or(START),
        call_timeout: request_timeout(all),
        response_timeout: timeout.response.map(|response| response.value).filter(|_| protocol.is_http()),
        drain_timeout: timeout.drain.unwrap_or(DRAIN),
    }
}
