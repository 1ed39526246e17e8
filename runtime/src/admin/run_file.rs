//! `run.json`: where the runtime of a project answers, for whoever wants to speak to it.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{About, AdminError};

/// The state folder of a project that says nothing else.
const STATE: &str = ".hydrant";
const NAME: &str = "run.json";

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunFile {
    pub(crate) pid: u32,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) socket: PathBuf,
    pub(crate) version: String,
}

/// Where the file is: in the state folder, or where that would be when nothing is kept.
pub(super) fn path(project: &Path, state: Option<&Path>) -> PathBuf {
    state.map_or_else(|| project.join(STATE), Path::to_owned).join(NAME)
}

impl RunFile {
    /// What the runtime with this state folder said of itself last, if anything.
    pub(crate) fn of_state(state: &Path) -> Option<Self> {
        Self::read(&state.join(NAME))
    }

    /// What the runtime of this project said of itself last, if its state folder is the usual one.
    pub(crate) fn of_project(project: &Path) -> Option<Self> {
        Self::read(&path(project, None))
    }

    pub(super) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Whether someone answers there: the file of a runtime that was killed stays behind.
    pub(super) fn answers(&self) -> bool {
        UnixStream::connect(&self.socket).is_ok()
    }

    /// Writes the file in one step: a reader sees all of it or nothing.
    pub(super) fn write(&self, path: &Path) -> Result<Written, AdminError> {
        let fail = |error: io::Error| AdminError::RunFile(path.display().to_string(), error);
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        // Nothing else is kept in a folder that is made only for this file, and it goes with it.
        let made = (!folder.exists()).then(|| folder.to_owned());
        fs::create_dir_all(folder).map_err(fail)?;
        let new = path.with_extension(format!("json.{}", self.pid));
        let text = serde_json::to_string(self).map_err(|error| fail(error.into()))?;
        fs::write(&new, text + "\n").and_then(|()| fs::rename(&new, path)).map_err(fail)?;
        Ok(Written { path: path.into(), made })
    }
}

impl From<&About> for RunFile {
    fn from(about: &About) -> Self {
        Self {
            pid: about.pid,
            listen: about.listen,
            admin: about.admin,
            socket: about.socket.clone(),
            version: about.version.clone(),
        }
    }
}

/// The file; gone when this is dropped.
#[derive(Debug)]
pub(super) struct Written {
    path: PathBuf,
    made: Option<PathBuf>,
}

impl Drop for Written {
    fn drop(&mut self) {
        // A file that cannot be removed names a socket where nobody answers; readers know that case.
        let _ = fs::remove_file(&self.path);
        if let Some(folder) = &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_whole_and_goes_with_the_runtime() {
        let project = tempfile::tempdir().unwrap();
        let about = About::new(
            "127.0.0.1:8080".parse().unwrap(),
            "127.0.0.1:8088".parse().unwrap(),
            Path::new("/run/hydrant.sock"),
        );
        let written = RunFile::from(&about).write(&path(project.path(), None)).unwrap();
        let read = RunFile::of_project(project.path()).unwrap();
        assert_eq!((read.pid, &*read.version), (std::process::id(), env!("CARGO_PKG_VERSION")));
        assert!(!read.answers(), "nobody listens there");
        drop(written);
        assert_eq!(fs::read_dir(project.path()).unwrap().count(), 0, "the folder it made is gone, too");
    }
}
