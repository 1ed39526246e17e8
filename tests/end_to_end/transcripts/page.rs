//! A page as steps: its commands with what it shows below them, and the marks in its source that say what else is done.
//!
//! A command is a line `$ ...` of a code block. What a reader does besides stands in comments before a block:
//!
//! | mark | |
//! |---|---|
//! | `<!-- not run: REASON -->` | the next block is left alone |
//! | `<!-- write: PATH -->` | the next block is the content of this file |
//! | `<!-- said by what runs -->` | the next block is in what the runtime says |
//! | `<!-- run: SCRIPT -->` | done unseen, and must succeed |
//! | `<!-- meanwhile: SCRIPT -->` | the same, while the first command of the next block goes on |
//! | `<!-- copy: PATH.. -->` | these are copied from the repository |
//! | `<!-- needs: Kafka -->` | what stands on 127.0.0.1:9092 is one of the page's own, which its `tests/kafka/kafka.sh` starts; said first |
//! | `<!-- fresh folder -->`, `<!-- ctrl-c -->` | what runs is ended; in the first case, with an empty folder |

/// A line of the page, and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) text: String,
}

/// A command, and what the page shows of what it prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) at: Line,
    pub(super) shown: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Kafka,
    Fresh,
    CtrlC,
    Copy(Vec<String>),
    Run(Line),
    Write { path: String, text: String },
    Said(Vec<Line>),
    Play { commands: Vec<Command>, meanwhile: Option<Line> },
    Leave { commands: usize },
}

/// What a line begins with that somebody is to type: in a block without `$` it would look as if it was tried.
const TYPED: [&str; 12] = [
    "hydrant",
    "cargo",
    "curl",
    "target/debug/hydrant",
    "cat",
    "cp",
    "mv",
    "rm",
    "sed",
    "source",
    "git",
    "tests/kafka/kafka.sh",
];

const NEEDS_KAFKA: &str = "needs: Kafka";

/// Whether what a page says can be done only where a Kafka can run.
pub(super) fn needs_kafka(page: &str) -> bool {
    page.contains(&format!("<!-- {NEEDS_KAFKA} -->"))
}

/// The steps of a page.
///
/// # Errors
/// `LINE: what is wrong`, so that nothing is left out unseen.
pub(super) fn steps(page: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut mark: Option<(Line, String)> = None;
    for part in super::part::parts(page) {
        match part {
            super::part::Part::Comment(line) => {
                if let Some((line, _)) = mark.take() {
                    return Err(wrong(&line, "no block follows this mark"));
                }
                match at_once(&line)? {
                    Some(step) => steps.push(step),
                    None => mark = Some((line.clone(), line.text)),
                }
            }
            super::part::Part::Block(lines) => steps.extend(block(lines, mark.take())?),
        }
    }
    mark.map_or(Ok(steps), |(line, _)| Err(wrong(&line, "no block follows this mark")))
}

/// What a mark does by itself; nothing when it is about the next block.
fn at_once(line: &Line) -> Result<Option<Step>, String> {
    let mark = line.text.as_str();
    let inner = |rest: &str| Line { number: line.number, text: rest.trim().to_owned() };
    if let Some(script) = mark.strip_prefix("run:") {
        return Ok(Some(Step::Run(inner(script))));
    }
    if let Some(paths) = mark.strip_prefix("copy:") {
        return Ok(Some(Step::Copy(paths.split_whitespace().map(str::to_owned).collect())));
    }
    match mark {
        NEEDS_KAFKA => Ok(Some(Step::Kafka)),
        "fresh folder" => Ok(Some(Step::Fresh)),
        "ctrl-c" => Ok(Some(Step::CtrlC)),
        "said by what runs" => Ok(None),
        _ => {
            let reason = ["not run:", "write:", "meanwhile:"].iter().find_map(|key| mark.strip_prefix(key));
            match reason.map(str::trim) {
                None => Err(wrong(line, "no such mark")),
                Some("") => Err(wrong(line, "this mark says nothing behind its colon")),
                Some(_) => Ok(None),
            }
        }
    }
}

/// What is done with a block.
fn block(lines: Vec<Line>, mark: Option<(Line, String)>) -> Result<Option<Step>, String> {
    let is_played = lines.iter().any(|line| line.text.starts_with("$ "));
    let Some((line, mark)) = mark else {
        return match lines.iter().find(|line| is_typed(&line.text)) {
            _ if is_played => Ok(Some(Step::Play { commands: commands(lines)?, meanwhile: None })),
            Some(line) => Err(wrong(line, "somebody is to type this: begin it with `$ `, or mark the block")),
            None => Ok(None),
        };
    };
    let after = |key: &str| mark.strip_prefix(key).map(|rest| rest.trim().to_owned());
    if after("not run:").is_some() {
        return Ok(Some(Step::Leave { commands: lines.iter().filter(|l| is_command(&l.text)).count() }));
    }
    if let Some(path) = after("write:") {
        let text: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
        return Ok(Some(Step::Write { path, text }));
    }
    if let Some(script) = after("meanwhile:") {
        let meanwhile = Some(Line { number: line.number, text: script });
        return Ok(Some(Step::Play { commands: commands(lines)?, meanwhile }));
    }
    Ok(Some(Step::Said(lines)))
}

fn is_command(text: &str) -> bool {
    text.starts_with("$ ") || is_typed(text)
}

fn is_typed(text: &str) -> bool {
    text.split(' ').next().is_some_and(|word| TYPED.contains(&word))
}

/// The commands of a block; one that ends in a backslash goes on in the next line.
fn commands(lines: Vec<Line>) -> Result<Vec<Command>, String> {
    let mut commands: Vec<Command> = Vec::new();
    for line in lines {
        if let Some(text) = line.text.strip_prefix("$ ") {
            let at = Line { number: line.number, text: text.to_owned() };
            commands.push(Command { at, shown: Vec::new() });
            continue;
        }
        let Some(command) = commands.last_mut() else {
            return Err(wrong(&line, "a block with `$` begins with one"));
        };
        if command.shown.is_empty() && command.at.text.ends_with('\\') {
            command.at.text += &format!("\n{}", line.text);
        } else {
            command.shown.push(line);
        }
    }
    for command in &mut commands {
        while command.shown.last().is_some_and(|line| line.text.trim().is_empty()) {
            command.shown.pop();
        }
    }
    Ok(commands)
}

fn wrong(line: &Line, what: &str) -> String {
    let text = line.text.lines().next().unwrap_or_default();
    format!("{}: {what}: {text}", line.number)
}
