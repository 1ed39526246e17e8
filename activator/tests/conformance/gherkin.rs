//! As much of Gherkin as the scenarios need: steps with a text or a table, and outlines with examples.

/// A scenario with its parameters filled in.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    /// Without `Given`, `When`, `Then` and `And`.
    pub(crate) sentence: String,
    /// What stands between `"""`.
    pub(crate) text: String,
    /// Without the row of headings.
    pub(crate) table: Vec<Vec<String>>,
}

/// All scenarios of a file, one for each row of examples.
pub(crate) fn scenarios(feature: &str) -> Vec<Scenario> {
    let starts = |line: &&str| line.trim_start().starts_with("Scenario");
    let lines: Vec<&str> = feature.lines().collect();
    let begins: Vec<usize> = (0..lines.len()).filter(|at| starts(&lines[*at])).collect();
    let ends = begins.iter().skip(1).copied().chain([lines.len()]);
    begins.iter().zip(ends).flat_map(|(begin, end)| filled_in(&lines[*begin..end])).collect()
}

fn filled_in(lines: &[&str]) -> Vec<Scenario> {
    let examples = lines.iter().position(|line| line.trim() == "Examples:");
    let (outline, examples) = lines.split_at(examples.unwrap_or(lines.len()));
    let table: Vec<Vec<String>> = examples.iter().filter_map(|line| row(line)).collect();
    let Some((headings, rows)) = table.split_first() else {
        return vec![scenario(&outline.join("\n"))];
    };
    let fill = |values: &Vec<String>| {
        let pairs = headings.iter().zip(values);
        pairs.fold(outline.join("\n"), |text, (heading, value)| text.replace(&format!("<{heading}>"), value))
    };
    rows.iter().map(|values| scenario(&fill(values))).collect()
}

fn scenario(text: &str) -> Scenario {
    let mut lines = text.lines();
    let name = lines.next().and_then(|line| line.split_once(':')).expect("it begins with its name").1;
    let mut steps: Vec<Step> = Vec::new();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if trimmed == r#"""""# {
            let indent = line.len() - line.trim_start().len();
            let inner = lines.by_ref().take_while(|line| line.trim() != r#"""""#);
            let inner: Vec<&str> = inner.map(|line| line.get(indent..).unwrap_or_default()).collect();
            last(&mut steps).text = inner.join("\n");
        } else if let Some(row) = row(line) {
            last(&mut steps).table.push(row);
        } else if !trimmed.is_empty() {
            let (keyword, sentence) = trimmed.split_once(' ').expect("a step has a sentence");
            assert!(["Given", "When", "Then", "And"].contains(&keyword), "unknown keyword: {trimmed}");
            steps.push(Step { sentence: sentence.into(), ..Step::default() });
        }
    }
    for step in steps.iter_mut().filter(|step| !step.table.is_empty()) {
        let headings = step.table.remove(0);
        assert_eq!(headings, ["key", "value"], "{}", step.sentence);
    }
    Scenario { name: name.trim().into(), steps }
}

fn last(steps: &mut [Step]) -> &mut Step {
    steps.last_mut().expect("a text or a table belongs to a step")
}

/// The cells of `| a | b |`.
fn row(line: &str) -> Option<Vec<String>> {
    let cells = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(cells.split('|').map(|cell| cell.trim().into()).collect())
}
