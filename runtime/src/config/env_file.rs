//! `.env` files: `NAME=VALUE`, one a line. Nothing is expanded and nothing is guessed; what is no such line is an
//! error, and tells nothing of what the line holds.

/// Why a line cannot be read, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    pub(super) line: usize,
    pub(super) why: &'static str,
}

/// The variables, in the order of the file.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, BadLine> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(at, line)| variable(line).map_err(|why| BadLine { line: at, why })).collect()
}

fn variable(line: &str) -> Result<(String, String), &'static str> {
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let (name, value) = line.split_once('=').ok_or("is not NAME=VALUE")?;
    let first = name.bytes().next().ok_or("has no name")?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if first.is_ascii_digit() || !name.bytes().all(is_name) {
        return Err("has a name with other characters than letters, digits and `_`");
    }
    Ok((name.to_owned(), self::value(value.trim_start())?))
}

/// In single quotes as it is, in double quotes with escapes, or bare to the end of the line or a comment.
fn value(text: &str) -> Result<String, &'static str> {
    match text.bytes().next() {
        Some(b'\'') => {
            let (value, rest) = text[1..].split_once('\'').ok_or("has no closing quote")?;
            ended(rest).map(|()| value.to_owned())
        }
        Some(b'"') => quoted(&text[1..]),
        _ => {
            let end = text.find(" #").or_else(|| text.find("\t#")).unwrap_or(text.len());
            Ok(text[..end].trim_end().to_owned())
        }
    }
}

fn quoted(text: &str) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return ended(characters.as_str()).map(|()| value),
            '\\' => value.push(match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(escaped @ ('"' | '\\' | '$')) => escaped,
                _ => return Err("has an unknown escape; \\n, \\r, \\t, \\\", \\\\ and \\$ are known"),
            }),
            other => value.push(other),
        }
    }
    Err("has no closing quote")
}

fn ended(rest: &str) -> Result<(), &'static str> {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') { Ok(()) } else { Err("goes on behind its closing quote") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, value: &str) {
        assert_eq!(parse(line), Ok(vec![("A".to_owned(), value.to_owned())]), "{line}");
    }

    #[test]
    fn values_are_bare_or_in_quotes() {
        check("A=b", "b");
        check("  export A = b c  # a remark".replace("A = ", "A= ").as_str(), "b c");
        check("A=", "");
        check("A=b#c", "b#c");
        check("A=$HOME", "$HOME");
        check(r"A='b # \n' # c", r"b # \n");
        check(r#"A="b\n\"c\" \\ \$ # d""#, "b\n\"c\" \\ $ # d");
        check("\n# a remark\r\nA=b\r\n", "b");
        assert_eq!(parse("A=1\nB=2").unwrap().len(), 2);
    }

    #[test]
    fn a_line_that_is_none_is_told_by_its_number_alone() {
        for (text, line) in [
            ("A=1\nsecret", 2),
            ("=secret", 1),
            ("A-B=secret", 1),
            ("1A=secret", 1),
            ("\n\nA='secret", 3),
            ("A=\"secret\\q\"", 1),
            ("A=\"secret\" more", 1),
            ("A =secret", 1),
        ] {
            let bad = parse(text).unwrap_err();
            assert_eq!(bad.line, line, "{text}");
            assert!(!format!("{bad:?}").contains("secret"), "{text}");
        }
    }
}
