//! Whether someone still writes a file.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::sys;

/// Whether someone has the file open for writing, so that its close will be told. `false` when that cannot be
/// known: starting it then says `text busy` if it is so.
pub(crate) fn is_being_written(path: &Path) -> bool {
    // A pipe without a writer must not hold us up.
    let open = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    open.is_ok_and(|file| is_written_to(path, &file).unwrap_or(false))
}

/// The same of one that is open already, as a scan has it. When nobody writes it, nobody will before it is closed here.
///
/// # Errors
/// It cannot be known: it is not our file, or of a file system without leases.
pub(crate) fn is_written_to(_: &Path, file: &File) -> io::Result<bool> {
    match sys::read_lease(file.as_fd()) {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_being_written_until_its_last_writer_closes_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hello");
        let first = File::create(&path).unwrap();
        let second = OpenOptions::new().append(true).open(&path).unwrap();
        assert!(is_being_written(&path));
        drop(first);
        assert!(is_being_written(&path));
        drop(second);
        assert!(!is_being_written(&path));
    }

    #[test]
    fn who_wants_to_write_it_waits_until_it_is_closed_here() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hello");
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        let file = File::open(&path).unwrap();
        assert!(!is_written_to(&path, &file).unwrap());
        let write = || OpenOptions::new().append(true).custom_flags(libc::O_NONBLOCK).open(&path);
        assert_eq!(write().unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(file);
        write().unwrap();
    }

    #[test]
    fn readers_a_missing_file_and_a_pipe_do_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hello");
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        let _reader = File::open(&path).unwrap();
        assert!(!is_being_written(&path));
        assert!(!is_being_written(&dir.path().join("none")));
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(!is_being_written(&pipe));
    }
}
