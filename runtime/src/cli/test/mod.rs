//! `hydrant test`: runs fixtures through the triggers and functions of a project, on a runtime of their own that keeps
//! nothing. What differs is found in [`compare`], and told in [`report`].

mod compare;
mod report;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use activator::event::Event;
use clap::Args;

use super::daemon::Daemon;
use super::dev::ephemeral;
use super::exit::{Exit, Failure};
use super::fixture::Fixture;
use super::fixture::folder::{self, FOLDER};
use super::fixture::seen::{Reply, Seen};
use super::follow::{Followed, follow};
use super::global::Global;
use super::send;
use crate::history::view::{Explained, Outcome, millis};
use crate::serve::{self, Mode, Options, Voice};
use compare::{Difference, differences};
use report::Ending::{self, Failed, Updated};
use report::{Report, Tally};

/// Run fixtures through triggers and functions, and compare what comes of them
///
/// The project runs as it is configured, but for this: all channels are in memory, sources are not read, no attempt waits for
/// another, and the ports are free ones. Each event is sent, and it is compared which triggers took it, how that ended, and
/// what was replied, but for the `id` and `time` of the reply. Exit code 0 when all are as expected, 1 when one is not or
/// there is none, 3 when the configuration is invalid.
#[derive(Debug, Args)]
#[command(after_help = "\
hydrant test                              all of fixtures/
hydrant test --filter bill/               those of one trigger
hydrant test --ignore data.at --update    take what differs as what is expected from now on")]
pub(super) struct Test {
    /// The folder of fixtures, seen from the project [default: fixtures]
    dir: Option<PathBuf>,
    /// Only fixtures whose path contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// What of replies is not compared, beside `id` and `time`: an attribute, or a part of the data such as data.at
    #[arg(long, value_name = "ATTR|data.PATH")]
    ignore: Vec<String>,
    /// Write what comes of them into the fixtures that differ
    #[arg(long)]
    update: bool,
    /// How long each event may take
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    wait: Duration,
}

/// A fixture, and the event that is in it.
struct Case {
    /// As it is told: seen from the project.
    name: String,
    path: PathBuf,
    fixture: Fixture,
    event: Event,
}

/// What an event came to, by where it was sent and what it is.
type Sent = HashMap<(String, String), Result<Explained, String>>;

