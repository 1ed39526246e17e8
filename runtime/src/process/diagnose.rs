//! Why a file cannot be started, for people: the system says ENOENT, ENOEXEC or EACCES to a dozen mistakes.

use std::fs::{self, File, Metadata};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::statvfs::{FsFlags, statvfs};

use super::elf;

/// What the kernel reads of a file to see what it is.
const HEAD_BYTES: usize = 256;

/// What is wrong with the program at `path`, which the system refused to start with `errno`, and what to do. The
/// path is told as it is given.
pub(crate) fn diagnose(path: &Path, errno: Errno) -> String {
    let shown = path.display();
    let Ok(metadata) = fs::metadata(path) else {
        return missing(path, errno);
    };
    if metadata.is_dir() {
        return format!("{shown} is a folder, not a program");
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return format!("{shown} is not executable (chmod +x {shown})");
    }
    content(path, &metadata, errno).map_or_else(
        || format!("{shown} cannot be started: {}", errno.desc()),
        |what| format!("{shown} {what}"),
    )
}

fn missing(path: &Path, errno: Errno) -> String {
    let shown = path.display();
    match fs::read_link(path) {
        Ok(target) => format!("{shown} is a link to {}, which is gone", target.display()),
        Err(_) if errno == Errno::ENOENT => format!("{shown} is gone"),
        Err(_) => format!("{shown} cannot be started: {}", errno.desc()),
    }
}

fn content(path: &Path, metadata: &Metadata, errno: Errno) -> Option<String> {
    let no_exec = statvfs(path).is_ok_and(|system| system.flags().contains(FsFlags::ST_NOEXEC));
    match errno {
        Errno::EACCES if no_exec => Some("is on a file system mounted noexec".into()),
        Errno::E2BIG => Some("cannot be started: its arguments and environment are too large".into()),
        _ if metadata.len() == 0 => Some("is empty".into()),
        _ => inside(&File::open(path).ok()?, path, errno),
    }
}

fn inside(file: &File, path: &Path, errno: Errno) -> Option<String> {
    let mut head = [0; HEAD_BYTES];
    let length = file.read_at(&mut head, 0).ok()?;
    let head = &head[..length];
    if let Some(line) = head.strip_prefix(b"#!") {
        return script(line, path, errno);
    }
    if head.starts_with(elf::MAGIC) {
        return elf::complaint(file, head);
    }
    (errno == Errno::ENOEXEC).then(|| foreign(head).into())
}

/// What is wrong with the first line of a script, given without its `#!`.
fn script(line: &[u8], path: &Path, errno: Errno) -> Option<String> {
    let line = line.split(|&byte| byte == b'\n').next()?;
    if errno == Errno::ENOENT && line.ends_with(b"\r") {
        return Some(format!(
            "has Windows line ends, so its #! line names no interpreter (sed -i 's/\\r$//' {})",
            path.display()
        ));
    }
    let line = String::from_utf8_lossy(line);
    let Some(interpreter) = line.split_ascii_whitespace().next() else {
        return Some("has a #! line that names no interpreter (#!/bin/sh)".into());
    };
    let name = Path::new(interpreter).file_name().unwrap_or_default().display();
    match (Path::new(interpreter).exists(), errno) {
        (false, _) => Some(format!(
            "cannot be started: #!{interpreter}: no such interpreter (#!/usr/bin/env {name} finds it in the PATH)"
        )),
        (true, Errno::EACCES) => Some(format!("cannot be started: #!{interpreter}: not executable")),
        (true, _) => None,
    }
}

fn foreign(head: &[u8]) -> &'static str {
    const MACHO: [&[u8]; 3] = [b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe"];
    if head.starts_with(b"MZ") {
        return "is a program for Windows, this machine runs Linux";
    }
    if MACHO.iter().any(|magic| head.starts_with(magic)) {
        return "is a program for macOS, this machine runs Linux";
    }
    if head.starts_with(b"\xef\xbb\xbf#!") {
        return "begins with a byte order mark, which hides its #! line (save it as UTF-8 without BOM)";
    }
    "is no program: it begins neither with #! (a script) nor as ELF (a binary)"
}
