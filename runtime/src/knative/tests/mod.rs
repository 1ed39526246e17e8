//! What goes to a cluster and comes back is what it was; and what a cluster says is read, or told.

mod exported;
mod flows;
mod imported;
mod round_trip;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::{Exported, Imported, Options, Project, export, import};
use crate::config::resolved::Resolved;
use crate::config::{Loader, Overrides};

const ANY: Options = Options { class: None, namespace: String::new() };

/// A folder with this runtime.toml, and a plain script for each of these functions.
fn project(file: &str, functions: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("functions")).unwrap();
    fs::write(folder.path().join("runtime.toml"), file).unwrap();
    for name in functions {
        let path = folder.path().join("functions").join(name);
        fs::write(&path, "#!/bin/sh\ntrue\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

fn load(folder: &Path) -> (Loader, Resolved) {
    let mut loader = Loader::new(folder, None, Overrides::default(), |_, _| Ok(false)).unwrap();
    let loaded = loader.load();
    let told: Vec<String> = loaded.diagnostics.iter().map(|found| found.render(false)).collect();
    (loader, loaded.resolved.unwrap_or_else(|| panic!("{}", told.join("\n"))))
}

fn exported(folder: &Path, options: &Options) -> Exported {
    let (loader, resolved) = load(folder);
    let mut functions: Vec<_> = resolved
        .functions
        .values()
        .map(|function| (function.name.to_string(), loader.said_of(&function.name)))
        .collect();
    functions.sort_by(|(a, _), (b, _)| a.cmp(b));
    export(&Project { file: &loader.written(), resolved: &resolved, functions }, options).unwrap()
}

fn yaml(exported: &Exported) -> String {
    let document = |document| format!("---\n{}", serde_saphyr::to_string(document).unwrap());
    exported.documents.iter().map(document).collect()
}

fn imported(yaml: &str) -> Imported {
    import(&[("svc.yaml".into(), yaml.into())]).unwrap()
}

/// `FILE:LINE TEXT` of each.
fn lines(notes: &[super::Note]) -> Vec<String> {
    notes.iter().map(|note| format!("{}:{} {}", note.file, note.line, note.text)).collect()
}
