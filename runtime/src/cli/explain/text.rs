//! An event and a line for each verdict on it, for people.

use super::super::output::one_line;
use crate::history::view::Decision;

/// Characters of an attribute's value that the head shows.
const VALUE_MAX: usize = 60;
/// Characters of a clause that are shown; `-o wide` shows all.
const CLAUSE_MAX: usize = 160;

/// What one trigger says.
pub(super) struct Line {
    pub(super) name: String,
    /// Where the event came to, such as `broker/default`; nothing for what was only given.
    pub(super) place: Option<String>,
    pub(super) decision: Decision,
    pub(super) says: String,
}

/// The event in a line: its type, its other attributes, and a remark.
pub(super) fn head<'a>(attributes: impl Iterator<Item = (&'a str, &'a str)>, remark: &str) -> String {
    let (mut ty, mut others) = (String::new(), String::new());
    for (name, value) in attributes {
        match name {
            "type" => ty = one_line(value, VALUE_MAX),
            "specversion" => {}
            _ => others += &format!(" {name}={}", spaced(&one_line(value, VALUE_MAX))),
        }
    }
    format!("{ty} {others}  ({remark})\n")
}

/// In quotes where its end could not be seen.
fn spaced(value: &str) -> String {
    if value.is_empty() || value.contains([' ', '"', '=']) { format!("{value:?}") } else { value.into() }
}

/// A clause on one line.
pub(super) fn clause(clause: &str, is_wide: bool) -> String {
    one_line(clause, if is_wide { usize::MAX } else { CLAUSE_MAX })
}

/// The verdicts, in columns; under the name of the place where there are several.
pub(super) fn lines(lines: Vec<Line>) -> String {
    if lines.is_empty() {
        return "  nobody subscribes to it\n".into();
    }
    let width = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
    let first = lines.iter().find_map(|line| line.place.as_ref());
    let is_grouped = lines.iter().any(|line| line.place.is_some() && line.place.as_ref() != first);
    let mut text = String::new();
    let mut group: Option<&str> = None;
    for line in sorted(&lines) {
        let place = line.place.as_deref().unwrap_or("given here");
        if is_grouped && group != Some(place) {
            text += &format!(" {}\n", place.replacen('/', " ", 1));
        }
        group = Some(place);
        text += &format!("  {:width$}  {:5}  {}\n", line.name, word(line.decision), line.says);
    }
    text
}

/// Those of one place together, else in the order of the configuration.
fn sorted(lines: &[Line]) -> Vec<&Line> {
    let mut places: Vec<&Option<String>> = Vec::new();
    for line in lines {
        if !places.contains(&&line.place) {
            places.push(&line.place);
        }
    }
    places.iter().flat_map(|place| lines.iter().filter(move |line| line.place == **place)).collect()
}

const fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Match => "MATCH",
        Decision::NoMatch => "no",
        Decision::Error => "ERROR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, place: Option<&str>, decision: Decision, says: &str) -> Line {
        Line { name: name.into(), place: place.map(Into::into), decision, says: says.into() }
    }

    #[test]
    fn an_event_and_its_verdicts_are_a_line_each() {
        let attributes = [
            ("id", "o-17"),
            ("source", "/shop"),
            ("specversion", "1.0"),
            ("type", "order.created"),
            ("subject", "two words"),
        ];
        let expected = "order.created  id=o-17 source=/shop subject=\"two words\"  (nothing was sent)\n";
        assert_eq!(head(attributes.into_iter(), "nothing was sent"), expected);
        let broker = Some("broker/default");
        let one = vec![
            line("bill", broker, Decision::Match, "type = \"order.created\"  -> fn/bill"),
            line("eu-vat", broker, Decision::Error, "total failed at 1: the event has no total"),
            line("audit", broker, Decision::NoMatch, "type = \"audit\" (event has \"order.created\")"),
        ];
        let expected = "\x20 \
bill    MATCH  type = \"order.created\"  -> fn/bill
  eu-vat  ERROR  total failed at 1: the event has no total
  audit   no     type = \"audit\" (event has \"order.created\")
";
        assert_eq!(lines(one), expected);
        assert_eq!(lines(Vec::new()), "  nobody subscribes to it\n");
    }

    #[test]
    fn several_channels_are_told_apart() {
        let all = vec![
            line("bill", Some("broker/default"), Decision::NoMatch, "x"),
            line("ship", Some("channel/orders"), Decision::Match, "every event"),
            line("pack", Some("broker/default"), Decision::NoMatch, "y"),
            line("--filter", None, Decision::Match, "z"),
        ];
        let expected = "\x20\
broker default
  bill      no     x
  pack      no     y
 channel orders
  ship      MATCH  every event
 given here
  --filter  MATCH  z
";
        assert_eq!(lines(all), expected);
    }

    #[test]
    fn a_long_clause_is_cut_unless_all_is_wanted() {
        let long = "x".repeat(300);
        assert_eq!(clause(&long, false).len(), CLAUSE_MAX + 2);
        assert_eq!(clause(&long, true), long);
    }
}
