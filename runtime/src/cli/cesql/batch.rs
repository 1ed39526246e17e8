//! `hydrant cesql --batch`: an expression and an event a line, and an answer a line, for as long as lines come.

use std::io::{self, BufRead, ErrorKind, Read, Write};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::{events, output};
use super::answer::Answer;

/// A longer line is answered without being read into memory; no expression that is understood needs as much.
const LINE_BYTES_MAX: usize = 16 << 20;

/// What every line is to be.
const FORM: &str = "no object with an `expression` and an `event`";

#[derive(Deserialize)]
struct Question<'l> {
    expression: String,
    #[serde(borrow)]
    event: Option<&'l RawValue>,
}

/// What a line was.
enum Line {
    Whole,
    TooLong,
    End,
}

/// Answers every line; gives whether each of them was a question. Ends when nobody reads the answers any more.
pub(super) fn answer_lines(mut questions: impl BufRead, mut answers: impl Write) -> io::Result<bool> {
    let mut line = Vec::new();
    let mut all_questions = true;
    loop {
        let answer = match next(&mut questions, &mut line)? {
            Line::End => return Ok(all_questions),
            Line::Whole if line.iter().all(u8::is_ascii_whitespace) => continue,
            Line::Whole => answer(&line),
            Line::TooLong => Err(format!("a line of more than {LINE_BYTES_MAX} bytes")),
        };
        all_questions &= answer.is_ok();
        match write(&mut answers, &answer.unwrap_or_else(Answer::generic)) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(all_questions),
            written => written?,
        }
    }
}

/// The answer, or why the line is no question.
fn answer(line: &[u8]) -> Result<Answer, String> {
    if !line.trim_ascii_start().starts_with(b"{") {
        return Err(format!("{FORM}: it begins with no `{{`"));
    }
    let question: Question<'_> = serde_json::from_slice(line).map_err(|error| format!("{FORM}: {error}"))?;
    let event = question.event.map_or_else(|| Ok(events::sample()), events::decode);
    let event = event.map_err(|error| format!("`event` is no CloudEvent: {error}"))?;
    Ok(Answer::of(&question.expression, &event))
}

fn next(questions: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    // What one long line took is given back.
    line.shrink_to(1 << 16);
    let read = questions.take(LINE_BYTES_MAX as u64).read_until(b'\n', line)?;
    if read == LINE_BYTES_MAX && !line.ends_with(b"\n") {
        questions.skip_until(b'\n')?;
        return Ok(Line::TooLong);
    }
    Ok(if read == 0 { Line::End } else { Line::Whole })
}

/// One line or document at once, so that whoever asks line by line is answered line by line.
fn write(answers: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let line = output::json_line(answer).map_err(|failure| io::Error::other(failure.message))?;
    answers.write_all(line.as_bytes())?;
    answers.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(questions: &str) -> (bool, Vec<String>) {
        let mut written = Vec::new();
        let all = answer_lines(questions.as_bytes(), &mut written).unwrap();
        (all, String::from_utf8(written).unwrap().lines().map(str::to_owned).collect())
    }

    #[test]
    fn every_line_is_answered_in_order_and_blank_ones_are_skipped() {
        let event = r#"{"specversion":"1.0","id":"7","source":"/s","type":"t","n":5}"#;
        let questions = format!(
            "{{\"expression\":\"n + 1\",\"event\":{event}}}\n\n  \r\n{{\"expression\":\"id\"}}\n{{\"expression\":\"1 +\"}}"
        );
        let (all, answers) = answers(&questions);
        assert!(all, "what does not parse is an answer");
        assert_eq!(
            answers[..2],
            [r#"{"value":6,"type":"integer","errors":[]}"#, r#"{"value":"1","type":"string","errors":[]}"#]
        );
        assert!(
            answers.len() == 3
                && answers[2].starts_with(r#"{"value":null,"type":null,"errors":[{"kind":"parse""#)
        );
    }

    #[test]
    fn what_is_no_question_is_answered_too() {
        for (line, told) in [
            ("hello", "no object"),
            ("{}", "missing field `expression`"),
            ("{\"expression\":5}", "invalid type"),
            ("[\"1\", null]", "no object"),
            ("{\"expression\":\"1\",\"event\":{}}", "`event` is no CloudEvent"),
            ("{\"expression\":\"1\",\"event\":\"x\"}", "`event` is no CloudEvent"),
            ("\u{feff}{\"expression\":\"1\"}", "no object"),
        ] {
            let (all, answers) = answers(&format!("{line}\n{{\"expression\":\"1\"}}\n"));
            assert!(!all, "{line}");
            assert!(answers[0].contains("\"generic\"") && answers[0].contains(told), "{}", answers[0]);
            assert_eq!(answers[1], r#"{"value":1,"type":"integer","errors":[]}"#, "the next one is answered");
        }
    }

    #[test]
    fn a_line_that_is_too_long_does_not_fill_memory() {
        let head = br#"{"expression":"1","x":""#.to_vec();
        let long = head
            .chain(io::repeat(b'x').take(LINE_BYTES_MAX as u64))
            .chain(&b"\"}\n{\"expression\":\"2\"}"[..]);
        let mut written = Vec::new();
        assert!(!answer_lines(io::BufReader::new(long), &mut written).unwrap());
        let written = String::from_utf8(written).unwrap();
        let [long, next] = written.lines().collect::<Vec<_>>()[..] else { panic!("{written}") };
        assert!(long.contains("more than 16777216 bytes") && next.contains("\"value\":2"), "{written}");
    }

    #[test]
    fn answers_that_nobody_reads_end_it() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let endless =
            io::BufReader::new(io::repeat(b'\n').take(1 << 20).chain(&b"{\"expression\":\"1\"}\n"[..]));
        let endless = endless.chain(io::BufReader::new(io::repeat(b'\n')));
        assert!(answer_lines(endless, Closed).unwrap());
    }
}
