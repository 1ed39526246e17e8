//! A file of events, one in JSON a line. All that is wrong with it is told before anything is sent.

use std::io::{self, Read};
use std::path::Path;

use activator::event::{Event, json};
use bytes::Bytes;

use crate::cli::exit::Failure;

/// So many wrong lines are told one by one.
const WRONG_SHOWN: usize = 20;

pub(super) fn read(file: &Path) -> Result<Vec<Event>, Failure> {
    let is_stdin = file == Path::new("-");
    let name = if is_stdin { "stdin".into() } else { file.display().to_string() };
    let text = if is_stdin { stdin() } else { std::fs::read(file) };
    let text = text.map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    events(&name, &text.into())
}

fn stdin() -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text).map(|_| text)
}

/// Lines that are empty are passed over.
fn events(name: &str, text: &Bytes) -> Result<Vec<Event>, Failure> {
    let mut events = Vec::new();
    let mut wrong = Vec::new();
    for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match json::decode(&text.slice_ref(line)) {
            Ok(event) => events.push(event),
            Err(error) => wrong.push(format!("\n{name}:{}: {error}", at + 1)),
        }
    }
    match (events.is_empty(), wrong.is_empty()) {
        (true, true) => Err(Failure::usage(format!("there is no event in {name}"))),
        (_, true) => Ok(events),
        _ => Err(refused(name, &wrong, wrong.len() + events.len())),
    }
}

fn refused(name: &str, wrong: &[String], all: usize) -> Failure {
    let shown = wrong.iter().take(WRONG_SHOWN).map(String::as_str);
    let mut message = format!("{} of {all} lines of {name} are no events, and nothing was sent", wrong.len());
    message.extend(shown);
    if wrong.len() > WRONG_SHOWN {
        message += &format!("\n.. and {} more", wrong.len() - WRONG_SHOWN);
    }
    Failure::usage(message)
        .help(r#"a line is {"specversion":"1.0","id":"1","source":"/shop","type":"order","data":{}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_an_event_and_all_that_is_wrong_is_told() {
        let good = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":1}}"#;
        let read = |text: String| events("x.jsonl", &Bytes::from(text));
        let both = read(format!("{good}\n\n{good}\r\n")).unwrap();
        assert_eq!((both.len(), both[1].id(), &both[1].data()[..]), (2, "1", &b"{\"a\":1}"[..]));
        let refused = read(format!("{good}\n{{\n{good}\n{{\"id\":\"2\"}}\n")).unwrap_err();
        assert!(refused.message.starts_with("2 of 4 lines of x.jsonl are no events"), "{refused:?}");
        for place in ["\nx.jsonl:2: ", "\nx.jsonl:4: "] {
            assert!(refused.message.contains(place), "{refused:?}");
        }
        let many = read("nothing\n".repeat(WRONG_SHOWN + 2)).unwrap_err();
        assert!(many.message.ends_with("\n.. and 2 more"), "{many:?}");
        assert!(read("\n \n".into()).unwrap_err().message.contains("no event in x.jsonl"));
    }
}
