//! `hydrant help`: a verb, an error code, or a topic: the pages of docs/ that are read beside a terminal, and the
//! configuration's manual. `--man` writes the verbs as pages for man.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command, CommandFactory};

use super::exit::Failure;
use super::{Cli, output};
use crate::config::{Code, MANUAL};

/// Pages, by name. `cesql` is a verb too: what the language is says more, and `hydrant cesql --help` tells the flags.
const TOPICS: [(&str, &str); 3] = [("cesql", CESQL), ("filters", FILTERS), ("config", MANUAL)];
const CESQL: &str = include_str!("../../../docs/cesql.md");
const FILTERS: &str = include_str!("../../../docs/filters.md");

/// Explain a command, an error code such as H012, or a topic: cesql, filters, config
#[derive(Debug, Args)]
pub(super) struct Help {
    /// A command, a code, or one of cesql, filters, config [default: all commands]
    topic: Option<String>,
    /// Write a manual page of every command into this folder, for man
    #[arg(long, value_name = "DIR", conflicts_with = "topic")]
    man: Option<PathBuf>,
}

impl Help {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut command = Cli::command();
        if let Some(folder) = &self.man {
            return man(command, folder);
        }
        let Some(topic) = self.topic else {
            output::data(command.render_long_help().to_string())?;
            return Ok(ExitCode::SUCCESS);
        };
        let code = Code::ALL.iter().find(|code| code.id().eq_ignore_ascii_case(&topic));
        let page = TOPICS.iter().find(|(name, _)| *name == topic);
        let text = match (code, page, command.find_subcommand_mut(&topic)) {
            (Some(code), ..) => format!("{}: {}\n\n{}\n", code.id(), code.title(), code.explanation()),
            (None, Some((_, page)), _) => (*page).to_owned(),
            (None, None, Some(verb)) => verb.render_long_help().to_string(),
            (None, None, None) => return Err(Failure::usage(unknown(&topic))),
        };
        output::data(text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Every command, and those below it, has a page: `hydrant-dlq-ls.1`.
fn man(command: Command, folder: &Path) -> Result<ExitCode, Failure> {
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    let shown = folder.display();
    written.map_err(|error| Failure::failed(format!("cannot write the pages into {shown}: {error}")))?;
    output::talk(&format!(
        "read them with `man -l {shown}/hydrant.1`, or put them into a folder man1 on MANPATH"
    ));
    Ok(ExitCode::SUCCESS)
}

fn unknown(topic: &str) -> String {
    let topics = TOPICS.map(|(name, _)| format!("`{name}`")).join(", ");
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.id()).collect();
    format!("nothing is known of `{topic}`: name a command, one of {topics}, or one of {}", codes.join(" "))
}

#[cfg(test)]
mod tests {
    use activator::filter::cesql::{Expression, Value};

    use super::super::events;
    use super::*;

    /// What the page says: an expression, its value, and the kind of its error. On the page it is
    /// `` `EXPR` -> `VALUE` with `KIND` ``, or `` `EXPR` -> `parse` ``, with texts in single quotes.
    struct Example {
        expression: String,
        value: String,
        kind: Option<String>,
    }

    fn examples(page: &str) -> Vec<Example> {
        let page = page.replace('\n', " ");
        let found = page.match_indices("` -> `").map(|(at, arrow)| {
            let (before, behind) = (&page[..at], &page[at + arrow.len()..]);
            let (value, rest) = behind.split_once('`').unwrap();
            let kind = rest.strip_prefix(" with `").and_then(|kind| Some(kind.split_once('`')?.0.into()));
            let expression = before.rsplit_once('`').unwrap().1;
            Example { expression: expression.into(), value: value.into(), kind }
        });
        found.collect()
    }

