//! A table of a configuration file: what its keys hold, and which keys nobody knows.

use super::codes::Code;
use super::diagnostic::{Diagnostic, Problems};
use super::nearest::nearest;
use super::source::{At, Place};
use super::value::Value;

/// A table whose unknown keys have been reported.
pub(super) struct Table<'d> {
    problems: &'d Problems,
    place: Place,
    section: String,
    entries: Vec<(At<String>, Value<'d>)>,
}

/// Here and not with the other kinds: a table is made of values, and a value knows nothing of tables.
impl<'d> Value<'d> {
    /// A table that takes these keys; others are reported. `section` is how messages call it.
    pub(super) fn table(&self, section: &str, keys: &'static [&'static str]) -> Option<Table<'d>> {
        self.table_with(section, keys, |_| None)
    }

    /// The same, where it is known of some other keys what is meant by them.
    pub(super) fn table_with(
        &self,
        section: &str,
        keys: &'static [&'static str],
        hint: impl Fn(&str) -> Option<String>,
    ) -> Option<Table<'d>> {
        let entries = self.entries(section)?;
        let unknown = |(name, _): &&(At<String>, Self)| !keys.contains(&&*name.value);
        for (name, _) in entries.iter().filter(unknown) {
            self.problems().report(unknown_key(name, section, keys, hint(&name.value)));
        }
        Some(Table { problems: self.problems(), place: self.place(), section: section.into(), entries })
    }
}

impl<'d> Table<'d> {
    /// The value behind a key.
    pub(super) fn get(&self, key: &str) -> Option<Value<'d>> {
        let entry = self.entries.iter().find(|(name, _)| name.value == key);
        entry.map(|(_, value)| value.clone())
    }

    /// The value behind a key of two spellings, ours and Knative's; both at once is one too many.
    pub(super) fn get_either(&self, ours: &str, knatives: &str) -> Option<Value<'d>> {
        let (first, second) = (self.get(ours), self.get(knatives));
        if let (Some(first), Some(second)) = (&first, &second) {
            self.problems.report(
                Diagnostic::new(
                    Code::Twice,
                    format!("`{ours}` and `{knatives}` in {} are one key", self.section),
                )
                .at(&second.place(), "given again")
                .at(&first.place(), "given here")
                .help("keep one of them"),
            );
        }
        first.or(second)
    }

    /// The value behind a key that must be there.
    pub(super) fn need(&self, key: &str, help: &str) -> Option<Value<'d>> {
        let value = self.get(key);
        if value.is_none() {
            self.problems.report(
                Diagnostic::new(Code::MissingKey, format!("{} has no `{key}`", self.section))
                    .at(&self.place, format!("`{key}` is missing"))
                    .help(help),
            );
        }
        value
    }
}

fn unknown_key(name: &At<String>, section: &str, keys: &[&str], hint: Option<String>) -> Diagnostic {
    let help = match (hint, nearest(&name.value, keys.iter().copied())) {
        (Some(hint), _) => format!("{hint}; known here: {}", keys.join(", ")),
        (None, Some(key)) => format!("did you mean `{key}`?"),
        (None, None) => format!("known here: {}", keys.join(", ")),
    };
    Diagnostic::new(Code::UnknownKey, format!("unknown key `{}` in {section}", name.value))
        .at(&name.place, "nobody reads this")
        .help(help)
}
