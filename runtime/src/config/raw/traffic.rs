//! `traffic` and `tags` of a function: which of its revisions get what, and which have a name of their own.

use crate::config::name;
use crate::config::source::{At, Place};
use crate::config::value::Value;

/// What all shares come to.
const WHOLE: u32 = 100;

/// A revision, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Which {
    /// Whatever was saved last (Knative's `latestRevision`).
    Latest,
    Number(u32),
}

/// `traffic = { r3 = 10, latest = 90 }`: percentages that add up to 100.
#[derive(Clone, Debug)]
pub(in crate::config) struct Traffic {
    pub(in crate::config) shares: Vec<(At<Which>, u32)>,
}

/// `tags = { stable = "r3" }`.
pub(in crate::config) type Tags = Vec<(At<String>, At<Which>)>;

const WANTED: &str = "`latest` or a revision, such as `r3`";

impl Traffic {
    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let entries = value.entries(&value.section_inside())?;
        let share = |(name, percent): &(At<String>, Value<'_>)| {
            let which = which(value, &name.value, &name.place, &format!("`{}`", name.value))?;
            Some((which, percent.integer(1..=WHOLE)?.value))
        };
        // All of them are looked at, and told of.
        let shares: Vec<_> = entries.iter().map(share).collect();
        let shares: Vec<_> = shares.into_iter().collect::<Option<_>>()?;
        let sum: u64 = shares.iter().map(|(_, percent)| u64::from(*percent)).sum();
        if sum != u64::from(WHOLE) {
            let help = "percentages, such as { r3 = 10, latest = 90 }";
            return value.refuse("shares that add up to 100", format!("{sum} in all"), help);
        }
        Some(Self { shares })
    }
}

/// Reads `tags = { ... }`.
pub(super) fn tags(value: &Value<'_>) -> Option<Tags> {
    let entries = value.entries(&value.section_inside())?;
    let tag = |(name, which_value): &(At<String>, Value<'_>)| {
        if !name::is_valid(&name.value) {
            let called = format!("`{}`", name.value);
            let hint = name::hint(&name.value);
            return value.problems().bad_value(&name.place, &called, "a name", "none", &hint);
        }
        let text = which_value.text()?;
        Some((name.clone(), which(value, &text.value, &text.place, &which_value.called())?))
    };
    let tags: Vec<_> = entries.iter().map(tag).collect();
    tags.into_iter().collect()
}

fn which(value: &Value<'_>, text: &str, place: &Place, called: &str) -> Option<At<Which>> {
    let number = text.strip_prefix('r').filter(|digits| !digits.starts_with(['0', '+']));
    let which = match (text, number.and_then(|digits| digits.parse().ok())) {
        ("latest", _) => Which::Latest,
        (_, Some(number)) => Which::Number(number),
        _ => {
            let help = "`hydrant ps` shows the latest one; r1 is the first that hydrant saw";
            return value.problems().bad_value(place, called, WANTED, "neither", help);
        }
    };
    Some(At { value: which, place: place.clone() })
}
