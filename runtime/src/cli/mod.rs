//! The command line: one file per verb. Data goes to stdout, talk to stderr, and the exit code means something
//! ([`exit`]). Verbs that ask a running hydrant find it by [`daemon`].

mod attach;
mod bare;
mod bench;
mod cesql;
mod check;
mod completions;
mod connection;
mod daemon;
mod dev;
mod dlq;
mod doctor;
mod doubts;
mod events;
mod exit;
mod explain;
mod export;
mod fire;
mod fixture;
mod fmt;
mod follow;
mod format;
mod global;
mod help;
mod history;
mod http;
mod import;
mod invoke;
mod live;
mod logs;
mod new;
mod output;
mod pause;
mod ps;
mod rate;
mod record;
mod replay;
mod retry;
mod run;
mod samples;
mod sarif;
mod scale;
mod schema;
mod send;
mod sse;
mod table;
mod tail;
mod test;
mod top;
mod tree;
mod version;
mod which;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::Failure;
use global::Global;

/// Runs functions when events come, and nothing when none do.
#[derive(Debug, Parser)]
#[command(name = "hydrant", version, about, max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    New(new::New),
    Dev(dev::Dev),
    Run(run::Run),
    Send(send::Send),
    Fire(fire::Fire),
    Invoke(invoke::Invoke),
    Ps(ps::Ps),
    Top(top::Top),
    Tail(tail::Tail),
    Logs(logs::Logs),
    Pause(pause::Pause),
    Resume(pause::Resume),
    Scale(scale::Scale),
    History(history::History),
    Replay(replay::Replay),
    Record(record::Record),
    Test(test::Test),
    Retry(retry::Retry),
    Dlq(dlq::Dlq),
    Attach(attach::Attach),
    Check(check::Check),
    Doctor(doctor::Doctor),
    Explain(explain::Explain),
    Cesql(cesql::Cesql),
    Fmt(fmt::Fmt),
    Schema(schema::Schema),
    Export(export::Export),
    Import(import::Import),
    Completions(completions::Completions),
    Version(version::Version),
    Bench(bench::Bench),
    Help(help::Help),
}

/// The whole life of the program, from its arguments to its exit code.
pub(crate) fn main() -> ExitCode {
    if let Some(done) = completions::answer() {
        return done;
    }
    let Cli { global, verb } = Cli::parse();
    if global.is_yaml() {
        output::write_yaml();
    }
    run(&global, verb).unwrap_or_else(|failure| failure.tell())
}

fn run(global: &Global, verb: Option<Verb>) -> Result<ExitCode, Failure> {
    if global.is_sarif() && !matches!(verb, Some(Verb::Check(_))) {
        return Err(Failure::usage("only `hydrant check` writes -o sarif").help("use -o json or -o yaml"));
    }
    match verb {
        None => bare::bare(global),
        Some(Verb::New(verb)) => verb.run(global),
        Some(Verb::Dev(verb)) => verb.run(global),
        Some(Verb::Run(verb)) => verb.run(global),
        Some(Verb::Send(verb)) => client(verb.run(global)),
        Some(Verb::Fire(verb)) => client(verb.run(global)),
        Some(Verb::Invoke(verb)) => client(verb.run(global)),
        Some(Verb::Ps(verb)) => client(verb.run(global)),
        Some(Verb::Top(verb)) => client(verb.run(global)),
        Some(Verb::Tail(verb)) => client(verb.run(global)),
        Some(Verb::Logs(verb)) => client(verb.run(global)),
        Some(Verb::Pause(verb)) => client(verb.run(global)),
        Some(Verb::Resume(verb)) => client(verb.run(global)),
        Some(Verb::Scale(verb)) => client(verb.run(global)),
        Some(Verb::History(verb)) => client(verb.run(global)),
        Some(Verb::Replay(verb)) => client(verb.run(global)),
        Some(Verb::Record(verb)) => client(verb.run(global)),
        Some(Verb::Test(verb)) => verb.run(global),
        Some(Verb::Retry(verb)) => client(verb.run(global)),
        Some(Verb::Dlq(verb)) => client(verb.run(global)),
        Some(Verb::Attach(verb)) => client(verb.run(global)),
        Some(Verb::Check(verb)) => verb.run(global),
        Some(Verb::Doctor(verb)) => client(verb.run(global)),
        Some(Verb::Explain(verb)) => client(verb.run(global)),
        Some(Verb::Cesql(verb)) => verb.run(global),
        Some(Verb::Fmt(verb)) => verb.run(global),
        Some(Verb::Schema(verb)) => verb.run(),
        Some(Verb::Export(verb)) => verb.run(global),
        Some(Verb::Import(verb)) => verb.run(global),
        Some(Verb::Completions(verb)) => verb.run(),
        Some(Verb::Help(verb)) => verb.run(),
        Some(Verb::Bench(verb)) => verb.run(global),
        Some(Verb::Version(verb)) => client(verb.run(global)),
    }
}

/// Runs a verb that only asks: one thread is plenty.
fn client(verb: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?.block_on(verb)
}
