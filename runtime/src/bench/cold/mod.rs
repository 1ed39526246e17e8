//! A cold start as the runtime does it, beside the floors of the same program.
//!
//! Inside a measured time: for a call, all from the request in the runtime's hand to the head of the answer; for
//! an event, all from the event in the ingress's hand, through the append, the read, the match and the delivery,
//! until its verdict is known; and what of it the delivery alone took, from the record in the runtime's hand to its outcome.
//! Outside: the HTTP of the client, which the floors do not have either.

pub(super) mod floor;
pub(super) mod subject;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use self::subject::{Door, Subject};
use super::sample::Sample;
use super::scratch::Scratch;
use super::stage::{Delivered, Stage};

/// The pause before each measured start, the same for all: processors and caches settle.
pub(super) const PAUSE: Duration = Duration::from_millis(20);
/// Rounds before the first that counts: the program's pages are read, and where it takes requests is learnt.
const WARM_UP: usize = 3;

/// What to measure.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// Without one, a small web server of each language there is.
    pub(crate) program: Option<&'a Path>,
    pub(crate) rounds: usize,
    /// So much memory is in use meanwhile, as by buffered events.
    pub(crate) ballast_mib: usize,
}

/// What was measured: each door of each program.
#[derive(Debug)]
pub(crate) struct Report(Vec<Measured>);

/// A program at one door.
#[derive(Debug)]
struct Measured {
    subject: Subject,
    door: Door,
    floor: Sample,
    call: Sample,
    event: Sample,
    delivery: Sample,
}

/// Measures all in turn, round by round.
pub(crate) async fn measure(plan: &Plan<'_>) -> anyhow::Result<Report> {
    let scratch = Scratch::new("cold")?;
    let subjects = match plan.program {
        Some(program) => vec![subject::named(program)?],
        None => subject::all(scratch.path()).await?,
    };
    let report: Vec<Measured> = subjects.iter().flat_map(Measured::of).collect();
    let mut config = String::new();
    for measured in &report {
        let name = measured.function();
        std::os::unix::fs::symlink(&measured.subject.program, scratch.path().join("functions").join(&name))?;
        config += &format!("[function.{name}]\nargs = [\"{}\"]\n", measured.door.argument());
    }
    let stage = Stage::set(scratch, &config).await?;
    // Written to, so that it is there.
    let ballast = vec![1_u8; plan.ballast_mib << 20];
    // By a thread of the runtime, as the ingress does it.
    let report = tokio::spawn(rounds(report, stage, plan.rounds)).await?;
    drop(std::hint::black_box(ballast));
    report
}

async fn rounds(mut report: Vec<Measured>, stage: Stage, rounds: usize) -> anyhow::Result<Report> {
    for round in 0..WARM_UP + rounds {
        for measured in &mut report {
            measured.round(&stage, round).await?;
        }
    }
    stage.stop().await;
    Ok(Report(report))
}

impl Measured {
    fn of(subject: &Subject) -> impl Iterator<Item = Self> {
        let at = |door: &Door| Self {
            subject: subject.clone(),
            door: *door,
            floor: Sample::default(),
            call: Sample::default(),
            event: Sample::default(),
            delivery: Sample::default(),
        };
        subject.doors.iter().map(at)
    }

    fn function(&self) -> String {
        format!("{}-{}", self.subject.name, self.door.argument())
    }

    async fn round(&mut self, stage: &Stage, round: usize) -> anyhow::Result<()> {
        let name = self.function();
        let function = stage.function(&name)?;
        let (program, door) = (self.subject.program.clone(), self.door);
        tokio::time::sleep(PAUSE).await;
        let floor = tokio::task::spawn_blocking(move || floor::round(&program, door)).await??;
        tokio::time::sleep(PAUSE).await;
        let call = stage.call(function).await?;
        stage.to_zero(function).await?;
        tokio::time::sleep(PAUSE).await;
        let Delivered { took, delivery } = stage.event(&name, &round.to_string()).await?;
        stage.to_zero(function).await?;
        if round >= WARM_UP {
            self.floor.add(floor);
            self.call.add(call);
            self.event.add(took);
            self.delivery.add(delivery);
        }
        Ok(())
    }

    /// The rows of this door: what, its times, and what they are held against.
    fn rows(&self) -> [(String, &Sample); 4] {
        let (floor, call) = match self.door {
            Door::Given => ("floor: posix_spawn, fd 3, one exchange", "call, listener given as fd 3"),
            Door::Port => ("posix_spawn, $PORT asked every 10 ms", "call, listens on $PORT"),
        };
        let event = match self.door {
            Door::Given => "event, in hand to verdict",
            Door::Port => "event, listens on $PORT",
        };
        let delivery = "event, its delivery alone";
        [(floor, &self.floor), (call, &self.call), (event, &self.event), (delivery, &self.delivery)]
            .map(|(what, sample)| (what.to_owned(), sample))
    }
}

impl Report {
    /// A program's own time on a listener it is given, or else when it is asked every 10 ms.
    fn floor(&self, of: &Measured) -> f64 {
        let given = |m: &&Measured| m.subject.name == of.subject.name && m.door == Door::Given;
        self.0.iter().find(given).unwrap_or(of).floor.median_ms()
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let rows = self.0.iter().flat_map(|measured| {
            let floor = self.floor(measured);
            let name = &measured.subject.name;
            measured.rows().into_iter().map(move |(what, sample)| sample.json(name, &what, floor))
        });
        json!({ "bench": "cold", "rows": rows.collect::<Vec<_>>() })
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("cold starts{:48}p50 ms    p99 ms   p50 / floor\n", "");
        for measured in &self.0 {
            let floor = self.floor(measured);
            for (what, sample) in measured.rows() {
                text.push_str(&sample.line(&measured.subject.name, &what, floor, 2));
            }
        }
        text
    }
}
