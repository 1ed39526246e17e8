//! What became of one event, as a tree for people: a branch for each subscription.

use std::collections::BTreeMap;

use super::output::time;
use crate::history::view::{AttemptView, Explained, Outcome, Verdict};

/// Where the texts of the branches stand in line.
const TEXT_AT: usize = 23;
/// Where times end.
const TIME_ENDS: usize = 63;
/// What of an answer is shown.
const ANSWER_MAX: usize = 100;

/// Why a delivery goes no further here.
pub(super) const REMOVED: &str = "its trigger was removed; it waits for one of that name";
pub(super) const DUPLICATE: &str = "the same event was delivered before";
pub(super) const ELSEWHERE: &str = "its partition is another runtime's now";

/// Replies that came back, by their id, as far as they were seen.
pub(super) type Replies = BTreeMap<String, Explained>;

/// The head of the tree: who took the event.
pub(super) fn head(id: &str, channel: &str) -> String {
    line(&format!("{id} accepted by {}", spoken(channel)), Some("0.0 ms".into()))
}

/// The branches.
pub(super) fn branches(event: &Explained, replies: &Replies) -> String {
    if event.verdicts.is_empty() {
        return line(&format!(" +- nobody subscribes to {}", spoken(&event.channel)), None);
    }
    let last = event.verdicts.len() - 1;
    let branches = event.verdicts.iter().enumerate();
    branches
        .map(|(at, verdict)| branch(verdict, if at == last { "     " } else { " |   " }, replies))
        .collect()
}

fn branch(verdict: &Verdict, indent: &str, replies: &Replies) -> String {
    let name = format!(" +- {} {}", verdict.kind, verdict.trigger);
    if !verdict.matched {
        let clause = verdict.clause.as_deref().unwrap_or("its filter refused it");
        return line(&format!("{} not matched: {clause}", padded(&name)), None);
    }
    let to = verdict.function.as_deref().or(verdict.to.as_deref()).unwrap_or("nobody");
    let first = verdict.attempts.first().filter(|_| verdict.attempt_count as usize == verdict.attempts.len());
    let cold = if first.is_some_and(|a| a.cold) { "   cold start" } else { "" };
    let began = first.map(|attempt| time(attempt.after_ms + attempt.start_ms.unwrap_or(0.0)));
    let mut text = line(&format!("{} matched  -> {to}{cold}", padded(&name)), began);
    for (at, attempt) in verdict.attempts.iter().enumerate() {
        text += &attempt_lines(verdict, at, attempt, indent);
    }
    text + &end(verdict, indent, replies)
}

fn attempt_lines(verdict: &Verdict, at: usize, attempt: &AttemptView, indent: &str) -> String {
    let last = at + 1 == verdict.attempts.len();
    let word = if last && verdict.outcome == Outcome::Delivered { "delivered" } else { "failed" };
    // Of many attempts the first ones are not kept.
    let number = (verdict.attempt_count as usize).saturating_sub(verdict.attempts.len()) + at + 1;
    let left = format!("{} attempt {number}", padded(&format!("{indent}{word} {}", attempt.status)));
    let ms = attempt.ms - attempt.start_ms.unwrap_or(0.0);
    let mut text = line(&left, Some(format!("+{}", time(ms))));
    if let Some(error) = &attempt.error {
        text += &line(&format!("{indent}  {}", shortened(error)), None);
    }
    text
}

fn end(verdict: &Verdict, indent: &str, replies: &Replies) -> String {
    let say = |word: &str, rest: &str| line(&format!("{} {rest}", padded(&format!("{indent}{word}"))), None);
    let status = verdict.status.as_deref().unwrap_or("no answer");
    let mut text = match verdict.outcome {
        Outcome::Delivered if verdict.attempts.is_empty() => {
            line(&format!("{indent}delivered"), verdict.total_ms.map(time))
        }
        Outcome::Delivered | Outcome::Unmatched => String::new(),
        Outcome::DeadLetter => {
            let plural = if verdict.attempt_count == 1 { "" } else { "s" };
            say("dead letter", &format!("{status} after {} attempt{plural}", verdict.attempt_count))
        }
        Outcome::Held => say("held", &held(verdict)),
        Outcome::Dropped => say("dropped", "its channel does not hold it any more (retention)"),
        Outcome::Duplicate => say("duplicate", DUPLICATE),
        Outcome::Removed => say("removed", REMOVED),
        Outcome::Elsewhere => say("elsewhere", ELSEWHERE),
        Outcome::Pending if verdict.attempts.is_empty() => say("pending", "no attempt is over yet"),
        Outcome::Pending => say("pending", "another attempt follows"),
    };
    if let Some(answer) = &verdict.answer {
        text += &line(&format!("{indent}answer {}", shortened(answer)), None);
    }
    if let Some(id) = &verdict.reply_id {
        text += &line(&format!("{indent}{}", reply(id, replies.get(id))), None);
    }
    text
}

/// Why an event is held, and what to do about it.
pub(super) fn held(verdict: &Verdict) -> String {
    let plural = if verdict.attempt_count == 1 { "" } else { "s" };
    let status = verdict.status.as_deref().unwrap_or("no answer");
    let mend = match &verdict.function {
        Some(function) => format!("fix {function} and save: it goes again at once; or "),
        None => String::new(),
    };
    format!(
        "{status} after {} attempt{plural}: {mend}hydrant retry {}",
        verdict.attempt_count, verdict.trigger
    )
}

fn reply(id: &str, seen: Option<&Explained>) -> String {
    let Some(reply) = seen else {
        return format!("reply {id}");
    };
    let matched: Vec<&str> = reply.verdicts.iter().filter(|v| v.matched).map(|v| &*v.trigger).collect();
    let fate = match &matched[..] {
        [] => "no trigger matched (kept in history)".into(),
        names => format!("matched {}", names.join(", ")),
    };
    format!("reply {} {id} -> {}: {fate}", reply.ty, spoken(&reply.channel))
}

/// `broker/default` as one says it.
fn spoken(channel: &str) -> String {
    channel.replacen('/', " ", 1)
}

fn padded(text: &str) -> String {
    format!("{text:width$}", width = TEXT_AT - 1)
}

/// A line, with a time at its right edge.
fn line(left: &str, time: Option<String>) -> String {
    let Some(time) = time else {
        return format!("{}\n", left.trim_end());
    };
    let room = TIME_ENDS.saturating_sub(left.chars().count()).max(time.len() + 2);
    format!("{left}{time:>room$}\n")
}

/// The first line of a text, cut.
fn shortened(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let start: String = first.chars().filter(|c| !c.is_control()).take(ANSWER_MAX).collect();
    if start.len() < text.trim_end().len() { start + ".." } else { start }
}
