//! What became of an event that was sent: asked of the running hydrant, by its id.

use std::process::ExitCode;

use activator::filter::cesql::Expression;
use hyper::Method;
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::super::daemon::{Daemon, Refused};
use super::super::exit::Failure;
use super::super::global::Global;
use super::super::http::encode;
use super::super::output::{self, one_line};
use super::super::{events, tree};
use super::Explain;
use super::dry::Tried;
use super::text::{self, Line};
use crate::history::view::{Explained, Kin, Outcome, Verdict};

/// Characters of the id of an event that this one came of, or that came of it.
const KIN_MAX: usize = 60;

pub(super) async fn run(
    explain: &Explain,
    global: &Global,
    filter: Option<&Expression>,
) -> Result<ExitCode, Failure> {
    let daemon = Daemon::find(global).await?;
    let mut event = ask(&daemon, explain, global.is_json()).await?;
    let names: Vec<String> = event.verdicts.iter().map(|verdict| verdict.trigger.clone()).collect();
    event.verdicts.retain(|verdict| explain.wants(&verdict.trigger, &verdict.channel));
    if event.verdicts.is_empty() && explain.trigger.is_some() {
        return Err(explain.nobody(names.iter().map(String::as_str)));
    }
    let tried = filter.map(|filter| attempt(filter, &event)).transpose()?;
    match (global.is_json(), &tried) {
        (true, None) => output::json(&event)?,
        (true, Some(tried)) => output::json(&with(&event, tried)?)?,
        (false, tried) => output::data(told(&event, tried.as_ref(), global))?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(daemon: &Daemon, explain: &Explain, with_data: bool) -> Result<Explained, Failure> {
    let id = &explain.event;
    let source = explain.source.as_ref().map(|source| format!("&source={}", encode(source)));
    let source = source.unwrap_or_default();
    let target = format!("/api/v1/events/{}?data={with_data}{source}", encode(id));
    match daemon.ask(Method::GET, &target).await? {
        Ok(explained) => Ok(explained),
        Err(refused) if refused.body.code.as_deref() == Some("ambiguous") => Err(ambiguous(id, &refused)),
        Err(Refused { status: 404, .. }) => {
            let from = explain.source.as_ref().map(|source| format!(" from {source:?}")).unwrap_or_default();
            Err(Failure::failed(format!("no event with the id {id:?}{from} is known"))
                .help("hydrant history lists those that are; hydrant explain @FILE tries an event without sending it"))
        }
        Err(refused) => Err(refused.into()),
    }
}

fn ambiguous(id: &str, refused: &Refused) -> Failure {
    let choices = refused.body.choices.iter();
    let lines: String = choices
        .map(|choice| format!("\n  --source {:?}  {}, arrived {}", choice.source, choice.ty, choice.arrived))
        .collect();
    let message = format!("{} events have the id {id:?}:{lines}", refused.body.choices.len());
    Failure::failed(message).help("say which one is meant with --source")
}

/// The expression of `--filter`, on the event as it was.
fn attempt(filter: &Expression, event: &Explained) -> Result<Tried, Failure> {
    let broken = |error: String| Failure::failed(format!("the event cannot be read back: {error}"));
    let text = to_raw_value(&event.event).map_err(|error| broken(error.to_string()))?;
    let event = events::decode(&text).map_err(|error| broken(error.to_string()))?;
    Ok(Tried::by_given(filter, &event))
}

/// The object of the event, with one more verdict.
fn with(event: &Explained, tried: &Tried) -> Result<Value, Failure> {
    let write = |error: serde_json::Error| Failure::failed(error.to_string());
    let mut object = serde_json::to_value(event).map_err(write)?;
    let tried = serde_json::to_value(tried).map_err(write)?;
    if let Some(verdicts) = object["verdicts"].as_array_mut() {
        verdicts.push(tried);
    }
    Ok(object)
}

fn told(event: &Explained, tried: Option<&Tried>, global: &Global) -> String {
    let attributes = event.event.iter().filter(|(name, _)| !matches!(&***name, "data" | "data_base64"));
    let attributes: Vec<(&str, String)> = attributes.map(|(name, value)| (&**name, plain(value))).collect();
    let attributes = attributes.iter().map(|(name, value)| (*name, &**value));
    let lines = event.verdicts.iter().map(|verdict| line(verdict, &place(verdict, event), global));
    let lines = lines.chain(tried.map(|tried| tried.line(global))).collect();
    let arrived = format!("arrived {} at {}", event.arrived, event.channel.replacen('/', " ", 1));
    text::head(attributes, &arrived)
        + &kin("came of", &event.parents)
        + &kin("led to", &event.children)
        + &text::lines(lines)
}

/// The events it came of, or that came of it, and by whose answers.
fn kin(word: &str, events: &[Kin]) -> String {
    if events.is_empty() {
        return String::new();
    }
    let one = |kin: &Kin| format!("{} ({})", one_line(&kin.id, KIN_MAX), kin.trigger);
    format!("  {word} {}\n", events.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

/// The channel it came to; and where in it, if the same event came more than once.
fn place(verdict: &Verdict, event: &Explained) -> String {
    let at = |verdict: &Verdict| (verdict.partition, verdict.offset);
    let mut others = event.verdicts.iter().filter(|other| other.channel == verdict.channel);
    match others.all(|other| at(other) == at(verdict)) {
        true => verdict.channel.clone(),
        false => format!("{}, partition {}, offset {}", verdict.channel, verdict.partition, verdict.offset),
    }
}

fn line(verdict: &Verdict, place: &str, global: &Global) -> Line {
    let says = match &verdict.clause {
        Some(clause) if !verdict.matched => text::clause(clause, global.is_wide()),
        _ => format!("-> {}  {}", verdict.to.as_deref().unwrap_or("nobody"), fate(verdict)),
    };
    Line { name: verdict.trigger.clone(), place: Some(place.into()), decision: verdict.decision, says }
}

/// The attempts there were before it was paused.
fn before(verdict: &Verdict) -> String {
    match (verdict.attempt_count, verdict.status.as_deref()) {
        (0, _) | (_, None) => String::new(),
        (count, Some(status)) => format!(" ({status} after {count})"),
    }
}

/// What became of an event that matched: the outcome, how the last attempt ended, and how many there were.
fn fate(verdict: &Verdict) -> String {
    let plural = if verdict.attempt_count == 1 { "" } else { "s" };
    let attempts = format!("{} attempt{plural}", verdict.attempt_count);
    let status = verdict.status.as_deref().map(|status| format!(" {status}")).unwrap_or_default();
    let mut fate = match verdict.outcome {
        Outcome::Delivered if verdict.attempt_count == 0 => "delivered".into(),
        Outcome::Delivered => format!("delivered{status}, {attempts}"),
        Outcome::DeadLetter => format!("dead letter:{status} after {attempts}"),
        Outcome::Held => format!("held: {}", tree::held(verdict)),
        Outcome::Dropped => "dropped: its channel does not hold it any more (retention)".into(),
        Outcome::Removed => format!("removed:{status} after {attempts}, {}", tree::REMOVED),
        Outcome::Elsewhere => format!("elsewhere: {}", tree::ELSEWHERE),
        Outcome::Pending if verdict.paused => {
            format!("paused: it waits for hydrant resume {}{}", verdict.trigger, before(verdict))
        }
        Outcome::Pending if verdict.attempt_count == 0 => "pending: no attempt is over yet".into(),
        Outcome::Pending => format!("pending:{status} after {attempts}, another one follows"),
        Outcome::Duplicate => format!("duplicate: {}", tree::DUPLICATE),
        Outcome::Unmatched => "unmatched".into(),
    };
    if let Some(reply) = &verdict.reply_id {
        fate += &format!(", reply {reply}");
    }
    fate
}
