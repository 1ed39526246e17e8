//! Whether someone still writes a file.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::sys;

/// Whether someone has the file open for writing, so that its close will be told. `false` when that cannot be
/// known (not our file, a file system without leases): starting it then says `text busy` if it is so.
pub(crate) fn is_being_written(path: &Path) -> bool {
    // A pipe without a writer must not hold us up.
    let open = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    open.is_ok_and(|file| is_written_to(path, &file))
}

/// The same of one that is open already, as a scan has it.
pub(crate) fn is_written_to(_: &Path, file: &File) -> bool {
    matches!(sys::try_read_lease(file.as_fd()), Err(error) if error.kind() == ErrorKind::WouldBlock)
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
