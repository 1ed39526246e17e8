//! JSON laid out for an editor, and packed again: only white space changes, so a number stays as it was written.

const INDENT: &str = "  ";

/// One member or element a line.
pub(super) fn spread(json: &str) -> String {
    let (mut text, mut depth) = (String::with_capacity(json.len() * 2), 0);
    let mut rest = Tokens(json).peekable();
    while let Some(token) = rest.next() {
        text += token;
        let next = rest.peek().copied();
        match (token, next) {
            ("{" | "[", Some("}" | "]")) => {}
            ("{" | "[", _) => {
                depth += 1;
                new_line(&mut text, depth);
            }
            (",", _) => new_line(&mut text, depth),
            (":", _) => text.push(' '),
            (_, Some("}" | "]")) => {
                depth = usize::saturating_sub(depth, 1);
                new_line(&mut text, depth);
            }
            _ => {}
        }
    }
    text + "\n"
}

/// Without white space between tokens.
pub(super) fn packed(json: &str) -> String {
    Tokens(json).collect()
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n(INDENT, depth));
}

/// Marks, texts and words, one by one; whether they make JSON is another's question.
struct Tokens<'t>(&'t str);

impl<'t> Iterator for Tokens<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.0.trim_start_matches([' ', '\t', '\r', '\n']);
        let first = text.chars().next()?;
        let length = match first {
            '"' => end_of_text(text),
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => text.find([' ', '\t', '\r', '\n', '"', '{', '}', '[', ']', ',', ':']).unwrap_or(text.len()),
        };
        let (token, rest) = text.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

fn end_of_text(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_spread_and_packed_and_nothing_else_of_it_changes() {
        let packed_text = r#"{"a":{"n":1.10,"t":"x, \"{y}\" : é","e":{},"l":[1,[],true]},"z":null}"#;
        let spread_text = "\
{
  \"a\": {
    \"n\": 1.10,
    \"t\": \"x, \\\"{y}\\\" : é\",
    \"e\": {},
    \"l\": [
      1,
      [],
      true
    ]
  },
  \"z\": null
}
";
        assert_eq!(spread(packed_text), spread_text);
        assert_eq!(packed(spread_text), packed_text);
        assert_eq!(packed(" {\n\"a\" :\t1 }\r\n"), "{\"a\":1}");
    }

    #[test]
    fn what_is_no_json_is_left_to_who_reads_it() {
        for text in ["", "}", "]]", "{\"a", "nonsense", "\"\\", "{,:"] {
            // A text that does not end takes the last newline for its own.
            assert_eq!(packed(&spread(text)).trim_end(), packed(text), "{text}");
        }
    }
}
