//! Flags that say which dead letters are meant.

use clap::Args;

use super::super::completions;
use super::super::exit::Failure;
use super::super::http::encode;
use crate::admin::Order;

/// All that are given hold at once.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Select {
    /// Those of a trigger, subscription or source
    #[arg(long, value_name = "NAME", add = completions::triggers())]
    pub(super) trigger: Option<String>,
    /// Those for a function
    #[arg(long = "fn", value_name = "NAME", add = completions::functions())]
    pub(super) function: Option<String>,
    /// Those that died of this: 'exit 101', 503, timeout
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Those that died since then: 2h (ago), or a time such as 2026-11-26T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
}

impl Select {
    pub(super) const fn is_some(&self) -> bool {
        self.trigger.is_some() || self.function.is_some() || self.reason.is_some() || self.since.is_some()
    }

    fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("trigger", &self.trigger),
            ("fn", &self.function),
            ("reason", &self.reason),
            ("since", &self.since),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    /// For a query; each part ends with `&`.
    pub(super) fn query(&self) -> String {
        self.given().map(|(name, value)| format!("{name}={}&", encode(value))).collect()
    }

    /// For people, behind a number of letters.
    pub(super) fn text(&self) -> String {
        let parts = self.given().map(|(name, value)| match name {
            "trigger" => format!(" of {value}"),
            "fn" => format!(" for {value}"),
            "reason" => format!(" that died of {value:?}"),
            _ => format!(" since {value}"),
        });
        parts.collect()
    }

    pub(super) fn order(&self, all: bool) -> Order {
        Order {
            trigger: self.trigger.clone(),
            function: self.function.clone(),
            reason: self.reason.clone(),
            since: self.since.clone(),
            all,
            ..Order::default()
        }
    }
}

/// Names, a selection or all of them: exactly one of these says what is meant.
pub(super) fn check(ids: &[String], select: &Select, all: bool) -> Result<(), Failure> {
    match [!ids.is_empty(), select.is_some(), all].into_iter().filter(|said| *said).count() {
        1 => Ok(()),
        0 => Err(Failure::usage("which dead letters?").help(
            "name some, or give --trigger, --fn, --reason, --since or --all; hydrant dlq ls lists them",
        )),
        _ => Err(Failure::usage("these say different things: names, a selection and --all")
            .help("give one of them; --trigger, --fn, --reason and --since hold together")),
    }
}
