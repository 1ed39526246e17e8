//! Files that are to be written: all of them, or none when one is in the way.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::super::exit::Failure;
use super::gitignore;

/// Files of a project, by their paths in it.
pub(super) struct Draft {
    project: PathBuf,
    files: Vec<File>,
    /// What is added to the `.gitignore` there.
    ignored: Option<gitignore::Change>,
}

struct File {
    path: PathBuf,
    text: String,
    mode: u32,
}

impl Draft {
    pub(super) const fn new(project: PathBuf) -> Self {
        Self { project, files: Vec::new(), ignored: None }
    }

    pub(super) fn file(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) {
        self.files.push(File { path: path.into(), text: text.into(), mode: 0o644 });
    }

    pub(super) fn program(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) {
        self.files.push(File { path: path.into(), text: text.into(), mode: 0o755 });
    }

    /// Git is not to be shown what hydrant keeps in the project.
    pub(super) fn ignore_state(&mut self) {
        self.ignored = gitignore::change(&self.project);
    }

    /// Fails when one of the files is there; nothing is written then.
    pub(super) fn nothing_in_the_way(&self) -> Result<(), Failure> {
        let is_there = |file: &&File| self.project.join(&file.path).symlink_metadata().is_ok();
        self.files.iter().find(is_there).map_or(Ok(()), |file| Err(in_the_way(&file.path)))
    }

    /// What there is of this name in a folder, whatever its ending but for one of texts.
    pub(super) fn namesake(&self, folder: &Path, name: &str) -> Option<PathBuf> {
        let entries = fs::read_dir(self.project.join(folder)).ok()?;
        let mut names = entries.filter_map(|entry| Some(PathBuf::from(entry.ok()?.file_name())));
        let is_it = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem == name);
        let namesake =
            names.find(|path| is_it(path) && path.extension().is_none_or(|ending| ending != "md"))?;
        Some(folder.join(namesake))
    }

    /// Writes them in this order, and tells the paths.
    pub(super) fn write(self) -> Result<Vec<PathBuf>, Failure> {
        self.nothing_in_the_way()?;
        let mut written = Vec::new();
        for file in &self.files {
            self.create(file).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => in_the_way(&file.path),
                _ => cannot_write(&file.path, &error),
            })?;
            written.push(file.path.clone());
        }
        if let Some(change) = &self.ignored {
            change.apply().map_err(|error| cannot_write(Path::new(gitignore::FILE), &error))?;
            written.push(gitignore::FILE.into());
        }
        Ok(written)
    }

    fn create(&self, file: &File) -> io::Result<()> {
        let path = self.project.join(&file.path);
        fs::create_dir_all(path.parent().unwrap_or(&self.project))?;
        // Whoever put one there meanwhile keeps it.
        let mut open = OpenOptions::new().write(true).create_new(true).mode(file.mode).open(path)?;
        open.write_all(file.text.as_bytes())
    }
}

pub(super) fn in_the_way(path: &Path) -> Failure {
    Failure::failed(format!("{} is in the way", path.display()))
        .help("nothing is overwritten: move it away, or choose another name")
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("cannot write {}: {error}", path.display()))
}
