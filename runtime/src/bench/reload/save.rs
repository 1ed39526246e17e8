//! New versions of one program: what it answers is changed in its file, and the file put in the old one's place.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use bytes::Bytes;

use super::FUNCTION;

/// How a file comes into its place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// Moved over the old one.
    Rename,
    /// The old one removed, and a link to the new one put there, as cargo does it.
    Link,
}

impl Way {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rename => "renamed over it",
            Self::Link => "removed and linked, as cargo does",
        }
    }
}

/// The program, and the number of its last version.
pub(super) struct Saves {
    program: Vec<u8>,
    /// Where its answer is in the file.
    answer: usize,
    last: usize,
    next: PathBuf,
    function: PathBuf,
}

/// What it answers, behind its headers.
const ANSWER: &[u8] = b"\r\n\r\nok\n";

impl Saves {
    pub(super) fn of(program: &Path, project: &Path) -> anyhow::Result<Self> {
        let program = fs::read(program)?;
        let mut found = program.windows(ANSWER.len()).enumerate().filter(|(_, bytes)| *bytes == ANSWER);
        let (at, _) = found.next().context("the program does not hold its answer as text")?;
        ensure!(found.next().is_none(), "the program holds its answer twice");
        drop(found);
        let next = project.join("next");
        let function = project.join("functions").join(FUNCTION);
        Ok(Self { program, answer: at + 4, last: 0, next, function })
    }

    /// Saves another version, and gives what it answers.
    pub(super) fn save(&mut self, way: Way) -> anyhow::Result<Bytes> {
        self.last += 1;
        let answer = format!("{:02}\n", self.last % 100);
        self.program[self.answer..][..answer.len()].copy_from_slice(answer.as_bytes());
        // In a file of its own: the one before may be the function's.
        let _ = fs::remove_file(&self.next);
        fs::write(&self.next, &self.program)?;
        fs::set_permissions(&self.next, Permissions::from_mode(0o755))?;
        match way {
            Way::Rename => fs::rename(&self.next, &self.function)?,
            Way::Link => {
                fs::remove_file(&self.function)?;
                fs::hard_link(&self.next, &self.function)?;
            }
        }
        Ok(answer.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_save_answers_otherwise_in_a_file_of_its_own() {
        let project = tempfile::tempdir().unwrap();
        fs::create_dir(project.path().join("functions")).unwrap();
        let program = project.path().join("program");
        fs::write(&program, b"head\r\n\r\nok\ntail").unwrap();
        let mut saves = Saves::of(&program, project.path()).unwrap();
        let function = project.path().join("functions").join(FUNCTION);
        for (way, answer) in [(Way::Rename, "01\n"), (Way::Link, "02\n"), (Way::Rename, "03\n")] {
            assert_eq!(saves.save(way).unwrap(), answer);
            assert_eq!(fs::read_to_string(&function).unwrap(), format!("head\r\n\r\n{answer}tail"));
            fs::hard_link(&function, project.path().join(answer.trim())).unwrap();
        }
        let linked = fs::read_to_string(project.path().join("02")).unwrap();
        assert_eq!(linked, "head\r\n\r\n02\ntail", "what runs is not written to");
        assert_eq!(fs::read(&program).unwrap(), b"head\r\n\r\nok\ntail");
    }
}
