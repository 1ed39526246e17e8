//! A cold call as its client sees it: connect, ask, and read the first byte of the answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use super::super::cold::PAUSE;
use super::super::compare::{Compared, Figure, Target};
use super::super::sample::Sample;
use super::super::scratch::Scratch;
use super::super::stage::Stage;
use super::WARM_UP;
use super::relay::Relay;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn measure(program: &Path, rounds: usize) -> anyhow::Result<Compared> {
    let scratch = Scratch::new("starts-client")?;
    std::os::unix::fs::symlink(program, scratch.path().join("functions/cold"))?;
    let stage = Stage::set(scratch, "[function.cold]\nargs = [\"fd\"]\n").await?;
    let function = stage.function("cold")?;
    let (mut floor, mut ours) = (Sample::default(), Sample::default());
    for round in 0..WARM_UP + rounds {
        let relay = Relay::start(program)?;
        tokio::time::sleep(PAUSE).await;
        let relayed = ask(relay.address, "/").await;
        relay.end()?;
        tokio::time::sleep(PAUSE).await;
        let called = ask(stage.address(), "/fn/cold").await;
        stage.to_zero(function).await?;
        if round >= WARM_UP {
            floor.add(relayed?);
            ours.add(called?);
        }
    }
    stage.stop().await;
    Ok(Compared {
        what: "a cold call, from its client and back".to_owned(),
        unit: "ms",
        beside: "accept, posix_spawn, pass on",
        floor: Figure::times(&floor),
        ours: Figure::times(&ours),
        target: Target::Times(1.15),
    })
}

/// From the connection to the first byte of the answer, in plain blocking calls.
async fn ask(address: SocketAddr, path: &'static str) -> anyhow::Result<Duration> {
    // In one piece, as clients send it.
    let request = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n");
    let asked = tokio::task::spawn_blocking(move || {
        let begin = Instant::now();
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        let took = begin.elapsed();
        anyhow::ensure!(
            &answer == b"HTTP/1.1 200",
            "it was answered with {:?}",
            String::from_utf8_lossy(&answer)
        );
        Ok(took)
    });
    asked.await?
}
