//! What subscriptions are called: `trigger/bill`, and `bill` for short.

/// `trigger` and `bill`.
pub(crate) fn kind_and_name(full: &str) -> (&str, &str) {
    full.split_once('/').unwrap_or(("subscription", full))
}

/// `bill`.
pub(crate) fn short_name(full: &str) -> &str {
    kind_and_name(full).1
}

/// Whether somebody who says `name` may mean it: `bill`, or `trigger/bill`.
pub(crate) fn is_called(full: &str, name: &str) -> bool {
    full == name || short_name(full) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_meant_with_or_without_its_kind_and_by_no_other_name() {
        for (name, is_meant) in
            [("bill", true), ("trigger/bill", true), ("source/bill", false), ("trigger", false), ("", false)]
        {
            assert_eq!(is_called("trigger/bill", name), is_meant, "{name}");
        }
        assert_eq!(kind_and_name("bill"), ("subscription", "bill"));
    }
}
