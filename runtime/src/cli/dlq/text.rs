//! Dead letters as people read them.

use activator::event::Event;
use jiff::Timestamp;

use super::super::output::{count, one_line};
use super::super::table::{Row, table};
use crate::letters::{GroupView, LetterView, cleaned};

/// Characters of a cell that are shown.
const CELL_MAX: usize = 48;
/// Characters of an answer that are shown of one letter.
const ERROR_MAX: usize = 1024;
/// Bytes of data that are shown of one letter; `-o json` has all.
const DATA_MAX: usize = 2048;

const LIST: [&str; 8] = ["LETTER", "DEAD FOR", "TRIGGER", "REASON", "ATTEMPTS", "REDRIVES", "TYPE", "EVENT"];
const WIDE: [&str; 3] = ["SOURCE", "TO", "SAID"];
const GROUPS: [&str; 6] = ["LETTERS", "TRIGGER", "FUNCTION", "REASON", "OLDEST", "NEWEST"];

pub(super) fn list(letters: &[LetterView], now: Timestamp, wide: bool) -> String {
    let headings: Vec<&str> = LIST.into_iter().chain(WIDE.into_iter().filter(|_| wide)).collect();
    let rows: Vec<Row> = letters.iter().map(|letter| row(letter, now, wide)).collect();
    table(&headings, &rows)
}

fn row(letter: &LetterView, now: Timestamp, wide: bool) -> Row {
    let event = letter.letter().ok();
    let of_event = |name: &str| event.as_ref().and_then(|event| event.get(name)).unwrap_or("-").to_owned();
    let mut cells = vec![
        letter.id.clone(),
        ago(letter.dead_since.as_deref(), now),
        letter.trigger.clone(),
        letter.reason.clone(),
        letter.attempts.map_or_else(|| "-".into(), |attempts| attempts.to_string()),
        letter.redrives.to_string(),
        of_event("type"),
        of_event("id"),
    ];
    if wide {
        cells.extend([
            of_event("source"),
            letter.to.clone(),
            letter.error.clone().unwrap_or_else(|| "-".into()),
        ]);
    }
    Row { cells: cells.iter().map(|cell| one_line(cell, CELL_MAX)).collect(), remark: None }
}

pub(super) fn groups(groups: &[GroupView], now: Timestamp) -> String {
    let row = |group: &GroupView| {
        let cells = [
            count(group.count),
            group.trigger.clone(),
            group.function.clone().unwrap_or_else(|| "-".into()),
            group.reason.clone(),
            ago(group.oldest.as_deref(), now),
            ago(group.newest.as_deref(), now),
        ];
        Row { cells: cells.iter().map(|cell| one_line(cell, CELL_MAX)).collect(), remark: None }
    };
    table(&GROUPS, &groups.iter().map(row).collect::<Vec<_>>())
}

/// One letter: the event, whose it was, why and when, and what to do now.
pub(super) fn whole(letter: &LetterView, event: &Event, now: Timestamp) -> String {
    let attempts = match letter.attempts {
        Some(1) => " after 1 attempt".into(),
        Some(attempts) => format!(" after {attempts} attempts"),
        None => String::new(),
    };
    let since = letter
        .dead_since
        .as_deref()
        .map_or_else(String::new, |since| format!(", {} ago at {since}", ago(Some(since), now)));
    let mut facts = vec![
        ("for", format!("{} {} -> {}", letter.kind, letter.trigger, letter.to)),
        ("died of", format!("{}{attempts}{since}", letter.reason)),
    ];
    facts.extend(letter.error.as_ref().map(|error| ("said", one_line(error, ERROR_MAX))));
    if letter.redrives > 0 {
        let times = if letter.redrives == 1 { "once" } else { &format!("{} times", letter.redrives) };
        facts.push(("redriven", format!("{times} before")));
    }
    let clean = cleaned(event);
    let told = |name: &str| matches!(name, "type" | "hydrantredrives");
    let attributes = clean.attributes().iter().filter(|(name, _)| !told(name));
    facts.extend(attributes.map(|(name, value)| (name, one_line(value, usize::MAX))));
    facts.push(("data", data(clean.data())));
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = format!("{}  {}\n", letter.id, one_line(event.ty(), CELL_MAX));
    text.extend(facts.iter().map(|(name, value)| format!("  {name:width$}  {value}\n")));
    text + &next(letter, event.id())
}

