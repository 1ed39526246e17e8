//! Which letters are meant.

use super::cases::Case;

/// All conditions hold at once; those that are not given hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// `bill`, or `trigger/bill` where it is to be told from another kind.
    pub(crate) trigger: Option<String>,
    /// `bill`.
    pub(crate) function: Option<String>,
    /// `exit 101`, `503`, `timeout`.
    pub(crate) reason: Option<String>,
    /// Dead since then or later, in milliseconds since 1970.
    pub(crate) since_ms: Option<i64>,
    /// Dead before then.
    pub(crate) until_ms: Option<i64>,
}

impl Selection {
    pub(super) fn wants_case(&self, case: &Case) -> bool {
        let is = |wanted: &Option<String>, found: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(found);
        is(&self.trigger, &|name| name == case.trigger() || name == case.subscription)
            && is(&self.function, &|name| case.function() == Some(name.strip_prefix("fn/").unwrap_or(name)))
            && is(&self.reason, &|reason| reason.eq_ignore_ascii_case(&case.reason))
    }

    /// Of which nothing is known died before everything.
    pub(super) fn wants_time(&self, died_ms: i64) -> bool {
        self.since_ms.is_none_or(|since| died_ms >= since)
            && self.until_ms.is_none_or(|until| died_ms < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_chosen_by_whose_they_were_why_and_when() {
        let case = Case {
            subscription: "trigger/bill-eu".into(),
            to: "fn/bill@r3".into(),
            reason: "exit 101".into(),
            code: Some(101),
        };
        let check = |make: &dyn Fn(&mut Selection, Option<String>), text: &str, expected| {
            let mut selection = Selection::default();
            make(&mut selection, Some(text.into()));
            assert_eq!(selection.wants_case(&case), expected, "{text}");
        };
        for (name, expected) in [("bill-eu", true), ("trigger/bill-eu", true), ("bill", false)] {
            check(&|s, text| s.trigger = text, name, expected);
        }
        for (name, expected) in [("bill", true), ("fn/bill", true), ("bill-eu", false)] {
            check(&|s, text| s.function = text, name, expected);
        }
        for (name, expected) in [("exit 101", true), ("Exit 101", true), ("101", false)] {
            check(&|s, text| s.reason = text, name, expected);
        }
        let between = Selection { since_ms: Some(10), until_ms: Some(20), ..Selection::default() };
        assert_eq!([9, 10, 19, 20].map(|at| between.wants_time(at)), [false, true, true, false]);
        assert!(Selection::default().wants_case(&case) && Selection::default().wants_time(i64::MIN));
    }
}
