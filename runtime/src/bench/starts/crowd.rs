//! Many functions that sleep, all called at once: how many start in a second.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use activator::id::FunctionId;

use super::super::cold::PAUSE;
use super::super::cold::floor::Started;
use super::super::compare::{Compared, Figure, Target};
use super::super::sample::Sample;
use super::super::scratch::Scratch;
use super::super::stage::Stage;
use super::WARM_UP;

pub(super) async fn measure(program: &Path, rounds: usize, crowd: usize) -> anyhow::Result<Compared> {
    let scratch = Scratch::new("starts-crowd")?;
    let mut config = String::new();
    for number in 0..crowd {
        std::os::unix::fs::symlink(program, scratch.path().join(format!("functions/cold{number}")))?;
        config += &format!("[function.cold{number}]\nargs = [\"fd\"]\n");
    }
    let stage = Stage::set(scratch, &config).await?;
    let functions: Vec<FunctionId> =
        (0..crowd).map(|number| stage.function(&format!("cold{number}"))).collect::<Result<_, _>>()?;
    let (mut floor, mut ours) = (Sample::default(), Sample::default());
    for round in 0..WARM_UP + rounds {
        tokio::time::sleep(PAUSE).await;
        let of_program = program.to_owned();
        let bare = tokio::task::spawn_blocking(move || on_all_processors(&of_program, crowd)).await??;
        tokio::time::sleep(PAUSE).await;
        let began = Instant::now();
        let calls = functions.iter().map(|function| stage.call(*function));
        let answers = futures_util::future::join_all(calls).await;
        let took = began.elapsed();
        answers.into_iter().collect::<Result<Vec<_>, _>>()?;
        for function in &functions {
            stage.to_zero(*function).await?;
        }
        if round >= WARM_UP {
            floor.add(bare);
            ours.add(took);
        }
    }
    stage.stop().await;
    Ok(Compared {
        what: format!("cold starts a second, {crowd} functions called at once"),
        unit: "/s",
        beside: "posix_spawn, a thread a processor",
        floor: Figure::rate(crowd, &floor),
        ours: Figure::rate(crowd, &ours),
        target: Target::Reaches(0.9),
    })
}

/// Starts so many, and reads the first byte of each answer; those that started stay until all have.
fn on_all_processors(program: &Path, crowd: usize) -> anyhow::Result<Duration> {
    let threads = std::thread::available_parallelism()?.get();
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let some = || {
        let mut started = Vec::new();
        while next.fetch_add(1, Ordering::Relaxed) < crowd {
            started.push(Started::answering(program)?);
        }
        anyhow::Ok(started)
    };
    let (all, took) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(some)).collect();
        let all: Vec<_> = threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        (all, began.elapsed())
    });
    for started in all {
        started.map_err(|_| anyhow::anyhow!("a thread of the floor broke"))??;
    }
    Ok(took)
}
