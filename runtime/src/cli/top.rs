//! `hydrant top`: the functions and what they do at the moment, redrawn in place.

use std::collections::HashMap;
use std::io::{self, Write};
use std::pin::pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use hyper::Method;
use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::daemon::Daemon;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::table::{Row, fitted, table};
use super::{output, ps};
use crate::admin::FunctionView;
use crate::process::{Keys, terminal_size};

/// Where the rates stand: behind the name and the state, so that a narrow terminal has them.
const RATES_AT: usize = 2;
const RATES: [&str; 2] = ["EVENTS/s", "FAIL/s"];
/// The other screen of the terminal, without a cursor; and back.
const BEGIN: &str = "\x1b[?1049h\x1b[?25l";
const END: &str = "\x1b[?25h\x1b[?1049l";

/// Show the functions and what they do at the moment, the busiest first, redrawn in place
///
/// On a terminal until q or Ctrl-C; where stdout is none, one table. What `ps` shows, with events and failures a second.
#[derive(Debug, Args)]
pub(super) struct Top {
    /// The time between two looks
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    every: Duration,
}

/// A function, and how much of it there is in a second.
#[derive(Debug, Serialize)]
struct Rated {
    #[serde(flatten)]
    function: FunctionView,
    events_per_s: f64,
    failed_per_s: f64,
}

/// What was counted at the last look, by function.
#[derive(Debug)]
struct Before {
    at: Instant,
    counts: HashMap<String, (u64, u64)>,
}

impl Top {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let daemon = Daemon::find(global).await?;
        let first = look(&daemon).await?;
        let mut before = Before::of(&first);
        let screen = if global.is_json() { None } else { Screen::open() };
        let Some(screen) = screen else {
            tokio::time::sleep(self.every).await;
            let now = before.rate(look(&daemon).await?);
            match global.is_json() {
                true => now.iter().try_for_each(output::json)?,
                false => output::data(table(&headings(global.is_wide()), &rows(&now, global.is_wide())))?,
            }
            return Ok(ExitCode::SUCCESS);
        };
        let first = before.rate(first);
        self.redraw(global, &daemon, &screen, (before, first)).await
    }

    /// Until somebody has seen enough. What comes of it is said when the terminal is as it was.
    async fn redraw(
        &self,
        global: &Global,
        daemon: &Daemon,
        screen: &Screen,
        (mut before, mut now): (Before, Vec<Rated>),
    ) -> Result<ExitCode, Failure> {
        let mut signals = Signals::new()?;
        loop {
            screen.draw(&now, global.is_wide());
            let mut next = pin!(tokio::time::sleep(self.every));
            tokio::select! {
                () = &mut next => now = before.rate(look(daemon).await?),
                pressed = screen.keys.next() => match pressed {
                    Some(keys) if !keys.contains(&b'q') => {}
                    _ => return Ok(ExitCode::SUCCESS),
                },
                _ = signals.interrupt.recv() => return Ok(Exit::Interrupted.into()),
                _ = signals.terminate.recv() => return Ok(ExitCode::SUCCESS),
                _ = signals.resized.recv() => {}
            }
        }
    }
}

async fn look(daemon: &Daemon) -> Result<Vec<FunctionView>, Failure> {
    Ok(daemon.ask(Method::GET, "/api/v1/functions").await??)
}

impl Before {
    fn of(functions: &[FunctionView]) -> Self {
        let counts = functions.iter().map(|f| (f.function.clone(), (f.events, f.failed)));
        Self { at: Instant::now(), counts: counts.collect() }
    }

    /// What there was since the last look, the busiest first.
    fn rate(&mut self, functions: Vec<FunctionView>) -> Vec<Rated> {
        let now = Self::of(&functions);
        let seconds = now.at.saturating_duration_since(self.at).as_secs_f64().max(0.001);
        let rate = |function: FunctionView| {
            // One that is new, or a runtime that began anew, has no before.
            let (events, failed) =
                self.counts.get(&function.function).copied().unwrap_or((function.events, function.failed));
            Rated {
                events_per_s: function.events.saturating_sub(events) as f64 / seconds,
                failed_per_s: function.failed.saturating_sub(failed) as f64 / seconds,
                function,
            }
        };
        let mut rated: Vec<_> = functions.into_iter().map(rate).collect();
        rated.sort_by(|one, other| {
            let by_rate = other.events_per_s.total_cmp(&one.events_per_s);
            by_rate.then_with(|| one.function.function.cmp(&other.function.function))
        });
        *self = now;
        rated
    }
}

