//! The rule for names of functions, brokers, channels, flows, subscriptions, triggers, sources and sinks.

/// Characters a name has at most: what a DNS label may have, for `NAME.localhost`.
const NAME_LEN_MAX: usize = 63;

/// What a name may look like, for people.
pub(super) const RULE: &str = "names have 1 to 63 of a-z, 0-9, `-` and `_`, a letter or digit first and last";

/// Whether the text is a name: `[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?`.
pub(crate) fn is_valid(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let inner = |byte: &u8| plain(byte) || matches!(byte, b'_' | b'-');
    bytes.len() <= NAME_LEN_MAX
        && bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
        && bytes.iter().all(inner)
}

/// What to do about a text that is no name.
pub(crate) fn hint(text: &str) -> String {
    let lower = text.to_lowercase();
    let joined: String = lower
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .take(NAME_LEN_MAX)
        .collect();
    let candidate = joined.trim_matches(['-', '_']);
    if is_valid(candidate) && !text.contains(['/', '\\']) {
        return format!("`{candidate}` would do: {RULE}");
    }
    RULE.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_the_contract() {
        for name in ["a", "0", "bill", "bill-2", "a_b", &"x".repeat(63)] {
            assert!(is_valid(name), "{name}");
        }
        for name in
            ["", "-a", "a-", "_a", "a_", "A", "a.b", "a/b", "../../etc", "bücher", "a b", &"x".repeat(64)]
        {
            assert!(!is_valid(name), "{name}");
        }
    }

    #[test]
    fn the_hint_names_a_name_where_one_is_near() {
        assert!(hint("Bill Two").starts_with("`bill-two` would do"), "{}", hint("Bill Two"));
        assert!(hint(".x_").starts_with("`x` would do"), "{}", hint(".x_"));
        assert_eq!(hint("../../etc"), RULE);
        assert_eq!(hint("---"), RULE);
    }
}
