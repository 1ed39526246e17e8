//! What is another one each time: numbers of processes and ports, times, identifiers, and the blanks that make a
//! column as wide as they are.

use std::sync::LazyLock;

use regex_automata::meta::Regex;

/// In this order: what is longer stands before what is a part of it.
static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let varying = [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
        (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", "<date>"),
        (r"\b\d\d:\d\d:\d\d\.\d+\b", "<clock>"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uuid>"),
        (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "<id>"),
        (r"\b[0-9a-f]{32}\b", "<hex>"),
        (r"\br\d+ \([0-9a-f]{8}\)", "<revision>"),
        (r"127\.0\.0\.1:\d+", "<address>"),
        (r"\b\d+(\.\d+)?(/\d+(\.\d+)?)? ?(ms|µs|s)\b", "<duration>"),
        (r"\b(PORT=|port )\d+", "<port>"),
        (r" {2,}", " "),
    ];
    varying.map(|(expression, name)| (regex(expression), name)).into()
});

/// A line with a name in place of each such thing. How far it is indented stays.
pub(super) fn settled(line: &str) -> String {
    let text = line.trim_end();
    let indent = text.len() - text.trim_start().len();
    let mut settled = text[indent..].to_owned();
    for (expression, name) in VARYING.iter() {
        // Below a line of a file is marked a place in it: there a blank counts, unless something varies.
        if *name != " " || !is_excerpt(text) || settled != text[indent..] {
            settled = replaced(expression, &settled, name);
        }
    }
    format!("{}{settled}", &text[..indent])
}

/// `14 | to = "fn/bil"`, and what is drawn below it.
fn is_excerpt(line: &str) -> bool {
    line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|')
}

/// Words end where ASCII says so.
pub(super) fn regex(expression: &str) -> Regex {
    Regex::new(&expression.replace(r"\b", r"(?-u:\b)")).unwrap()
}

fn replaced(expression: &Regex, text: &str, with: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut after = 0;
    for found in expression.find_iter(text) {
        made += &text[after..found.start()];
        made += with;
        after = found.end();
    }
    made + &text[after..]
}
