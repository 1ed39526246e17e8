//! `hydrant cesql`: what an expression gives for an event, for people ([`text`]) and for scripts ([`answer`]), once
//! or for many lines ([`mod@batch`]).

mod answer;
mod batch;
mod text;

use std::io;
use std::process::ExitCode;

use activator::event::Event;
use activator::filter::cesql::{Expression, Problem};
use clap::Args;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::{doubts, events, output};
use answer::Answer;

/// Evaluate a CESQL expression on an event: its value, its type, what each part gave, and what failed
///
/// `hydrant help cesql` shows the language. Exit code 0 with a value, also where something failed on the way; 1 when
/// the expression does not parse; 2 when the event cannot be read. With --batch, 1 at the end when a line was no
/// question.
#[derive(Debug, Args)]
pub(super) struct Cesql {
    /// The expression, such as "type LIKE 'order.%' AND tenant = 'eu'"
    #[arg(value_name = "EXPR", required_unless_present = "batch", conflicts_with = "batch")]
    #[arg(allow_hyphen_values = true)]
    expression: Option<String>,
    /// The event: @FILE, - for stdin, or JSON [default: one with the required attributes only]
    #[arg(value_name = "@EVENT.json")]
    event: Option<String>,
    /// Read lines {"expression": "...", "event": {...}} from stdin, and answer each with a line of JSON, or with -o
    /// yaml a document
    #[arg(long)]
    batch: bool,
}

impl Cesql {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let Some(text) = self.expression else {
            return batch();
        };
        let event = match &self.event {
            Some(given) => events::read_one(given)?,
            None => sample(global),
        };
        match Expression::parse(&text) {
            Ok(expression) => tell(global, &expression, &event),
            Err(problems) => refuse(global, &text, &problems),
        }
    }
}

fn batch() -> Result<ExitCode, Failure> {
    let all_questions = batch::answer_lines(io::stdin().lock(), io::stdout().lock());
    match all_questions.map_err(|error| Failure::failed(format!("cannot go on: {error}")))? {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(Exit::Failed.into()),
    }
}

fn sample(global: &Global) -> Event {
    let event = events::sample();
    let (id, source, ty) = (event.id(), event.source(), event.ty());
    global.talk(&format!(
        "no event given: tried on one with id {id:?}, source {source:?} and type {ty:?} only"
    ));
    event
}

fn tell(global: &Global, expression: &Expression, event: &Event) -> Result<ExitCode, Failure> {
    let evaluation = expression.evaluate(event);
    if global.is_json() {
        output::json(&Answer::evaluated(expression.text(), evaluation))?;
        return Ok(ExitCode::SUCCESS);
    }
    let steps = expression.trace(event);
    output::data(text::text(expression.text(), &evaluation, &steps, global.colours()))?;
    doubts::tell(global, "EXPR", "as a filter, this", expression);
    Ok(ExitCode::SUCCESS)
}

fn refuse(global: &Global, text: &str, problems: &[Problem]) -> Result<ExitCode, Failure> {
    match global.is_json() {
        true => output::json(&Answer::refused(text, problems))?,
        false => doubts::tell_mistakes(global, "EXPR", "this", text, problems),
    }
    Ok(Exit::Failed.into())
}
