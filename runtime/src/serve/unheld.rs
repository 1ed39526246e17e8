//! Limits of functions that nothing on this machine holds: they are told when a configuration is loaded or checked.

use crate::config::resolved::{Cpu, Found, Resolved};
use crate::config::{Code, Diagnostic};
use crate::process::{Controllers, Limited};

/// What is not limited although it is written, where groups have these controllers.
pub(super) fn unheld(resolved: &Resolved, controllers: Controllers) -> Vec<Diagnostic> {
    let functions = resolved.functions.values().filter(|function| function.of.is_none());
    let limits = functions.filter_map(|function| match &function.found {
        Found::Program(program) => Some((&*function.name, program.terms.limits)),
        Found::Absent | Found::Broken(_) => None,
    });
    let limits = limits.flat_map(|(name, limits)| {
        let pids = limits.pids.is_some() && !controllers.hold(Limited::Pids);
        let share = matches!(limits.cpu, Some(Cpu::Thousandths(_))) && !controllers.hold(Limited::Share);
        [pids.then_some((name, "pids")), share.then_some((name, "cpu"))]
    });
    limits.flatten().map(|(name, key)| diagnostic(name, key)).collect()
}

/// The same where nothing runs yet: what this machine would give is tried, and given back.
pub(crate) fn unheld_here(resolved: &Resolved) -> Vec<Diagnostic> {
    let without_groups = unheld(resolved, Controllers::default());
    if without_groups.is_empty() {
        return without_groups;
    }
    // A group that cannot be used holds nothing, and is told by whoever starts something in it.
    let Ok(Some(groups)) = super::groups(&resolved.runtime.cgroup) else { return without_groups };
    let controllers = groups.controllers();
    groups.end();
    unheld(resolved, controllers)
}

fn diagnostic(name: &str, key: &str) -> Diagnostic {
    Diagnostic::new(Code::UnheldLimit, format!("`{key}` in the limits of function `{name}` is not held here"))
        .help(format!(
            "it takes cgroups (v2) of our own with the controller `{key}`; `hydrant doctor` says what there is"
        ))
}
