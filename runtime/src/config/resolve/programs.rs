//! The programs of sources: found and looked at as those of functions are, and no functions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::codes::Code;
use crate::config::diagnostic::Diagnostic;
use crate::config::raw;
use crate::config::resolved::Found;
use crate::config::scan::{self, Entry, Scan, State};
use crate::config::source::At;

use super::functions::Merge;
use super::secrets;

/// No name of a function begins so.
const PREFIX: &str = "source.";

/// What a source runs.
pub(super) struct SourceProgram {
    pub(super) found: Found,
    /// Its program, and what its environment stands in.
    pub(super) files: Box<[PathBuf]>,
}

/// Looks at the program of each source that is one, whose entry is named after it.
pub(super) fn find_programs(file: &raw::File, scan: &Scan<'_>, found: &mut scan::Functions) {
    for (source, container) in containers(file) {
        if let Some(exec) = &container.program.exec {
            let name: Arc<str> = entry_name(source).into();
            found.add(&name, scan.named(&name, exec, || no_program(source, exec)));
        }
    }
}

/// The source whose entry this is, if it is one's.
pub(super) fn source_of(entry: &str) -> &str {
    entry.strip_prefix(PREFIX).unwrap_or_default()
}

/// Whose entry it is, for people.
pub(super) fn called(entry: &str) -> String {
    entry
        .strip_prefix(PREFIX)
        .map_or_else(|| format!("function `{entry}`"), |source| format!("source `{source}`"))
}

impl Merge<'_> {
    /// What each source runs that is a program. What `[defaults]` say is meant for functions.
    pub(super) fn programs(&mut self, file: &raw::File) -> BTreeMap<String, SourceProgram> {
        let own = containers(file).map(|(source, container)| {
            let name = entry_name(source);
            let entry = self.found.entries.get(&*name);
            let mut files = secrets::files(self.scan.project, &container.program);
            files.extend(entry.map(|entry| entry.path.to_path_buf()));
            let found = entry.map_or(Found::Absent, |entry| self.source_program(entry, &container.program));
            (source.to_owned(), SourceProgram { found, files: files.into() })
        });
        own.collect()
    }

    fn source_program(&mut self, entry: &Entry, said: &raw::Function) -> Found {
        match &entry.state {
            State::Gone => return Found::Absent,
            State::Broken(reason) => return Found::Broken(reason.clone()),
            State::Runs => {}
        }
        let program = match self.content(entry) {
            Ok((content, _)) => self.program(entry, said, None, content),
            Err(found) => return found,
        };
        program.map_or_else(Found::Broken, |program| Found::Program(Arc::new(program)))
    }
}

fn containers(file: &raw::File) -> impl Iterator<Item = (&str, &raw::ContainerSource)> {
    file.sources.iter().filter_map(|(name, source)| match source {
        raw::Source::Container(container) => Some((&*name.value, &**container)),
        _ => None,
    })
}

fn entry_name(source: &str) -> String {
    format!("{PREFIX}{source}")
}

fn no_program(source: &str, exec: &At<String>) -> Diagnostic {
    Diagnostic::new(
        Code::NoFile,
        format!("the program of source `{source}` is not there, so it sends nothing"),
    )
    .at(&exec.place, "no such file")
    .help("build it; it is started as soon as it is there")
}
