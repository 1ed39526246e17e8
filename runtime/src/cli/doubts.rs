//! Expressions given on the command line: what is wrong with them, or doubtful as a filter, said on stderr with
//! carets.

use activator::filter::cesql::{Expression, Problem, Span};

use super::global::Global;
use super::output;
use crate::config::{Place, Severity, Source, Told};

/// Of so many things wrong with one expression, more would not help.
const SAID_MAX: usize = 20;

/// Why a text is no expression. `name` stands where a file's would, and `called` begins the sentences.
pub(super) fn tell_mistakes(global: &Global, name: &str, called: &str, text: &str, problems: &[Problem]) {
    let source = Source::new(name, text);
    let place = |span: Span| Place { source: source.clone(), span: span.range() };
    let told = Told { text, called, place: &place };
    for problem in problems.iter().take(SAID_MAX) {
        output::talk(&told.mistake(problem).render(global.colours_of_talk()));
    }
    if let Some(left) = problems.len().checked_sub(SAID_MAX + 1) {
        output::talk(&format!("  and {} more", left + 1));
    }
}

/// Why an expression makes no filter, or hardly the one that was meant: here only a hint.
pub(super) fn tell(global: &Global, name: &str, called: &str, expression: &Expression) {
    let source = Source::new(name, expression.text());
    let place = |span: Span| Place { source: source.clone(), span: span.range() };
    let told = Told { text: expression.text(), called, place: &place };
    for finding in expression.check().iter().take(SAID_MAX) {
        global.talk(&told.doubt(finding).render_as(Severity::Warning, global.colours_of_talk()));
    }
}
