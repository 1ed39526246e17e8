//! Why a program was not started: for now, for as long as its file stays as it is, or for good.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::birth::{Failure, Step};
use super::command::{Command, Isolation};
use super::diagnose;

/// A program was not started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpawnError {
    /// Starting it later may work: the watcher tells when the file is closed.
    #[error("{} is still being written", .0.display())]
    TextBusy(PathBuf),
    /// Starting it later may work, when others have ended.
    #[error("the system has no room for another process: {0}")]
    NoResources(#[source] io::Error),
    /// The file cannot be started as it is; the text says why and what to do.
    #[error("{0}")]
    Unusable(String),
    /// The runtime is stopping.
    #[error("nothing is started any more")]
    Stopped,
}

pub(super) fn why_not(command: &Command, Failure { step, errno }: Failure) -> SpawnError {
    match step {
        _ if is_no_room(errno) => SpawnError::NoResources(errno.into()),
        Step::Clone | Step::Session | Step::Files => SpawnError::NoResources(errno.into()),
        Step::Folder if errno == Errno::ENOENT => {
            SpawnError::Unusable(format!("there is no folder {} to run in", command.dir.display()))
        }
        Step::Folder => {
            SpawnError::Unusable(format!("cannot run in {}: {}", command.dir.display(), errno.desc()))
        }
        Step::Room => SpawnError::Unusable(format!("cannot give it a /tmp of its own: {}", errno.desc())),
        Step::Sandbox => SpawnError::Unusable(format!("cannot isolate it strictly: {}", errno.desc())),
        Step::Limit(limit) => SpawnError::Unusable(format!("cannot limit its {limit}: {}", errno.desc())),
        Step::Program if errno == Errno::EACCES && matches!(command.isolation, Isolation::Strict(_)) => {
            let why = diagnose(&command.path, errno);
            SpawnError::Unusable(format!(
                "{why}; under strict isolation, `read` has to name its interpreter's folder"
            ))
        }
        Step::Program => refusal(&command.path, errno),
    }
}

pub(super) fn refusal(path: &Path, errno: Errno) -> SpawnError {
    match errno {
        Errno::ETXTBSY => SpawnError::TextBusy(path.into()),
        errno if is_no_room(errno) => SpawnError::NoResources(errno.into()),
        _ => SpawnError::Unusable(diagnose(path, errno)),
    }
}

/// There is no sandbox for it.
pub(super) fn cannot_isolate(error: io::Error) -> SpawnError {
    let mut cause = error.get_ref().map(|inside| inside as &(dyn Error + 'static));
    while let Some(at) = cause {
        let errno = at.downcast_ref().and_then(io::Error::raw_os_error).map(Errno::from_raw);
        if errno.is_some_and(is_no_room) {
            return SpawnError::NoResources(error);
        }
        cause = at.source();
    }
    SpawnError::Unusable(format!("cannot isolate it strictly: {error}"))
}

/// Whether the system lacks what others give back when they end: processes, memory, open files.
const fn is_no_room(errno: Errno) -> bool {
    matches!(errno, Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_room_is_tried_again_at_whatever_step() {
        let command = Command::of("/bin/sh");
        for errno in [Errno::EAGAIN, Errno::ENOMEM, Errno::EMFILE, Errno::ENFILE] {
            for step in [Step::Clone, Step::Session, Step::Room, Step::Folder, Step::Sandbox, Step::Program] {
                let why = why_not(&command, Failure { step, errno });
                assert!(matches!(why, SpawnError::NoResources(_)), "{step:?}: {why}");
            }
            let inside = io::Error::other(io::Error::from(errno));
            assert!(matches!(cannot_isolate(inside), SpawnError::NoResources(_)), "{errno}");
        }
        let why = why_not(&command, Failure { step: Step::Room, errno: Errno::EPERM });
        assert_eq!(why.to_string(), "cannot give it a /tmp of its own: Operation not permitted");
        assert!(matches!(cannot_isolate(io::Error::other("no Landlock")), SpawnError::Unusable(_)));
    }
}