impl Test {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let cases = self.cases(global)?;
        let ended = serve::serve_while(options(global)?, async |ready| {
            let daemon = Daemon::at(ready.about);
            self.run_all(global, &daemon, cases).await
        });
        match ended {
            Ok(Some(done)) => done,
            Ok(None) => Ok(Exit::Interrupted.into()),
            Err(cannot) => Ok(cannot),
        }
    }

    /// Those that are asked for; all that is wrong with any of them is told at once.
    fn cases(&self, global: &Global) -> Result<Vec<Case>, Failure> {
        let project = global.project(None)?;
        let dir = self.dir.as_deref().unwrap_or_else(|| Path::new(FOLDER));
        let none = |why: String| {
            Failure::failed(why).help("hydrant record keeps events of a running hydrant as fixtures")
        };
        let found = folder::all(&project.join(dir))
            .map_err(|error| none(format!("cannot read fixtures of {}: {error}", dir.display())))?;
        let named = found.into_iter().map(|path| dir.join(path).display().to_string());
        let is_wanted = |name: &String| self.filter.as_ref().is_none_or(|text| name.contains(text.as_str()));
        let read = named.filter(is_wanted).map(|name| read(&project, name));
        let (cases, wrong): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
        let cases: Vec<Case> = cases.into_iter().flatten().collect();
        let mut wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
        wrong.extend(mistaken(&cases));
        match (wrong.is_empty(), cases.is_empty()) {
            (false, _) => Err(Failure::failed(wrong.join("\nerror: "))),
            (true, true) => Err(none(format!("there is no fixture in {} that is asked for", dir.display()))),
            (true, false) => Ok(cases),
        }
    }

    async fn run_all(&self, global: &Global, daemon: &Daemon, cases: Vec<Case>) -> Result<ExitCode, Failure> {
        let (mut sent, mut tally) = (Sent::new(), Tally::default());
        for case in cases {
            let report = self.run_one(daemon, case, &mut sent).await?;
            report.tell(global, daemon).await?;
            tally.count(&report);
        }
        tally.tell(global)
    }

    async fn run_one(&self, daemon: &Daemon, case: Case, sent: &mut Sent) -> Result<Report, Failure> {
        let started = Instant::now();
        let key = (case.fixture.channel.clone(), case.fixture.event.get().to_owned());
        // An event that several triggers take is sent once.
        if !sent.contains_key(&key) {
            sent.insert(key.clone(), self.outcome(daemon, &case).await?);
        }
        let seen = match &sent[&key] {
            Ok(explained) => Ok(Seen::of(daemon, explained, case.fixture.trigger.as_deref()).await?),
            Err(why) => Err(why.clone()),
        };
        let ms = millis(started.elapsed());
        let (fixture, id) = (case.name.clone(), case.event.id().to_owned());
        let (result, differences, error) = match seen {
            Ok(seen) => self.judged(case, &seen)?,
            Err(why) => (Failed, Vec::new(), Some(why)),
        };
        Ok(Report { fixture, id, result, ms, differences, error })
    }

    /// Sends the event, and waits for what comes of it.
    async fn outcome(&self, daemon: &Daemon, case: &Case) -> Result<Result<Explained, String>, Failure> {
        let channel = &case.fixture.channel;
        let sent = match send::post(daemon, channel, &case.event).await {
            Ok(sent) => sent,
            Err(refused) => return Ok(Err(refused.message)),
        };
        Ok(match follow(daemon, &sent, self.wait).await? {
            Followed::Known(explained) if explained.settled => Ok(*explained),
            Followed::Unread(why) => Err(why),
            Followed::Known(_) | Followed::NotArrived => {
                Err(format!("not finished after {}", humantime::format_duration(self.wait)))
            }
        })
    }

    /// How it is to be told, what differs, and why it could not be compared.
    fn judged(
        &self,
        mut case: Case,
        seen: &Seen,
    ) -> Result<(Ending, Vec<Difference>, Option<String>), Failure> {
        if let (Reply::Unknown(why), Some(Some(_))) = (&seen.reply, &case.fixture.reply) {
            return Ok((Failed, Vec::new(), Some(format!("there is a reply, but {why}"))));
        }
        let ignored = [&self.ignore[..], &case.fixture.ignore].concat();
        let differences = differences(&case.fixture, seen, &ignored);
        let is_new = case.fixture.expects_nothing();
        if differences.is_empty() && !is_new {
            return Ok((Ending::Ok, differences, None));
        }
        if !self.update {
            let error = is_new.then(|| "it expects nothing: --update writes what comes of it".to_owned());
            return Ok((Failed, differences, error));
        }
        case.fixture.expect(seen);
        let written = fs::write(&case.path, case.fixture.text());
        written.map_err(|error| Failure::failed(format!("cannot write {}: {error}", case.name)))?;
        Ok((Updated, differences, None))
    }
}

/// The project as it is, on a runtime that lives for this alone.
fn options(global: &Global) -> Result<Options, Failure> {
    let voice = Voice { level: if global.verbose { "info" } else { "error" }, ..global.voice() };
    Ok(Options {
        project: global.project(None)?,
        config: global.config()?,
        overrides: ephemeral(global)?,
        mode: Mode::Test,
        voice,
        drain: Some(Duration::ZERO),
        poll: None,
        build: false,
        abandon: false,
    })
}

fn read(project: &Path, name: String) -> Result<Case, String> {
    let path = project.join(&name);
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let fixture = Fixture::read(&name, &text)?;
    let event = fixture.event().map_err(|error| format!("{name}: its event is no CloudEvent: {error}"))?;
    if fixture.trigger.is_none() && fixture.reply.is_some() {
        return Err(format!("{name}: it has a reply and no trigger: name the one whose reply it is"));
    }
    if fixture.outcome == Some(Outcome::Pending) {
        return Err(format!("{name}: pending is no outcome that could be waited for"));
    }
    Ok(Case { name, path, fixture, event })
}

/// Different events of one source and id: whoever gets them may take the second for the first.
fn mistaken(cases: &[Case]) -> Vec<String> {
    let mut first: HashMap<(&str, &str), &Case> = HashMap::new();
    let mut wrong = Vec::new();
    for case in cases {
        let known = first.entry((case.event.source(), case.event.id())).or_insert(case);
        if known.event != case.event {
            wrong.push(format!(
                "{}: its event has the source and id of that in {}, and is another: give it another id",
                case.name, known.name
            ));
        }
    }
    wrong
}
