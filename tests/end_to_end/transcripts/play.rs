//! Plays a page: does what it says, and looks whether that comes which it shows.

use std::path::Path;
use std::time::{Duration, Instant};

use super::compare::{fits, same};
use super::page::{Command, Line, Step, steps};
use super::stage::{Going, Stage};
use super::vary::regex;

/// Only a page that is wrong takes as long.
const PATIENCE: Duration = Duration::from_secs(30);
/// These go on until somebody ends them.
const GOES_ON: &str =
    r"^((hydrant|target/debug/hydrant)( -C \S+)?|cargo run( --)?)( (dev|run|tail|attach)\b.*)?$|^curl -N";
/// Of these, a runtime goes on while the page does.
const RUNTIME: &str = r"^((hydrant|target/debug/hydrant)( -C \S+)?|cargo run( --)?)( (dev|run)\b.*)?$";
/// These only look: what they show may come a moment later.
const LOOKS: &str = r"^(hydrant|target/debug/hydrant)( -C \S+)? (ps|top|explain|history|logs|dlq (ls|show))\b|^cat |^curl( -s)? \S+$";

/// How many commands were run, and how many were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) run: usize,
    pub(super) left: usize,
}

struct Play<'p> {
    page: &'p str,
    root: &'p Path,
    stage: Stage,
    count: Count,
}

/// Plays a page to its end.
///
/// # Errors
/// `FILE:LINE` of the first thing that is not as it says.
pub(super) fn play(page: &str, text: &str, root: &Path) -> Result<Count, String> {
    let steps = steps(text).map_err(|error| format!("{page}:{error}"))?;
    let is_played = steps.iter().any(|step| !matches!(step, Step::Leave { .. }));
    let left = |step: &Step| if let Step::Leave { commands } = step { *commands } else { 0 };
    let count = Count { run: 0, left: steps.iter().map(left).sum() };
    if !is_played {
        return Ok(count);
    }
    let mut play = Play { page, root, stage: Stage::new(), count };
    for step in steps {
        play.step(step).map_err(|error| match play.stage.said() {
            Some(said) => format!("{error}\nWhat runs said:\n{said}"),
            None => error,
        })?;
    }
    Ok(play.count)
}

impl Play<'_> {
    fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Fresh => {
                self.stage.end();
                self.stage = Stage::new();
            }
            Step::Kafka => self.stage.give_kafka(self.root),
            Step::CtrlC => self.stage.end(),
            Step::Copy(paths) => self.stage.copy(self.root, &paths),
            Step::Write { path, text } => self.stage.write(&path, &text),
            Step::Run(script) => self.unseen(&script)?,
            Step::Said(lines) => self.said(&lines)?,
            Step::Leave { .. } => {}
            Step::Play { commands, mut meanwhile } => {
                for command in commands {
                    self.command(&command, meanwhile.take())?;
                    self.count.run += 1;
                }
            }
        }
        Ok(())
    }

    fn unseen(&mut self, script: &Line) -> Result<(), String> {
        if matches(RUNTIME, &script.text) {
            let all = Line { number: script.number, text: "...".into() };
            self.goes_on(&Command { at: script.clone(), shown: vec![all] }, None)?;
            let runs = self.stage.said().map(|_| ());
            return runs.ok_or_else(|| format!("{}:{}: it does not run", self.page, script.number));
        }
        let (status, came) = self.stage.run(&script.text);
        if status.success() {
            return Ok(());
        }
        Err(format!("{}:{}: {status} of {}\n{came}", self.page, script.number, script.text))
    }

    fn command(&mut self, command: &Command, meanwhile: Option<Line>) -> Result<(), String> {
        if matches(GOES_ON, &command.at.text) {
            return self.goes_on(command, meanwhile);
        }
        let begin = Instant::now();
        loop {
            let (status, came) = self.stage.run(&command.at.text);
            let mut result = same(self.page, command, &came);
            if !status.success() && came.trim().is_empty() {
                result = Err(format!("{}:{}: {status}, and not a word", self.page, command.at.number));
            }
            let may_come = matches(LOOKS, &command.at.text) && begin.elapsed() < PATIENCE;
            if result.is_ok() || !may_come {
                return result;
            }
            pause();
        }
    }

    fn goes_on(&mut self, command: &Command, meanwhile: Option<Line>) -> Result<(), String> {
        let is_runtime = matches(RUNTIME, &command.at.text);
        if is_runtime {
            self.stage.end();
        }
        let mut going = self.stage.begin(&command.at.text);
        if let Some(script) = meanwhile {
            self.until(&mut going, |_, came| if came.is_empty() { Err(String::new()) } else { Ok(()) })?;
            self.unseen(&script)?;
        }
        let page = self.page;
        let ended = self.until(&mut going, |ended, came| {
            if is_runtime && !ended && (!came.contains("ready in") || self.stage.addresses().is_none()) {
                return Err(format!("{page}:{}: it is not ready\n{came}", command.at.number));
            }
            same(page, command, came)
        })?;
        match (ended, is_runtime) {
            (true, _) => {}
            (false, true) => self.stage.keep(going),
            (false, false) => going.interrupt(),
        }
        Ok(())
    }

    /// Waits until what came will do; says whether it ended.
    fn until(
        &self,
        going: &mut Going,
        will_do: impl Fn(bool, &str) -> Result<(), String>,
    ) -> Result<bool, String> {
        let begin = Instant::now();
        loop {
            let has_ended = going.has_ended();
            let result = will_do(has_ended, &self.stage.printed(going));
            if result.is_ok() || has_ended || begin.elapsed() > PATIENCE {
                if result.is_err() {
                    going.interrupt();
                }
                return result.map(|()| has_ended);
            }
            pause();
        }
    }

    /// Each of the lines comes, in this order; others may stand between them.
    fn said(&self, lines: &[Line]) -> Result<(), String> {
        let begin = Instant::now();
        loop {
            let Some(said) = self.stage.said() else {
                return Err(format!("{}:{}: nothing runs that could say this", self.page, lines[0].number));
            };
            let mut came = said.lines();
            let Some(missing) = lines.iter().find(|line| !came.any(|came| fits(line, came))) else {
                return Ok(());
            };
            if begin.elapsed() > PATIENCE {
                return Err(format!("{}:{}: nobody says\n  {}", self.page, missing.number, missing.text));
            }
            pause();
        }
    }
}

fn matches(expression: &str, text: &str) -> bool {
    regex(expression).is_match(text.trim())
}

/// Between two looks.
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