fn data(data: &[u8]) -> String {
    let shown = &data[..data.len().min(DATA_MAX)];
    match (std::str::from_utf8(data), data.len()) {
        (_, 0) => "none".into(),
        (Err(_), bytes) => format!("{bytes} bytes that are no text"),
        (Ok(_), bytes) => {
            let rest =
                if bytes > DATA_MAX { format!("  ({bytes} bytes; -o json has all)") } else { String::new() };
            one_line(&String::from_utf8_lossy(shown), usize::MAX) + &rest
        }
    }
}

fn next(letter: &LetterView, event: &str) -> String {
    let id = &letter.id;
    let lines = [
        (format!("hydrant dlq retry {id}"), format!("send it to {} {} again", letter.kind, letter.trigger)),
        (format!("hydrant dlq edit {id}"), "change it first".into()),
        (format!("hydrant dlq drop {id}"), "give it up".into()),
        (format!("hydrant explain {}", quoted(event)), "every attempt, while it is remembered".into()),
    ];
    let width = lines.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    lines.iter().map(|(command, what)| format!("  {command:width$}  {what}\n")).collect()
}

/// A word that a shell reads as it is.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", one_line(word, usize::MAX).replace('\'', "'\\''"))
}

/// `4m`, of a time that is written as the API does.
fn ago(since: Option<&str>, now: Timestamp) -> String {
    let Some(since) = since.and_then(|text| text.parse::<Timestamp>().ok()) else { return "-".into() };
    let seconds = now.duration_since(since).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(id: &str, redrives: u32) -> LetterView {
        let event = r#"{"specversion":"1.0","id":"o-17","source":"/shop","type":"order.created","region":"eu","knativeerrorcode":"101","hydrantredrives":"1","data":{"total":1.10}}"#;
        LetterView {
            id: id.into(),
            event: serde_json::value::RawValue::from_string(event.into()).unwrap(),
            trigger: "bill".into(),
            kind: "trigger".into(),
            to: "fn/bill".into(),
            function: Some("bill".into()),
            reason: "exit 101".into(),
            error: Some("thread 'main' panicked\nno field `total`".into()),
            code: Some(101),
            attempts: Some(5),
            redrives,
            dead_since: Some("2026-11-26T12:00:00.000Z".into()),
        }
    }

    fn now() -> Timestamp {
        "2026-11-26T12:04:30Z".parse().unwrap()
    }

    #[test]
    fn letters_are_a_table() {
        let old = LetterView { attempts: None, dead_since: None, ..view("d2-4", 1) };
        let expected = "\
LETTER  DEAD FOR  TRIGGER  REASON    ATTEMPTS  REDRIVES  TYPE           EVENT
d17     4m        bill     exit 101  5         0         order.created  o-17
d2-4    -         bill     exit 101  -         1         order.created  o-17
";
        assert_eq!(list(&[view("d17", 0), old], now(), false), expected);
        let wide = list(&[view("d17", 0)], now(), true);
        assert!(
            wide.ends_with("o-17   /shop   fn/bill  thread 'main' panicked no field `total`\n"),
            "{wide}"
        );
    }

    #[test]
    fn groups_are_a_table() {
        let group = GroupView {
            trigger: "bill".into(),
            kind: "trigger".into(),
            function: Some("bill".into()),
            reason: "exit 101".into(),
            code: Some(101),
            count: 1204,
            oldest: Some("2026-11-24T12:00:00Z".into()),
            newest: Some("2026-11-26T12:04:00Z".into()),
        };
        let expected = "\
LETTERS  TRIGGER  FUNCTION  REASON    OLDEST  NEWEST
1 204    bill     bill      exit 101  2d      30s
";
        assert_eq!(groups(&[group], now()), expected);
    }

    #[test]
    fn one_letter_is_told_with_what_to_do() {
        let letter = view("d17", 1);
        let expected = "\
d17  order.created
  for       trigger bill -> fn/bill
  died of   exit 101 after 5 attempts, 4m ago at 2026-11-26T12:00:00.000Z
  said      thread 'main' panicked no field `total`
  redriven  once before
  id        o-17
  source    /shop
  region    eu
  data      {\"total\":1.10}
  hydrant dlq retry d17  send it to trigger bill again
  hydrant dlq edit d17   change it first
  hydrant dlq drop d17   give it up
  hydrant explain o-17   every attempt, while it is remembered
";
        assert_eq!(whole(&letter, &letter.letter().unwrap(), now()), expected);
    }
}
