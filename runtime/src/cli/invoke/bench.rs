//! `hydrant invoke --bench`: the same call again and again, each connection its next one when it has the answer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;

use crate::admin::percentile;
use crate::cli::connection::Connection;
use crate::cli::daemon::{self, Daemon};
use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;
use crate::cli::http::{Answer, Ask, Endpoint, HttpError};
use crate::cli::output::{self, count, time};
use crate::cli::send::header;
use crate::history::view::millis;

/// `invoke --bench -o json`. Field names are public interface: more may be added, none renamed.
#[derive(Debug, Serialize)]
struct Summary {
    requests: u64,
    /// Those that failed, by status, or `broken` where there was no answer.
    errors: BTreeMap<String, u64>,
    /// Calls that waited for a process to start.
    cold: u64,
    per_s: f64,
    /// Of those that did not fail.
    p50_ms: Option<f64>,
    p90_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
    total_ms: f64,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    ms: Vec<f64>,
    errors: BTreeMap<String, u64>,
    cold: u64,
    /// Why nothing more is asked.
    end: Option<Failure>,
}

pub(super) async fn bench(
    global: &Global,
    daemon: &Daemon,
    ask: &Ask,
    (for_so_long, connections): (Duration, u16),
) -> Result<ExitCode, Failure> {
    global.talk(&format!("{connections} calls at once for {}", humantime::format_duration(for_so_long)));
    let seen = RefCell::new(Seen::default());
    let begun = Instant::now();
    let calls = (0..connections).map(|_| {
        let connection = Connection::to(daemon.ingress());
        call(connection, ask, &seen, begun + for_so_long)
    });
    tokio::select! {
        _ = join_all(calls) => {}
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.map_err(|error| Failure::failed(format!("cannot listen to signals: {error}")))?;
            seen.borrow_mut().end = Some(Failure::new(Exit::Interrupted, "it was ended before its time"));
        }
    }
    tell(global, seen.into_inner(), begun.elapsed())
}

/// What is under way when the time is over, is waited for.
async fn call(mut connection: Connection, ask: &Ask, seen: &RefCell<Seen>, until: Instant) {
    while Instant::now() < until && seen.borrow().end.is_none() {
        let answered = connection.ask(ask.clone()).await;
        seen.borrow_mut().note(answered, &connection);
    }
}

impl Seen {
    fn note(&mut self, answered: Result<Answer, HttpError>, connection: &Connection) {
        match answered {
            Ok(answer) => self.answer(&answer),
            Err(error @ HttpError::Connect(_)) => {
                self.end = Some(daemon::unreachable(&Endpoint::Tcp(connection.address()), &error));
            }
            Err(_) => *self.errors.entry("broken".into()).or_default() += 1,
        }
    }

    fn answer(&mut self, answer: &Answer) {
        self.cold += u64::from(header(&answer.headers, "hydrant-cold") == Some("1"));
        match answer.status.as_u16() {
            status @ 400.. => *self.errors.entry(status.to_string()).or_default() += 1,
            _ => self.ms.push(millis(answer.total)),
        }
    }

    fn summary(&self, took: Duration) -> Summary {
        let requests = self.ms.len() as u64 + self.errors.values().sum::<u64>();
        Summary {
            requests,
            errors: self.errors.clone(),
            cold: self.cold,
            per_s: requests as f64 / took.as_secs_f64().max(1e-6),
            p50_ms: percentile(&self.ms, 50),
            p90_ms: percentile(&self.ms, 90),
            p99_ms: percentile(&self.ms, 99),
            max_ms: percentile(&self.ms, 100),
            total_ms: millis(took),
        }
    }
}

fn tell(global: &Global, seen: Seen, took: Duration) -> Result<ExitCode, Failure> {
    let summary = seen.summary(took);
    match global.is_json() {
        true => output::json(&summary)?,
        false => output::data(summary.text())?,
    }
    match seen.end {
        Some(failure) => Err(failure),
        None if summary.errors.is_empty() => Ok(ExitCode::SUCCESS),
        None => Ok(Exit::Failed.into()),
    }
}

impl Summary {
    fn text(&self) -> String {
        let (requests, took) = (count(self.requests), time(self.total_ms));
        let mut text = format!("requests  {requests} in {took}, {:.1}/s\n", self.per_s);
        let errors = self.errors.iter().map(|(status, number)| format!("{} x {status}", count(*number)));
        let errors = errors.collect::<Vec<_>>().join(", ");
        text += &format!("errors    {}\n", if errors.is_empty() { "none" } else { &errors });
        text += &format!("cold      {}\n", count(self.cold));
        if let (Some(p50), Some(p90), Some(p99), Some(max)) =
            (self.p50_ms, self.p90_ms, self.p99_ms, self.max_ms)
        {
            let [p50, p90, p99, max] = [p50, p90, p99, max].map(time);
            text += &format!("times     p50 {p50}, p90 {p90}, p99 {p99}, max {max}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_counted_by_status_and_has_no_part_in_the_times() {
        let mut seen = Seen { ms: (1..=100).map(f64::from).collect(), ..Seen::default() };
        let failed = |status| Answer {
            status: hyper::StatusCode::from_u16(status).unwrap(),
            headers: [("hydrant-cold".parse().unwrap(), "1".parse().unwrap())].into_iter().collect(),
            body: bytes::Bytes::new(),
            first_byte: Duration::ZERO,
            total: Duration::from_secs(9),
        };
        [503, 500, 503].map(failed).iter().for_each(|answer| seen.answer(answer));
        let expected = "\
requests  103 in 2.00 s, 51.5/s
errors    1 x 500, 2 x 503
cold      3
times     p50 50.0 ms, p90 90.0 ms, p99 99.0 ms, max 100.0 ms
";
        assert_eq!(seen.summary(Duration::from_secs(2)).text(), expected);
        let nothing = Seen::default().summary(Duration::from_secs(1)).text();
        assert_eq!(nothing, "requests  0 in 1.00 s, 0.0/s\nerrors    none\ncold      0\n");
    }
}
