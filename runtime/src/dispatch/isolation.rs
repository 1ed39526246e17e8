//! How the settings of a function, or of a source that is a program, keep its processes from the rest of the machine.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::PathBuf;

use crate::config::resolved::{Cpu, Level, Program};
use crate::process::{Command, Fence, Isolation, Limit, Limited};

/// Applies them to the command that starts it. `ingress` is where it may send events.
pub(crate) fn isolate(command: &mut Command, program: &Program, ingress: u16) {
    command.isolation = isolation(program, ingress);
    command.limits = limits(program);
    if matches!(command.isolation, Isolation::Strict(_)) {
        command.private_tmp = Some(private_tmp());
    }
}

/// The level itself.
fn isolation(program: &Program, ingress: u16) -> Isolation {
    let said = &program.terms.isolation;
    match said.level {
        Level::None => Isolation::None,
        Level::Standard => Isolation::Standard,
        Level::Strict => Isolation::Strict(Fence {
            read: said.read.clone(),
            write: said.write.clone(),
            connect: said.connect.iter().copied().chain([ingress]).collect(),
        }),
    }
}

fn limits(program: &Program) -> Vec<Limit> {
    let said = program.terms.limits;
    let all = [
        (Limited::Memory, said.memory),
        (Limited::Files, said.files),
        (Limited::FileSize, said.file_size),
        (Limited::Pids, said.pids),
        match said.cpu {
            Some(Cpu::Thousandths(share)) => (Limited::Share, Some(share)),
            Some(Cpu::Seconds(time)) => (Limited::Cpu, Some(time)),
            None => (Limited::Cpu, None),
        },
    ];
    all.into_iter().filter_map(|(what, most)| Some(Limit::new(what, most?))).collect()
}

/// A name that nobody can have taken before.
fn private_tmp() -> PathBuf {
    std::env::temp_dir().join(format!("hydrant-{:016x}", RandomState::new().build_hasher().finish()))
}
