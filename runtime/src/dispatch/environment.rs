//! What a function finds in its environment: Knative's runtime contract, the user's own, and a short list of
//! what programs need to find their way about. Nothing else of ours reaches it.

use std::sync::LazyLock;

use crate::config::resolved::Program;

/// What is handed on from the runtime's own environment.
const HANDED_ON: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];

/// The environment of one process of a function.
pub(super) fn environment(name: &str, program: &Program) -> Vec<(String, String)> {
    let mut environment = common(program);
    environment.extend(ours(name, program));
    environment
}

/// The same without what is handed on: what a person sets who starts the process himself.
pub(super) fn own(name: &str, program: &Program) -> Vec<(String, String)> {
    let mut environment = users(program);
    environment.extend(ours(name, program));
    environment
}

/// What programs have in common that are no functions: the user's own, and what is handed on.
pub(crate) fn common(program: &Program) -> Vec<(String, String)> {
    // The runtime's own never changes.
    static OURS: LazyLock<Vec<(&str, String)>> = LazyLock::new(|| {
        HANDED_ON.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?))).collect()
    });
    let handed_on = OURS.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    // The user's word stands against what is handed on.
    let is_users = |name: &str| program.terms.env.contains_key(name) || program.terms.secrets.contains(name);
    let mut environment: Vec<_> = handed_on.filter(|(name, _)| !is_users(name)).collect();
    environment.extend(users(program));
    environment
}

fn users(program: &Program) -> Vec<(String, String)> {
    let users = program.terms.env.iter().map(|(name, value)| (name.clone(), value.clone()));
    // The contract's names are ours.
    let mut environment: Vec<_> = users.filter(|(name, _)| !name.starts_with("K_")).collect();
    environment
        .extend(program.terms.secrets.reveal().map(|(name, value)| (name.to_owned(), value.to_owned())));
    environment
}

fn ours(name: &str, program: &Program) -> [(String, String); 3] {
    // An older revision, `bill@r3`, is one of the same service.
    let service = name.split_once('@').map_or(name, |(service, _)| service);
    let ours = [
        ("K_SERVICE", service.to_owned()),
        ("K_CONFIGURATION", service.to_owned()),
        ("K_REVISION", format!("{service}-{:05}", program.revision)),
    ];
    ours.map(|(name, value)| (name.to_owned(), value))
}
