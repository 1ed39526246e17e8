//! Values of a function's environment that nobody else is told.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// A shorter text is in too many others to be hidden wherever it is.
const HIDDEN_MIN: usize = 4;
const HIDDEN: &str = "***";

/// Variables by their names.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secrets(BTreeMap<String, String>);

impl Secrets {
    pub(super) fn insert(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }

    /// For the one process whose environment it is.
    pub(crate) fn reveal(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The text with every value hidden, and every line of one that has several.
    pub(crate) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let lines = self.0.values().flat_map(|value| value.lines()).map(str::trim);
        let mut hidden = Cow::Borrowed(text);
        for line in lines.filter(|line| line.len() >= HIDDEN_MIN) {
            if hidden.contains(line) {
                hidden = Cow::Owned(hidden.replace(line, HIDDEN));
            }
        }
        hidden
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_in_texts_and_from_programmers() {
        let mut secrets = Secrets::default();
        secrets.insert("KEY".into(), "-- begin\nabcdef\nxy\n".into());
        secrets.insert("PASSWORD".into(), "hunter2".into());
        assert_eq!(secrets.hide("hunter2 and hunter2, xy"), "*** and ***, xy");
        assert_eq!(secrets.hide("abcdef"), "***");
        assert!(matches!(secrets.hide("nothing"), Cow::Borrowed(_)));
        assert_eq!(format!("{secrets:?}"), r#"{"KEY", "PASSWORD"}"#);
    }
}
