//! LIKE by the book: every way a wildcard could be taken is tried.

/// Whether the text matches; both as characters. `%` and `_` behind a backslash are themselves.
pub(super) fn matches(text: &[char], pattern: &[char]) -> bool {
    let begins = |wanted: char, rest: &[char]| text.first() == Some(&wanted) && matches(&text[1..], rest);
    match pattern {
        [] => text.is_empty(),
        ['\\', wild @ ('%' | '_'), rest @ ..] => begins(*wild, rest),
        ['%', rest @ ..] => (0..=text.len()).any(|taken| matches(&text[taken..], rest)),
        ['_', rest @ ..] => !text.is_empty() && matches(&text[1..], rest),
        [character, rest @ ..] => begins(*character, rest),
    }
}

#[test]
fn the_naive_matcher_knows_the_wildcards() {
    let check = |text: &str, pattern: &str, expected: bool| {
        let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
        assert_eq!(matches(&text, &pattern), expected, "{text:?} {pattern:?}");
    };
    check("", "%", true);
    check("ab", "a_", true);
    check("ab", "_", false);
    check("a%", r"a\%", true);
    check("ab", r"a\%", false);
    check("abcbd", "a%b_", true);
}
