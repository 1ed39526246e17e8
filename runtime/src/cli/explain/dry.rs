//! A dry run: events that are given, on the filters of the project as they stand in its files.

use std::process::ExitCode;
use std::sync::Arc;

use activator::event::Event;
use activator::filter::cesql::Expression;
use activator::filter::{Explanation, Filter};
use activator::topology::{Destination, Subscription};
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::{events, output};
use super::Explain;
use super::text::{self, Line};
use crate::config::resolved::{ChannelKind, Resolved};
use crate::config::{Loader, Severity, kind_and_name, summary};
use crate::history::channel_label;
use crate::history::view::Decision;
use crate::process::is_written_to;

/// How the expression of `--filter` is called among the triggers.
pub(super) const GIVEN: &str = "--filter";

/// An event and what the filters say of it; the object of `-o json`.
#[derive(Serialize)]
struct DryRun<'e> {
    id: &'e str,
    source: &'e str,
    #[serde(rename = "type")]
    ty: &'e str,
    verdicts: Vec<Tried>,
}

/// What one filter says of an event. The names are those of a verdict that was really given, as far as there is one.
#[derive(Debug, Serialize)]
pub(super) struct Tried {
    trigger: String,
    /// `trigger`, `subscription` or `filter`.
    kind: String,
    channel: Option<String>,
    matched: bool,
    decision: Decision,
    /// The clause that decided, with what the event has, in a line.
    clause: String,
    /// Where in the filter the clause is, such as `all[0].prefix`.
    path: String,
    /// Where in the CESQL expression the clause is, in characters.
    span: Option<Part>,
    /// The attributes the clause names, with what the event has of them.
    attributes: Map<String, Value>,
    failure: Option<String>,
    to: Option<String>,
    function: Option<String>,
}

#[derive(Debug, Serialize)]
struct Part {
    start: usize,
    end: usize,
}

pub(super) fn run(
    explain: &Explain,
    global: &Global,
    filter: Option<&Expression>,
) -> Result<ExitCode, Failure> {
    let events = events::read(&explain.event)?;
    let resolved = load(global)?;
    let subscriptions = wanted(explain, &resolved)?;
    for event in &events {
        let tried = subscriptions.iter().map(|subscription| Tried::by(subscription, &resolved, event));
        let verdicts: Vec<Tried> = tried.chain(filter.map(|filter| Tried::by_given(filter, event))).collect();
        if global.is_json() {
            output::json(&DryRun { id: event.id(), source: event.source(), ty: event.ty(), verdicts })?;
        } else {
            let lines = verdicts.iter().map(|verdict| verdict.line(global)).collect();
            output::data(text::head(event.attributes().iter(), "nothing was sent") + &text::lines(lines))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The project as it would run now; what keeps it from running is said first.
fn load(global: &Global) -> Result<Resolved, Failure> {
    let (project, config) = (global.project(None)?, global.config()?);
    let loader = Loader::new(&project, config.as_deref(), global.overrides()?, is_written_to);
    let loaded = loader.map_err(|error| Failure::failed(format!("{}: {error}", project.display())))?.load();
    loaded.resolved.ok_or_else(|| {
        for finding in loaded.diagnostics.iter().filter(|finding| finding.severity() == Severity::Error) {
            output::talk(&finding.render(global.colours_of_talk()));
        }
        let count = summary(&loaded.diagnostics).unwrap_or_default();
        Failure::new(Exit::ConfigInvalid, format!("the configuration cannot be used: {count}"))
            .help("mend it, and see with hydrant check")
    })
}

/// The triggers and subscriptions that are asked for. Sources have no filter that could say no.
fn wanted<'r>(explain: &Explain, resolved: &'r Resolved) -> Result<Vec<&'r Subscription>, Failure> {
    let named = || {
        let all = resolved.topology.subscriptions.iter().map(Arc::as_ref);
        // What is delivered again is no one's to want.
        let others = [ChannelKind::Source, ChannelKind::Replay].map(ChannelKind::text);
        all.map(|s| (s, kind_and_name(&s.name))).filter(move |(_, (kind, _))| !others.contains(kind))
    };
    if let Some(to) = &explain.to {
        is_place(to, resolved)?;
    }
    let found: Vec<&Subscription> = named()
        .filter(|(subscription, (_, name))| explain.wants(name, &channel(subscription, resolved)))
        .map(|(subscription, _)| subscription)
        .collect();
    match found.is_empty() && explain.trigger.is_some() {
        true => Err(explain.nobody(named().map(|(_, (_, name))| name))),
        false => Ok(found),
    }
}

fn is_place(to: &str, resolved: &Resolved) -> Result<(), Failure> {
    let channels = resolved.channels.values().filter(|channel| channel.kind.is_for_people());
    let labels: Vec<String> = channels.map(channel_label).collect();
    if labels.iter().any(|label| label == to) {
        return Ok(());
    }
    let help = format!("there are {}", labels.join(", "));
    match to.split_once('/') {
        Some((kind, _)) if ChannelKind::addressed(kind).is_some_and(ChannelKind::is_for_people) => {
            Err(Failure::failed(format!("there is no {to}")).help(help))
        }
        _ => Err(Failure::usage(format!("--to {to} is no place for events")).help(help)),
    }
}

fn channel(subscription: &Subscription, resolved: &Resolved) -> String {
    resolved.channels.get(&subscription.channel).map(channel_label).unwrap_or_default()
}

impl Tried {
    fn by(subscription: &Subscription, resolved: &Resolved, event: &Event) -> Self {
        let (kind, name) = kind_and_name(&subscription.name);
        let function = match subscription.to {
            Destination::Function(id) => {
                resolved.functions.get(&id).map(|function| function.name.to_string())
            }
            _ => None,
        };
        Self {
            channel: Some(channel(subscription, resolved)),
            to: Some(subscription.to_name.as_ref().into()),
            function,
            ..Self::of(name, kind, &subscription.filter.explain(event))
        }
    }

    /// What the expression of `--filter` says.
    pub(super) fn by_given(filter: &Expression, event: &Event) -> Self {
        Self::of(GIVEN, "filter", &Filter::Cesql(filter.clone()).explain(event))
    }

    fn of(name: &str, kind: &str, explanation: &Explanation) -> Self {
        let decision = Decision::from(explanation.decision);
        let attributes = explanation.attributes.iter();
        Self {
            trigger: name.into(),
            kind: kind.into(),
            channel: None,
            matched: decision == Decision::Match,
            decision,
            clause: explanation.to_string(),
            path: explanation.path.clone(),
            span: explanation.characters().map(|part| Part { start: part.start, end: part.end }),
            attributes: attributes.map(|(name, text)| (name.as_str().into(), text.clone().into())).collect(),
            failure: explanation.failure.clone(),
            to: None,
            function: None,
        }
    }

    pub(super) fn line(&self, global: &Global) -> Line {
        let mut says = text::clause(&self.clause, global.is_wide());
        if let Some(to) = self.to.as_ref().filter(|_| self.matched) {
            says += &format!("  -> {to}");
        }
        Line { name: self.trigger.clone(), place: self.channel.clone(), decision: self.decision, says }
    }
}
