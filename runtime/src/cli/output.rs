//! Stdout and stderr, and numbers as people read them.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use serde::Serialize;

use super::exit::Failure;
use crate::process::terminal_size;

/// Whether objects are written as YAML: said once, on the command line, and the same for all of them.
static AS_YAML: OnceLock<()> = OnceLock::new();

/// Objects are written as YAML from now on.
pub(super) fn write_yaml() {
    AS_YAML.get_or_init(|| ());
}

/// Writes data.
pub(super) fn data(text: impl AsRef<[u8]>) -> Result<(), Failure> {
    more_data(text).map(|_| ())
}

/// Writes data, of which there is more to come. Says whether anybody still reads it.
pub(super) fn more_data(text: impl AsRef<[u8]>) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        // `hydrant ps | head -1` has what it wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::failed(format!("cannot write to stdout: {error}"))),
    }
}

/// Writes one object: on a line of its own, or with `-o yaml` as a document.
pub(super) fn json(object: &impl Serialize) -> Result<(), Failure> {
    data(json_line(object)?)
}

/// One object as a line of its own, or with `-o yaml` as a document.
pub(super) fn json_line(object: &impl Serialize) -> Result<String, Failure> {
    if AS_YAML.get().is_some() {
        return yaml_document(object);
    }
    let text = serde_json::to_string(object).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(text + "\n")
}

/// One object as a document of a stream of them.
pub(super) fn yaml_document(object: &impl Serialize) -> Result<String, Failure> {
    // By way of JSON, so that both forms are of one shape.
    let value = serde_json::to_value(object).map_err(|error| Failure::failed(error.to_string()))?;
    let text = serde_saphyr::to_string(&value).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(format!("---\n{}\n", text.trim_end_matches('\n')))
}

/// Writes a line of talk.
pub(super) fn talk(line: &str) {
    // Talk that nobody can hear is not worth failing for.
    let _ = writeln!(io::stderr(), "{line}");
}

/// How many characters a line on stdout has room for: nothing where that is no terminal.
pub(super) fn columns() -> Option<usize> {
    terminal_size().map(|(columns, _)| columns)
}

/// The time of day in `2026-11-26T20:00:16.983102Z`: `20:00:16Z`.
pub(super) fn clock(time: &str) -> String {
    time.get(11..19).map_or_else(|| time.to_owned(), |clock| format!("{clock}Z"))
}

/// `8.6 ms`, `1.25 s`.
pub(super) fn time(ms: f64) -> String {
    if ms < 1000.0 { format!("{ms:.1} ms") } else { format!("{:.2} s", ms / 1000.0) }
}

/// A number of milliseconds for a column: `5.9`, `31`.
pub(super) fn short_ms(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}

/// `1 204`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A text of which all that does not print is escaped, but for tabs.
pub(super) fn printable(text: &str) -> String {
    let is_meant = |character: char| !character.is_control() || character == '\t';
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match is_meant(character) {
            true => line.push(character),
            false => line.extend(character.escape_default()),
        }
    }
    line
}

/// A text on one line: its lines joined, what does not print escaped, and cut to so many characters.
pub(super) fn one_line(text: &str, chars_max: usize) -> String {
    let joined = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut line = String::new();
    for (at, character) in joined.trim().chars().enumerate() {
        if at == chars_max {
            return line + "..";
        }
        match character.is_control() {
            true => line.extend(character.escape_default()),
            false => line.push(character),
        }
    }
    line
}

/// A word that a shell reads as it is.
pub(super) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(one_line("  a = 1\n    AND b = 'ä'\n", 99), "a = 1 AND b = 'ä'");
        assert_eq!(one_line("a\u{1b}[31m\tb", 99), "a\\u{1b}[31m\\tb");
        assert_eq!(one_line("äöü", 3), "äöü");
        assert_eq!(one_line("äöü", 2), "äö..");
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            [time(0.0), time(8.64), time(999.9), time(1250.0)],
            ["0.0 ms", "8.6 ms", "999.9 ms", "1.25 s"]
        );
        assert_eq!([short_ms(5.94), short_ms(31.4), short_ms(240.0)], ["5.9", "31", "240"]);
        let counts = [count(0), count(999), count(1204), count(1_000_000)];
        assert_eq!(counts, ["0", "999", "1 204", "1 000 000"]);
    }
}
