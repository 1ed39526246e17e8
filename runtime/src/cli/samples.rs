//! Samples: files in `samples/` of the project, or of a function that is a folder, to send or to call with.

use std::fs;
use std::path::{Path, PathBuf};

use activator::event::{Event, json};
use bytes::Bytes;

use super::exit::Failure;
use super::global::Global;
use crate::config::Loader;

const FOLDER: &str = "samples";
/// So many names are told when none fits.
const NAMES_SHOWN: usize = 20;

/// A file, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Nothing = the project's.
    function: Option<String>,
    name: String,
    path: PathBuf,
}

/// What is in it.
pub(super) enum Content {
    Event(Event),
    Data(Bytes),
}

impl Sample {
    pub(super) fn data(&self) -> Result<Bytes, Failure> {
        let read = fs::read(&self.path).map(Bytes::from);
        read.map_err(|error| Failure::failed(format!("cannot read {}: {error}", self.path.display())))
    }

    pub(super) fn content(&self) -> Result<Content, Failure> {
        let data = self.data()?;
        let is_json = self.path.extension().is_some_and(|extension| extension == "json");
        let event = is_json.then(|| json::decode(&data).ok()).flatten();
        Ok(event.map_or(Content::Data(data), Content::Event))
    }

    /// `order.json`, or `bill/order.json` where it is a function's.
    fn label(&self) -> String {
        match &self.function {
            Some(function) => format!("{function}/{}", self.name),
            None => self.name.clone(),
        }
    }

    /// With or without the ending, and with or without whose it is.
    fn is_called(&self, name: &str) -> bool {
        let (function, file) = name.split_once('/').map_or((None, name), |(f, file)| (Some(f), file));
        let is_whose = function.is_none() || function == self.function.as_deref();
        let stem = Path::new(&self.name).file_stem().is_some_and(|stem| stem == file);
        is_whose && (self.name == file || stem)
    }
}

/// The sample of this name: the function's own, the project's, or the only one.
pub(super) fn find(global: &Global, name: &str, function: Option<&str>) -> Result<Sample, Failure> {
    let all = all(global)?;
    let called: Vec<&Sample> = all.iter().filter(|sample| sample.is_called(name)).collect();
    let of = |whose: Option<&str>| called.iter().find(|sample| sample.function.as_deref() == whose);
    let own = function.and_then(|function| of(Some(function)));
    match (own.or_else(|| of(None)), &called[..]) {
        (Some(sample), _) => Ok((*sample).clone()),
        (None, [only]) => Ok((*only).clone()),
        (None, []) => Err(unknown(name, &all)),
        (None, several) => {
            let names: Vec<String> = several.iter().map(|sample| sample.label()).collect();
            Err(Failure::usage(format!("there are several samples {name}: {}", names.join(", ")))
                .help("name the function, too"))
        }
    }
}

/// What can be named.
pub(super) fn names(global: &Global) -> Vec<String> {
    all(global).unwrap_or_default().iter().map(Sample::label).collect()
}

fn unknown(name: &str, all: &[Sample]) -> Failure {
    let failure = Failure::usage(format!("there is no sample {name}"));
    if all.is_empty() {
        return failure.help("put a file into samples/ of the project, or of a function that is a folder");
    }
    let mut names: Vec<String> = all.iter().take(NAMES_SHOWN).map(Sample::label).collect();
    if all.len() > NAMES_SHOWN {
        names.push(format!("and {} more", all.len() - NAMES_SHOWN));
    }
    failure.help(format!("there are {}", names.join(", ")))
}

fn all(global: &Global) -> Result<Vec<Sample>, Failure> {
    let project = global.project(None)?;
    let mut all = within(&project.join(FOLDER), None);
    for folder in functions(global, &project) {
        let mut owners: Vec<PathBuf> = entries(&folder).filter(|path| path.is_dir()).collect();
        owners.sort();
        for owner in owners {
            let name = owner.file_name().map(|name| name.to_string_lossy().into_owned());
            all.extend(within(&owner.join(FOLDER), name.as_deref()));
        }
    }
    Ok(all)
}

/// Where functions are; the usual place where the configuration cannot be read.
fn functions(global: &Global, project: &Path) -> Vec<PathBuf> {
    let load = || {
        let file = global.config().ok()?;
        // Whether a file is being written does not matter to what lies beside it.
        let mut loader =
            Loader::new(project, file.as_deref(), global.overrides().ok()?, |_, _| Ok(false)).ok()?;
        Some(loader.load().resolved?.runtime.functions)
    };
    load().unwrap_or_else(|| vec![project.join("functions")])
}

fn within(folder: &Path, function: Option<&str>) -> Vec<Sample> {
    let sample = |path: PathBuf| {
        let name = path.file_name()?.to_str().filter(|name| !name.starts_with('.'))?.to_owned();
        path.is_file().then_some(Sample { function: function.map(Into::into), name, path })
    };
    let mut samples: Vec<Sample> = entries(folder).filter_map(sample).collect();
    samples.sort_by(|one, other| one.name.cmp(&other.name));
    samples
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}
