//! What each isolation costs: one process of the spawner's, from nothing to the first byte of its answer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::cold::PAUSE;
use super::super::cold::floor::{self, REQUEST};
use super::super::cold::subject::Door;
use super::super::compare::{Compared, Figure, Target};
use super::super::sample::Sample;
use super::WARM_UP;
use crate::process::{Command, Fence, Groups, Isolation, Listener, Spawner};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One way to start it.
struct Case<'a> {
    what: &'static str,
    spawner: &'a Spawner,
    isolation: Isolation,
    sample: Sample,
}

/// Each in turn; in a cgroup below this folder, too.
pub(super) async fn measure(
    program: &Path,
    rounds: usize,
    cgroup: Option<&Path>,
) -> anyhow::Result<Vec<Compared>> {
    let spawner = Spawner::start(None)?;
    let groups = cgroup.map(Groups::below).transpose().map_err(anyhow::Error::msg)?;
    let grouping = groups.as_ref().map(|groups| Spawner::start_in(None, Some(groups.clone()))).transpose()?;
    let read = program.parent().map(Path::to_owned).into_iter().collect();
    let strict = Isolation::Strict(Fence { read, ..Fence::default() });
    let case = |what, spawner, isolation| Case { what, spawner, isolation, sample: Sample::default() };
    let mut cases = vec![
        case("isolation none", &spawner, Isolation::None),
        case("isolation standard", &spawner, Isolation::Standard),
        case("isolation strict", &spawner, strict),
    ];
    cases.extend(grouping.as_ref().map(|spawner| case("a cgroup of its own", spawner, Isolation::Standard)));
    let mut bare = Sample::default();
    for round in 0..WARM_UP + rounds {
        tokio::time::sleep(PAUSE).await;
        let of_program = program.to_owned();
        let took = tokio::task::spawn_blocking(move || floor::round(&of_program, Door::Given)).await??;
        if round >= WARM_UP {
            bare.add(took);
        }
        for case in &mut cases {
            tokio::time::sleep(PAUSE).await;
            let took = start(case.spawner, program, case.isolation.clone()).await?;
            if round >= WARM_UP {
                case.sample.add(took);
            }
        }
    }
    if let Some(groups) = groups {
        tokio::task::block_in_place(|| groups.end());
    }
    Ok(rows(&cases, &bare))
}

fn rows(cases: &[Case<'_>], bare: &Sample) -> Vec<Compared> {
    let standard = &cases[1].sample;
    let row = |(number, case): (usize, &Case<'_>)| {
        let (beside, floor, target) = match number {
            1 => ("posix_spawn", bare, Target::Times(1.15)),
            3 => ("isolation standard", standard, Target::Times(1.05)),
            _ => ("posix_spawn", bare, Target::None),
        };
        Compared {
            what: format!("a process to its first byte, {}", case.what),
            unit: "ms",
            beside,
            floor: Figure::times(floor),
            ours: Figure::times(&case.sample),
            target,
        }
    };
    cases.iter().enumerate().map(row).collect()
}

/// As the floor does it, but started by the spawner.
async fn start(spawner: &Spawner, program: &Path, isolation: Isolation) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let listener = Arc::new(Listener::bind()?);
    let mut stream = TcpStream::connect(listener.addr()?)?;
    stream.set_nodelay(true)?;
    stream.write_all(REQUEST)?;
    // As a function has it, and with it the namespaces that the machine lets us have.
    let port = listener.addr()?.port();
    let tmp = || std::env::temp_dir().join(format!("hydrant-bench-{port}"));
    let command = Command {
        args: vec![Door::Given.argument().to_owned()],
        env: vec![("LISTEN_FDS".to_owned(), "1".to_owned())],
        listener: Some(listener),
        private_tmp: matches!(isolation, Isolation::Strict(_)).then(tmp),
        isolation,
        ..Command::of(program)
    };
    let mut child = spawner.spawn(command).await?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // Nothing else is to be done by this thread meanwhile, as in the floor.
    let answered = tokio::task::block_in_place(|| stream.read_exact(&mut [0]));
    let took = begin.elapsed();
    child.kill();
    child.wait().await;
    answered?;
    Ok(took)
}