fn headings(is_wide: bool) -> Vec<&'static str> {
    let mut headings = ps::headings(is_wide);
    headings.splice(RATES_AT..RATES_AT, RATES);
    headings
}

fn rows(functions: &[Rated], is_wide: bool) -> Vec<Row> {
    functions.iter().flat_map(|rated| rows_of(rated, is_wide)).collect()
}

fn rows_of(rated: &Rated, is_wide: bool) -> Vec<Row> {
    let mut rows = ps::rows(&rated.function, is_wide);
    for (at, row) in rows.iter_mut().enumerate() {
        // Of its revisions, and of what is paused, it is not known.
        let rates = match at {
            0 => [rated.events_per_s, rated.failed_per_s].map(|rate| format!("{rate:.1}")),
            _ => [String::new(), String::new()],
        };
        row.cells.splice(RATES_AT..RATES_AT, rates);
        row.remark.iter_mut().for_each(|(from, ..)| *from += RATES.len());
    }
    rows
}

/// What is shown on so many columns and lines.
fn page(functions: &[Rated], is_wide: bool, (columns, lines): (usize, usize)) -> Vec<String> {
    let events: f64 = functions.iter().map(|rated| rated.events_per_s).sum();
    let plural = if functions.len() == 1 { "" } else { "s" };
    let head =
        format!("hydrant top  {} function{plural}  {events:.1} events/s  (q ends it)", functions.len());
    let body = fitted(&headings(is_wide), &rows(functions, is_wide), columns);
    let body = body.lines().map(str::to_owned);
    let cut = |line: String| line.chars().take(columns).collect();
    [head, String::new()].into_iter().chain(body).take(lines).map(cut).collect()
}

/// The terminal while it is ours. When it is dropped, all is as it was.
struct Screen {
    keys: Keys,
}

impl Screen {
    /// Nothing where stdin or stdout is no terminal.
    fn open() -> Option<Self> {
        terminal_size()?;
        let keys = Keys::open().ok()?;
        write(BEGIN);
        Some(Self { keys })
    }

    fn draw(&self, functions: &[Rated], is_wide: bool) {
        let size = terminal_size().unwrap_or((80, 24));
        let lines: Vec<String> =
            page(functions, is_wide, size).into_iter().map(|line| line + "\x1b[K").collect();
        // Without an end of the last line, nothing scrolls.
        write(&format!("\x1b[H{}\x1b[J", lines.join("\r\n")));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        write(END);
    }
}

/// A terminal that is gone hears nothing, and the next key tells that.
fn write(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    resized: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::failed(format!("cannot listen to signals: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            resized: listen(SignalKind::window_change())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::function;
    use super::*;

    fn counted(name: &str, events: u64, failed: u64) -> FunctionView {
        FunctionView { events, failed, ..function(name, "busy") }
    }

    #[test]
    fn rates_are_what_came_since_the_last_look_and_the_busiest_is_first() {
        let mut before = Before::of(&[counted("bill", 100, 3), counted("mail", 7, 0)]);
        before.at = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        let rated =
            before.rate(vec![counted("bill", 110, 4), counted("mail", 1007, 0), counted("new", 5, 5)]);
        let shown: Vec<_> =
            rated.iter().map(|r| (&*r.function.function, r.events_per_s.round(), r.failed_per_s)).collect();
        assert_eq!(
            shown.iter().map(|(name, rate, _)| (*name, *rate)).collect::<Vec<_>>(),
            [("mail", 100.0), ("bill", 1.0), ("new", 0.0)]
        );
        assert!((0.05..=0.1).contains(&shown[1].2), "{shown:?}");
        assert_eq!(before.counts["new"], (5, 5));
        assert!(before.rate(vec![counted("bill", 2, 0)])[0].events_per_s == 0.0, "it began anew");
    }

    #[test]
    fn a_page_is_never_wider_or_longer_than_the_terminal() {
        let mut before = Before::of(&[]);
        let broken = FunctionView { reason: Some("x".repeat(200)), ..counted("broken", 0, 0) };
        let rated = before.rate(vec![counted("bill", 1, 0), counted("mail", 1, 0), broken]);
        for columns in [1, 5, 20, 40, 80, 200] {
            let page = page(&rated, false, (columns, 4));
            assert_eq!(page.len(), 4);
            assert!(page.iter().all(|line| line.chars().count() <= columns), "{columns}: {page:#?}");
        }
        let narrow = page(&rated, false, (40, 10));
        assert_eq!(narrow[2], "FUNCTION  STATE  EVENTS/s  FAIL/s  INST");
        assert_eq!(narrow[3], "bill      busy   0.0       0.0     0");
    }
}
