//! As much of YAML as the sample events need: mappings by indentation, scalars in a line, and texts behind `|`.

/// One document: paths such as `ContextAttributes/id`, with their scalars.
pub(crate) type Document = Vec<(String, String)>;

pub(crate) fn documents(text: &str) -> Vec<Document> {
    text.split("\n---").map(document).filter(|document| !document.is_empty()).collect()
}

fn document(text: &str) -> Document {
    let mut found = Document::new();
    // The keys that are open, with their indentation.
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let indent = indent_of(line);
        open.retain(|(outer, _)| *outer < indent);
        let (key, value) = trimmed.split_once(':').unwrap_or_else(|| panic!("neither key nor text: {line}"));
        open.push((indent, key.trim()));
        let scalar = match value.trim() {
            "" => continue,
            "|" => {
                let mut block = Vec::new();
                while let Some(line) =
                    lines.next_if(|line| line.trim().is_empty() || indent_of(line) > indent)
                {
                    block.push(line);
                }
                unindented(&block)
            }
            plain => plain.trim_matches('"').to_owned(),
        };
        let path: Vec<&str> = open.iter().map(|(_, key)| *key).collect();
        found.push((path.join("/"), scalar));
    }
    found
}

/// The lines of a block, as far in as its first one is not, each with its newline.
fn unindented(block: &[&str]) -> String {
    let indent = block.first().map_or(0, |line| indent_of(line));
    let end = block.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
    block[..end].iter().map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect()
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
