//! What a page shows beside what came.

use super::page::{Command, Line};
use super::vary::settled;

/// The rest of a line, or with nothing before it, any number of lines.
const MORE: &str = "...";

/// What came differs from what is shown: where, and both.
///
/// # Errors
/// The first difference, below its place.
pub(super) fn same(page: &str, command: &Command, came: &str) -> Result<(), String> {
    let came: Vec<&str> = came.trim_end().lines().collect();
    let mut next = 0;
    let mut may_skip = false;
    for line in &command.shown {
        if line.text.trim() == MORE {
            may_skip = true;
            continue;
        }
        let found = (next..came.len()).find(|at| !may_skip && *at == next || fits(line, came[*at]));
        match found {
            Some(at) if fits(line, came[at]) => next = at + 1,
            _ => return Err(difference(page, line.number, Some(&line.text), came.get(next).copied(), &came)),
        }
        may_skip = false;
    }
    if next < came.len() && !may_skip {
        let number = command.shown.last().unwrap_or(&command.at).number;
        return Err(difference(page, number, None, Some(came[next]), &came));
    }
    Ok(())
}

/// Whether a line that is shown is this one.
pub(super) fn fits(shown: &Line, came: &str) -> bool {
    match shown.text.strip_suffix(MORE) {
        Some(begin) => settled(came).starts_with(settled(begin).trim_end()),
        None => settled(&shown.text) == settled(came),
    }
}

fn difference(page: &str, number: usize, shown: Option<&str>, came: Option<&str>, all: &[&str]) -> String {
    let told =
        |line: Option<&str>| line.map_or_else(|| "nothing more".to_owned(), |line| format!("| {line}"));
    let all: String = all.iter().map(|line| format!("    {line}\n")).collect();
    format!("{page}:{number}\n  shown {}\n  came  {}\nAll that came:\n{all}", told(shown), told(came))
}