    /// The rows of conformance.md: the expression in the first column, and in the last what hydrant gives.
    fn rows(page: &str) -> Vec<Example> {
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        let quoted = |cell: &str| Some(cell.split_once('`')?.1.split_once('`')?.0.to_owned());
        let example = |row: &str| {
            let (first, last) = (row.split(" | ").next()?, row.trim_end_matches(" |").rsplit(" | ").next()?);
            let kind = last.split_once(" with ").and_then(|(_, kind)| quoted(kind));
            Some(Example { expression: quoted(first)?, value: quoted(last)?, kind })
        };
        rows.map(|row| example(row).unwrap_or_else(|| panic!("{row}"))).collect()
    }

    /// The event a page gives for its examples.
    fn event_of(page: &str) -> activator::event::Event {
        let event = page.split("```json").nth(1).unwrap().split("```").next().unwrap();
        events::read_one(event.trim()).unwrap()
    }

    fn check(examples: &[Example], event: &activator::event::Event) {
        for Example { expression, value, kind } in examples {
            assert_eq!(evaluated(expression, event), (value.clone(), kind.clone()), "{expression}");
        }
    }

    fn evaluated(expression: &str, event: &activator::event::Event) -> (String, Option<String>) {
        let Ok(parsed) = Expression::parse(expression) else { return ("parse".into(), None) };
        let found = parsed.evaluate(event);
        let value = match found.value {
            Value::String(text) => format!("'{text}'"),
            other => other.to_string(),
        };
        (value, found.failures.first().map(|failure| failure.kind.name().into()))
    }

    #[test]
    fn every_example_of_the_language_is_true() {
        let examples = examples(CESQL);
        check(&examples, &event_of(CESQL));
        assert!(examples.len() > 70, "{} examples", examples.len());
        let is_shown = |part: &str| examples.iter().any(|example| example.expression.contains(part));
        let operators =
            ["AND", "OR", "XOR", "NOT", "LIKE", "NOT LIKE", " IN ", "NOT IN", "EXISTS", "<>", "%", "/"];
        let functions = Expression::function_names().iter().map(|name| format!("{name}("));
        for part in operators.into_iter().map(String::from).chain(functions) {
            assert!(is_shown(&part), "no example of {part}");
        }
    }

    #[test]
    fn what_is_said_of_us_beside_other_engines_is_true() {
        let page = include_str!("../../../docs/conformance.md");
        let (rows, examples) = (rows(page), examples(page));
        check(&rows, &event_of(page));
        check(&examples, &event_of(page));
        assert!(rows.len() > 35 && examples.len() == 2, "{} rows, {} examples", rows.len(), examples.len());
    }

    #[test]
    fn an_example_that_is_wrong_is_found() {
        let found = examples("| `1 + 1` -> `3` | and `a` -> `false` with\n`missing_attribute`");
        let found: Vec<_> = found.iter().map(|e| (&*e.expression, &*e.value, e.kind.as_deref())).collect();
        assert_eq!(found, [("1 + 1", "3", None), ("a", "false", Some("missing_attribute"))]);
        let found = rows("| `1 + 1` | 2.1 | `2` | `x` | `3` with `math` |");
        assert_eq!(
            (&*found[0].expression, &*found[0].value, found[0].kind.as_deref()),
            ("1 + 1", "3", Some("math"))
        );
        assert_ne!(evaluated("1 + 1", &events::sample()).0, "3");
    }

    #[test]
    fn every_dialect_is_on_the_page_of_filters() {
        for dialect in ["exact", "prefix", "suffix", "all", "any", "not", "cesql", "attributes"] {
            assert!(FILTERS.contains(&format!("| `{dialect}` |")), "{dialect}");
        }
    }

    #[test]
    fn topics_are_named_where_one_looks_for_them() {
        let told = unknown("nothing");
        let help = Help::augment_args(clap::Command::new("help")).render_long_help().to_string();
        for (topic, _) in TOPICS {
            assert!(told.contains(topic) && help.contains(topic), "{topic}");
        }
    }
}
