//! An exchange with a function that is awake, beside a plain keep-alive client that asks another process of the same
//! program itself.
//!
//! Inside a measured time: for the client, from the request to the end of the answer; for a call the same, from the
//! request in the runtime's hand; for an event, from the event in the ingress's hand until its verdict is known.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::SendRequest;
use serde_json::{Value, json};

use super::channel::relay;
use super::cold::floor::Standing;
use super::cold::subject::{self, Subject};
use super::sample::Sample;
use super::scratch::Scratch;
use super::stage::Stage;

/// Rounds before the first that counts.
const WARM_UP: usize = 20;

/// What was measured: each program.
#[derive(Debug)]
pub(crate) struct Report(Vec<Measured>);

#[derive(Debug)]
struct Measured {
    subject: Subject,
    client: Sample,
    call: Sample,
    event: Sample,
}

/// Measures all in turn, round by round.
pub(crate) async fn measure(rounds: usize) -> anyhow::Result<Report> {
    let scratch = Scratch::new("warm")?;
    let subjects = subject::all(scratch.path()).await?;
    for subject in &subjects {
        let link = scratch.path().join("functions").join(&subject.name);
        std::os::unix::fs::symlink(&subject.program, link)?;
    }
    let stage = Stage::set(scratch, "[defaults]\nidle = \"10m\"\n").await?;
    let mut report = Vec::new();
    for subject in subjects {
        report.push(one(&stage, subject, rounds).await?);
    }
    stage.stop().await;
    Ok(Report(report))
}

async fn one(stage: &Stage, subject: Subject, rounds: usize) -> anyhow::Result<Measured> {
    let program = subject.program.clone();
    let standing = tokio::task::spawn_blocking(move || Standing::start(&program)).await??;
    let mut client = relay::connect(([127, 0, 0, 1], standing.port).into()).await?;
    let function = stage.function(&subject.name)?;
    let mut measured =
        Measured { subject, client: Sample::default(), call: Sample::default(), event: Sample::default() };
    for round in 0..WARM_UP + rounds {
        let asked = ask(&mut client).await?;
        let called = stage.call(function).await?;
        let event = stage.event(&measured.subject.name, &round.to_string()).await?.took;
        if round >= WARM_UP {
            measured.client.add(asked);
            measured.call.add(called);
            measured.event.add(event);
        }
    }
    stage.to_zero(function).await?;
    Ok(measured)
}

async fn ask(client: &mut SendRequest<Full<Bytes>>) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    client.ready().await?;
    let request = Request::post("/").header("host", "localhost").body(Full::default())?;
    client.send_request(request).await?.into_body().collect().await?;
    Ok(begin.elapsed())
}

impl Measured {
    fn rows(&self) -> [(&'static str, &Sample); 3] {
        [
            ("floor: a keep-alive client", &self.client),
            ("call, request in hand to answer", &self.call),
            ("event, in hand to verdict", &self.event),
        ]
    }
}

impl Report {
    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let rows = self.0.iter().flat_map(|measured| {
            let floor = measured.client.median_ms();
            let name = &measured.subject.name;
            measured.rows().into_iter().map(move |(what, sample)| sample.json(name, what, floor))
        });
        json!({ "bench": "warm", "rows": rows.collect::<Vec<_>>() })
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("functions that are awake{:35}p50 ms    p99 ms   p50 / floor\n", "");
        for measured in &self.0 {
            let floor = measured.client.median_ms();
            for (what, sample) in measured.rows() {
                text.push_str(&sample.line(&measured.subject.name, what, floor, 3));
            }
        }
        text
    }
}
