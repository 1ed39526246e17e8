//! The Unix socket: never reachable for others, not even between its making and its `chmod`.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::net::UnixListener;

use super::AdminError;

const NAME: &str = "admin.sock";
/// What `sockaddr_un` holds without its NUL.
const PATH_MAX: usize = 107;

/// A socket in the file system; gone when this is dropped.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl SocketFile {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // One that is gone already is what was wanted.
        let _ = fs::remove_file(&self.0);
    }
}

/// Opens the socket in the state folder, or where the user's sockets live when there is no such folder or its
/// path is too long.
pub(super) fn open(state: Option<&Path>) -> Result<(UnixListener, SocketFile), AdminError> {
    let unique = unique();
    let in_state = state.map(|state| state.join(NAME)).filter(|path| fits(path, &unique));
    let path = in_state.unwrap_or_else(|| runtime_dir().join(format!("hydrant-{unique}.sock")));
    bind(&path, &unique).map_err(|error| AdminError::Socket(path.display().to_string(), error))
}

/// Binds in a folder nobody else can enter, closes the socket to others, and only then moves it to its place;
/// what an earlier runtime left there is replaced.
fn bind(path: &Path, unique: &str) -> io::Result<(UnixListener, SocketFile)> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let staging = staging(path, unique);
    fs::DirBuilder::new().mode(0o700).create(&staging)?;
    let bound = bind_staged(&staging.join(NAME), path);
    // Empty when all went well; a socket that could not be moved goes, too.
    let _ = fs::remove_dir_all(&staging);
    bound.map(|listener| (listener, SocketFile(path.into())))
}

fn bind_staged(staged: &Path, path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(staged)?;
    fs::set_permissions(staged, fs::Permissions::from_mode(0o600))?;
    fs::rename(staged, path)?;
    Ok(listener)
}

fn staging(path: &Path, unique: &str) -> PathBuf {
    path.with_file_name(format!(".{unique}"))
}

/// Whether the path, and the longer one it is bound under first, can be bound.
fn fits(path: &Path, unique: &str) -> bool {
    staging(path, unique).join(NAME).as_os_str().len() <= PATH_MAX
}

fn runtime_dir() -> PathBuf {
    let given = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_dir());
    given.unwrap_or_else(std::env::temp_dir)
}

/// A name no other process uses; it need not be a secret, making the folder fails if it is taken.
fn unique() -> String {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    format!("{}-{nanos:x}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn the_socket_is_the_users_own_and_goes_away() {
        let state = tempfile::tempdir().unwrap();
        let (_listener, socket) = open(Some(state.path())).unwrap();
        assert_eq!(socket.path(), state.path().join(NAME));
        assert_eq!(mode(socket.path()), 0o600);
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 1, "nothing else is left there");
        drop(socket);
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn what_a_killed_runtime_left_is_replaced() {
        let state = tempfile::tempdir().unwrap();
        drop(std::os::unix::net::UnixListener::bind(state.path().join(NAME)).unwrap());
        let (_listener, socket) = open(Some(state.path())).unwrap();
        std::os::unix::net::UnixStream::connect(socket.path()).unwrap();
    }

    #[tokio::test]
    async fn a_path_that_is_too_long_or_none_is_replaced_by_a_short_one() {
        let temp = tempfile::tempdir().unwrap();
        let long = temp.path().join("x".repeat(PATH_MAX));
        for state in [None, Some(&*long)] {
            let (_listener, socket) = open(state).unwrap();
            assert!(socket.path().as_os_str().len() <= PATH_MAX);
            assert_eq!(mode(socket.path()), 0o600);
            std::os::unix::net::UnixStream::connect(socket.path()).unwrap();
        }
    }
}
