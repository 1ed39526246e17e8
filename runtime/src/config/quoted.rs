//! Where a part of a TOML text stands in its file, quotes and escapes counted.

/// The byte of a string token, quotes included, that a byte of its value comes from.
pub(super) fn offset(token: &str, wanted: usize) -> usize {
    let (mut at, escapes) = opening(token);
    let mut value = 0;
    while let Some(character) = token[at..].chars().next() {
        let (taken, gives) = match character {
            '\\' if escapes => escape(&token[at..]),
            _ => (character.len_utf8(), character.len_utf8()),
        };
        // What gives nothing belongs to what is before it.
        if value >= wanted && gives > 0 {
            break;
        }
        at += taken;
        value += gives;
    }
    at
}

/// Where the value begins, and whether it knows escapes.
fn opening(token: &str) -> (usize, bool) {
    for (quotes, escapes) in [("\"\"\"", true), ("'''", false)] {
        if let Some(inner) = token.strip_prefix(quotes) {
            // A line break right behind the quotes belongs to them.
            let line_break = ["\r\n", "\n"].into_iter().find(|b| inner.starts_with(b)).map_or(0, str::len);
            return (3 + line_break, escapes);
        }
    }
    match token.bytes().next() {
        Some(b'"') => (1, true),
        Some(b'\'') => (1, false),
        _ => (0, false),
    }
}

/// The bytes an escape takes, and the bytes it gives.
fn escape(text: &str) -> (usize, usize) {
    let coded = |digits: usize| {
        let code = text.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        (2 + digits, code.and_then(char::from_u32).map_or(0, char::len_utf8))
    };
    match text.as_bytes().get(1) {
        Some(b'x') => coded(2),
        Some(b'u') => coded(4),
        Some(b'U') => coded(8),
        // A backslash at the end of a line takes all white space behind it.
        Some(b'\n' | b'\r' | b' ' | b'\t') => (text.len() - text[1..].trim_start().len(), 0),
        _ => (2.min(text.len()), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_where_it_is_written() {
        let check = |token: &str, value: &str, part: &str, at: usize| {
            let start = value.find(part).unwrap();
            assert_eq!(offset(token, start), at, "{token}");
        };
        check("\"type = 'x'\"", "type = 'x'", "'x'", 8);
        check("'type = \"x\"'", "type = \"x\"", "\"x\"", 8);
        check(r#""a = \"b\" OR x""#, "a = \"b\" OR x", "OR", 11);
        check("\"\"\"\na = 1\"\"\"", "a = 1", "1", 8);
        check("'''a\nb'''", "a\nb", "b", 5);
        check(r#""\u00e4 \U0001F600 x""#, "ä \u{1F600} x", "x", 19);
        check("\"\"\"a \\\n   b\"\"\"", "a b", "b", 10);
        check("\"ä = 1\"", "ä = 1", "1", 6);
    }
}
