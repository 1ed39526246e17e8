//! `hydrant explain`: what every trigger says of an event, and why. An event that is given is tried here, without a
//! runtime ([`dry`]); one that was sent is asked for by its id ([`past`]).

mod dry;
mod past;
mod text;

use std::process::ExitCode;

use activator::filter::cesql::Expression;
use clap::Args;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::{completions, doubts, events};
use crate::config::nearest;

/// Say which triggers match an event and which do not, and the clause that decided
///
/// An event that is given (@FILE, - for stdin, or JSON) is tried on the filters of this project: nothing runs and
/// nothing is sent. The id of an event asks the running hydrant what became of it. Exit code 0 when it could be
/// explained, 1 when the id is not known or --filter does not parse, 2 when the event cannot be read, 3 when the
/// configuration is invalid.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// An event: @FILE, - for stdin, or JSON; or the id of one that was sent
    #[arg(value_name = "@EVENT.json|ID")]
    event: String,
    /// Only this trigger or subscription
    #[arg(long, value_name = "NAME", add = completions::triggers())]
    trigger: Option<String>,
    /// Try this CESQL expression, too, as if it were the filter of a trigger
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
    filter: Option<String>,
    /// Only those of one broker or channel
    #[arg(
        long,
        value_name = "broker/NAME|channel/NAME|sequence/NAME|parallel/NAME|job/NAME",
        add = completions::channels()
    )]
    to: Option<String>,
    /// Which one, where several events have the id
    #[arg(long)]
    source: Option<String>,
}

impl Explain {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let filter = match self.filter.as_deref().map(Expression::parse).transpose() {
            Ok(filter) => filter,
            Err(problems) => {
                let text = self.filter.as_deref().unwrap_or_default();
                doubts::tell_mistakes(global, dry::GIVEN, "`--filter`", text, &problems);
                return Ok(Exit::Failed.into());
            }
        };
        if let Some(filter) = filter.as_ref().filter(|_| !global.is_json()) {
            doubts::tell(global, dry::GIVEN, "`--filter`", filter);
        }
        // What has a source is asked for by its id, whatever the id looks like.
        match self.source.is_none() && events::are_meant(&self.event) {
            true => dry::run(&self, global, filter.as_ref()),
            false => past::run(&self, global, filter.as_ref()).await,
        }
    }

    /// Whether this one is asked for.
    fn wants(&self, trigger: &str, channel: &str) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        is(&self.trigger, trigger) && is(&self.to, channel)
    }

    /// That none is there of those that are asked for.
    fn nobody<'k>(&self, known: impl Iterator<Item = &'k str>) -> Failure {
        let known: Vec<&str> = known.collect();
        let place = self.to.as_ref().map(|to| format!(" of {to}")).unwrap_or_default();
        let Some(wanted) = &self.trigger else {
            return Failure::failed(format!("there is no trigger or subscription{place}"))
                .help("hydrant check tells what the configuration has");
        };
        let failure = Failure::failed(format!("there is no trigger or subscription `{wanted}`{place}"));
        match nearest(wanted, known.iter().copied()) {
            Some(near) => failure.help(format!("did you mean {near}?")),
            None if known.is_empty() => {
                failure.help("there is none at all: every event is kept, and goes nowhere")
            }
            None => failure.help(format!("there are {}", known.join(", "))),
        }
    }
}
