//! What a script says of itself: one line among its first ten, `# hydrant: ` (or `// hydrant: `) and the inner
//! part of a TOML inline table.

use std::sync::Arc;

use crate::config::codes::Code;
use crate::config::diagnostic::{Diagnostic, Problems};
use crate::config::document::Document;
use crate::config::raw;
use crate::config::source::{Place, Source};
use crate::config::value::Value;

const MARKS: [&str; 2] = ["# hydrant:", "// hydrant:"];
const LINES: usize = 10;
pub(in crate::config) const KEY: &str = "h";
const KEYS: &[&str] = &[KEY];

/// How a script begins, up to the end of what it says of itself, if it does.
pub(super) fn head(bytes: &[u8]) -> Option<Box<str>> {
    if !bytes.starts_with(b"#!") {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let (_, end) = header_lines(&text).last()?;
    Some(text[..end].into())
}

/// The settings in a script's first lines.
pub(super) fn read(head: &str, shown: &str, problems: &Problems) -> Option<raw::Function> {
    let source = Source::new(shown, head);
    let mut headers = header_lines(&source.text);
    let (start, end) = headers.next()?;
    if let Some(second) = headers.next() {
        problems.report(second_header(&source, (start, end), second));
    }
    let text = as_document(&source.text, start, end);
    let document = Document::parse(&text, &source, problems)?;
    let table = Value::root(&document, shown).table(shown, KEYS)?;
    raw::Function::read_header(&table.get(KEY)?)
}

/// What the first header of a script says, as a document of its own whose places are those in the script.
pub(super) fn document(head: &str) -> Option<String> {
    let (start, end) = header_lines(head).next()?;
    Some(as_document(head, start, end))
}

/// The header as a document of its own. All before it gives way to as many blanks, so that places in the
/// document are places in the script; the mark is longer than what opens the table.
fn as_document(script: &str, start: usize, end: usize) -> String {
    let opening = format!("{KEY}={{");
    let blanks = " ".repeat(start.saturating_sub(opening.len()));
    format!("{blanks}{opening}{}}}", &script[start..end])
}

/// Where the inner parts of the header lines begin and end.
fn header_lines(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut line_start = 0;
    let lines = text.split_inclusive('\n').take(LINES).map(move |line| {
        let start = line_start;
        line_start += line.len();
        (start, line)
    });
    lines.filter_map(|(start, line)| {
        let mark = MARKS.iter().find(|mark| line.starts_with(**mark))?;
        Some((start + mark.len(), start + line.trim_end().len()))
    })
}

fn second_header(source: &Arc<Source>, first: (usize, usize), second: (usize, usize)) -> Diagnostic {
    let place = |(start, end)| Place { source: source.clone(), span: start..end };
    Diagnostic::new(Code::Twice, format!("{} has two header lines", source.name))
        .at(&place(second), "ignored")
        .at(&place(first), "this one would count")
        .help("write all settings into one line, or into a sidecar")
}
