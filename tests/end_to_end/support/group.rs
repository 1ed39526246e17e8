//! Groups of tests, and how many of each ran.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use libtest_mimic::Trial;

#[derive(Default)]
struct Tally {
    executed: usize,
    skipped: usize,
    reason: Option<String>,
}

static TALLIES: Mutex<BTreeMap<&'static str, Tally>> = Mutex::new(BTreeMap::new());

fn tally(group: &'static str, change: impl FnOnce(&mut Tally)) {
    change(TALLIES.lock().unwrap_or_else(PoisonError::into_inner).entry(group).or_default());
}

/// The tests of a group.
pub(crate) fn group(name: &'static str, tests: &[(&'static str, fn())]) -> Vec<Trial> {
    tests.iter().map(|(test, run)| one(name, *test, *run)).collect()
}

/// A test of a group.
pub(crate) fn one(
    group: &'static str,
    test: impl Into<String>,
    run: impl FnOnce() + Send + 'static,
) -> Trial {
    let counted = move || {
        tally(group, |t| t.executed += 1);
        run();
        Ok(())
    };
    Trial::test(test, counted).with_kind(group)
}

/// The tests of a group that needs something which this machine may lack; `missing` says what.
pub(crate) fn group_needing(
    name: &'static str,
    missing: Option<String>,
    tests: &[(&'static str, fn())],
) -> Vec<Trial> {
    tests.iter().map(|(test, run)| one_needing(name, missing.clone(), *test, *run)).collect()
}

/// A test of a group that needs such a thing.
pub(crate) fn one_needing(
    group: &'static str,
    missing: Option<String>,
    test: impl Into<String>,
    run: impl FnOnce() + Send + 'static,
) -> Trial {
    let Some(reason) = missing else { return one(group, test, run) };
    if std::env::var_os("CI").is_some() {
        let told = format!("{reason}, and with CI set nothing may be skipped");
        return Trial::test(test, move || Err(told.into())).with_kind(group);
    }
    skipped(group, reason, test)
}

/// What this machine cannot have: it is said, also on CI, and fails nothing.
pub(crate) fn group_skipped(
    name: &'static str,
    reason: String,
    tests: &[(&'static str, fn())],
) -> Vec<Trial> {
    tests.iter().map(|(test, _)| skipped(name, reason.clone(), *test)).collect()
}

fn skipped(group: &'static str, reason: String, test: impl Into<String>) -> Trial {
    tally(group, |t| {
        t.skipped += 1;
        t.reason = Some(reason);
    });
    Trial::test(test, || Ok(())).with_kind(group).with_ignored_flag(true)
}

/// One line a group.
pub(crate) fn report() {
    for (group, tally) in TALLIES.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let reason = tally.reason.as_ref().map(|r| format!(" ({r})")).unwrap_or_default();
        println!("group {group}: executed {}, skipped {}{reason}", tally.executed, tally.skipped);
    }
}
