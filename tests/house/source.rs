//! Reading our own sources: the files of the repository, their code without comments and texts, and what modules
//! a file refers to.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A source file, with its path from the root of the repository.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with every comment and literal blanked; lines stay where they are.
    pub(crate) code: String,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into(), code: code(text) }
    }

    /// `path:line: complaint` for every line of the code in which `is_broken`.
    pub(crate) fn lines(&self, complaint: &str, is_broken: impl Fn(&str) -> bool) -> Vec<String> {
        let broken = self.code.lines().enumerate().filter(|(_, line)| is_broken(line));
        broken.map(|(i, line)| format!("{}:{}: {complaint}: {}", self.path, i + 1, line.trim())).collect()
    }

    pub(crate) fn is_below(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies one folder below the root")
}

/// Every file with that ending, whoever wrote it; build output is nobody's.
pub(crate) fn files(ending: &str) -> Vec<File> {
    let mut files = Vec::new();
    collect(root(), ending, &mut files);
    assert!(!files.is_empty(), "no {ending} below {}", root().display());
    files
}

fn collect(folder: &Path, ending: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("our own folders can be read") {
        let path = entry.expect("our own folders can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() {
            collect(&path, ending, files);
        } else if name.ends_with(ending) {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let path = path.strip_prefix(root()).expect("it lies below the root");
            files.push(File::new(&path.to_string_lossy(), &text));
        }
    }
}

/// Whether the code holds this word, not only something that contains it.
pub(crate) fn has_word(code: &str, word: &str) -> bool {
    words(code).any(|w| w == word)
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Blanks comments, strings and characters.
pub(crate) fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut last = ' ';
    while let Some(next) = rest.chars().next() {
        // The `r` of `for` begins no raw string.
        let skip = if last.is_alphanumeric() || last == '_' { quoted(rest) } else { prefixed(rest) };
        let (taken, blank) = match skip {
            0 => (next.len_utf8(), false),
            length => (length, true),
        };
        code.extend(rest[..taken].chars().map(|c| if blank && c != '\n' { ' ' } else { c }));
        last = next;
        rest = &rest[taken..];
    }
    code
}

/// How long the comment or literal is that begins here; 0 when none does.
fn prefixed(text: &str) -> usize {
    let body = text.trim_start_matches(['b', 'c', 'r']);
    let prefix = text.len() - body.len();
    let hashes = body.len() - body.trim_start_matches('#').len();
    let is_raw = prefix <= 2 && text[..prefix].ends_with('r') && body[hashes..].starts_with('"');
    if is_raw {
        let end = format!("\"{}", "#".repeat(hashes));
        let start = prefix + hashes + 1;
        return text[start..].find(&end).map_or(text.len(), |at| start + at + end.len());
    }
    quoted(text)
}

fn quoted(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment(text);
    }
    match text.as_bytes() {
        [b'"', ..] => literal(text, '"'),
        [b'\'', b'\\', ..] => literal(text, '\''),
        // A character closes behind one; a lifetime does not.
        [b'\'', ..] => {
            let mut chars = text.char_indices().skip(2);
            chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1)
        }
        _ => 0,
    }
}

fn literal(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// They nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += 1;
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The names right below the crate's root that the code refers to: by `crate::`, or by enough `super::`.
pub(crate) fn roots_used(file: &File, source_folder: &str) -> BTreeSet<String> {
    let depth = depth(file.path.strip_prefix(source_folder).unwrap_or(&file.path));
    let climb = "super::".repeat(depth);
    let mut used = BTreeSet::new();
    for start in ["crate::", &climb] {
        for (at, _) in file.code.match_indices(start) {
            let before = &file.code[..at];
            if !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                used.extend(first_names(&file.code[at + start.len()..]));
            }
        }
    }
    used
}

/// How many modules deep a file is: `mod.rs` stands for its folder.
fn depth(path: &str) -> usize {
    let folders = path.matches('/').count();
    if path.ends_with("mod.rs") { folders } else { folders + 1 }
}

/// `a` of `a::b`, or `a` and `c` of `{a::b, c::{d, e}}`.
fn first_names(path: &str) -> Vec<String> {
    let Some(list) = path.strip_prefix('{') else {
        return words(path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
            .map(String::from)
            .collect();
    };
    let mut depth = 0;
    let mut top = String::new();
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ if depth == 0 => top.push(c),
            _ => {}
        }
    }
    top.split(',').filter_map(|path| words(path).next()).map(String::from).collect()
}
