//! `hydrant dlq retry`: dead letters are sent again, to whom they were for, no faster than is good for that.

use std::process::ExitCode;

use clap::Args;
use hyper::Method;
use serde::Serialize;

use super::super::daemon::Daemon;
use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::http::encode;
use super::super::output::{self, count};
use super::super::rate::Rate;
use super::letters;
use super::select::{self, Select};
use crate::admin::{Order, Retried};
use crate::letters::REDRIVES_MAX;

/// Send dead letters again, each to the trigger it was for
#[derive(Debug, Args)]
pub(super) struct Retry {
    /// The letters (d17), or the ids of their events
    #[arg(value_name = "LETTER")]
    ids: Vec<String>,
    #[command(flatten)]
    select: Select,
    /// All of them
    #[arg(long)]
    all: bool,
    /// How fast, where they are not named one by one: 100/s, 30/m
    #[arg(long, value_name = "COUNT/s", default_value = "100/s")]
    rate: Rate,
    /// Also those that were sent again 3 times before
    #[arg(long)]
    force: bool,
}

/// What became of them.
#[derive(Debug, Default, Serialize)]
struct Total {
    retried: u64,
    guarded: u64,
    unwired: u64,
}

impl Retry {
    pub(super) async fn run(self, global: &Global, daemon: &Daemon) -> Result<ExitCode, Failure> {
        select::check(&self.ids, &self.select, self.all)?;
        let total = match self.ids.is_empty() {
            true => self.meant(global, daemon).await?,
            false => self.named(daemon).await?,
        };
        self.tell(global, &total)
    }

    async fn named(&self, daemon: &Daemon) -> Result<Total, Failure> {
        let mut total = Total::default();
        for id in &self.ids {
            let target = format!("/api/v1/dlq/{}/retry", encode(id));
            let answer: Retried = daemon.ask(Method::POST, &target).await?.map_err(|refused| {
                let mut failure = Failure::from(refused);
                if total.retried > 0 {
                    failure.message += &format!(" ({} before it were sent again)", total.retried);
                }
                failure
            })?;
            total.retried += answer.retried;
        }
        Ok(total)
    }

    /// Those that are there now, some at a time. One that fails again meanwhile is not sent again.
    async fn meant(&self, global: &Global, daemon: &Daemon) -> Result<Total, Failure> {
        let (portion, every) = self.rate.portions();
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut order = Order { limit: Some(portion), force: self.force, ..self.select.order(self.all) };
        let mut total = Total::default();
        loop {
            ticks.tick().await;
            let answer: Retried = daemon.ask_with(Method::POST, "/api/v1/dlq/retry", &order).await??;
            if order.until.is_none() {
                order.until = Some(answer.as_of);
                // The same time of day again and again: what it means must not move.
                (total.guarded, total.unwired) = (answer.guarded, answer.unwired);
                if answer.left > 0 {
                    global.talk(&format!("sending {} again", letters(answer.retried + answer.left)));
                }
            }
            total.retried += answer.retried;
            if answer.left == 0 || answer.retried == 0 {
                return Ok(total);
            }
        }
    }

    fn tell(&self, global: &Global, total: &Total) -> Result<ExitCode, Failure> {
        if global.is_json() {
            output::json(total)?;
        } else if total.retried == 0 && total.guarded + total.unwired == 0 {
            global.talk(&format!("no dead letters{}", self.select.text()));
        } else {
            output::data(format!("{} sent again\n", letters(total.retried)))?;
        }
        if total.guarded > 0 {
            let left_out = format!("{} left out", count(total.guarded));
            global.talk(&format!(
                "{left_out}: sent again {REDRIVES_MAX} times before, and in vain; --force sends those, too"
            ));
        }
        if total.unwired > 0 {
            global.talk(&format!(
                "{} left out: the triggers they were for are not there any more (hydrant dlq ls --group)",
                count(total.unwired)
            ));
        }
        Ok(if total.guarded + total.unwired > 0 { Exit::Failed.into() } else { ExitCode::SUCCESS })
    }
}
