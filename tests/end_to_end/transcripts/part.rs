//! What there is in the source of a page besides prose: code blocks, fenced or indented, and comments.

use super::page::Line;

pub(super) enum Part {
    /// What stands between `<!--` and `-->`.
    Comment(Line),
    /// Without its indentation.
    Block(Vec<Line>),
}

/// A list item is indented by up to three, so its code is by at least four, too.
const INDENT: usize = 4;

pub(super) fn parts(page: &str) -> Vec<Part> {
    let lines: Vec<&str> = page.lines().collect();
    let mut parts = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let next = if line.trim_start().starts_with("<!--") {
            comment(&lines, at, &mut parts)
        } else if line.trim_start().starts_with("```") {
            fenced(&lines, at, &mut parts)
        } else if indent(line) >= INDENT && (at == 0 || lines[at - 1].trim().is_empty()) {
            indented(&lines, at, &mut parts)
        } else {
            at + 1
        };
        at = next;
    }
    parts
}

fn comment(lines: &[&str], begin: usize, parts: &mut Vec<Part>) -> usize {
    let end = (begin..lines.len()).find(|at| lines[*at].contains("-->")).unwrap_or(lines.len() - 1);
    let text = lines[begin..=end].join("\n");
    let text = text.trim().trim_start_matches("<!--").trim_end_matches("-->").trim().to_owned();
    parts.push(Part::Comment(Line { number: begin + 1, text }));
    end + 1
}

fn fenced(lines: &[&str], begin: usize, parts: &mut Vec<Part>) -> usize {
    let inside = indent(lines[begin]);
    let end = (begin + 1..lines.len()).find(|at| lines[*at].trim_start() == "```").unwrap_or(lines.len());
    parts.push(Part::Block(taken(lines, begin + 1, end, inside)));
    end + 1
}

fn indented(lines: &[&str], begin: usize, parts: &mut Vec<Part>) -> usize {
    let inside = indent(lines[begin]);
    let is_over = |line: &str| !line.trim().is_empty() && indent(line) < inside;
    let mut end = (begin..lines.len()).find(|at| is_over(lines[*at])).unwrap_or(lines.len());
    while lines[end - 1].trim().is_empty() {
        end -= 1;
    }
    parts.push(Part::Block(taken(lines, begin, end, inside)));
    end
}

fn taken(lines: &[&str], begin: usize, end: usize, indent: usize) -> Vec<Line> {
    let line =
        |at: usize| Line { number: at + 1, text: lines[at].get(indent..).unwrap_or_default().to_owned() };
    (begin..end).map(line).collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
