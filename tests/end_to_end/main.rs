//! End to end: drives only the built binary, with real processes, real files, and a real Kafka.
//!
//! Each group is a module; the run ends by telling how many of each group were executed and skipped, and why.
//! With `CI` set, what would be skipped fails instead.

#![expect(clippy::print_stdout, reason = "figures of the run belong to its output")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod attach;
mod bad_answers;
mod bad_functions;
mod bad_input;
mod batches;
mod build;
mod cgroups;
mod completions;
mod connections;
mod containers;
mod delivery;
mod departures;
mod descendants;
mod ephemeral;
mod file_watches;
mod filters;
mod fixtures;
mod floods;
mod flows;
mod fmt;
mod folders;
mod forbidden;
mod golden;
mod group;
mod h2c;
mod headers;
mod held;
mod held_port;
mod history;
mod hotkeys;
mod isolation;
mod jobs;
mod kafka;
mod kill;
mod knative;
mod letters;
mod lines;
mod logs;
mod loops;
mod man;
mod new;
mod once;
mod order;
mod pause;
mod pings;
mod poison;
mod polls;
mod races;
mod redriven;
mod reload;
mod repeats;
mod replay;
mod replies;
mod rewired;
mod scale;
mod scaled;
mod secrets;
mod send;
mod sinks;
mod standby;
mod stock;
mod stop;
mod streams;
mod support;
mod tail;
mod top;
mod traffic;
mod transactions;
mod transcripts;
mod verbs;
mod wake;
mod zero;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Two cores: more at a time only slows each down.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let groups: &[fn() -> Vec<Trial>] = &[
        wake::trials,
        lines::trials,
        streams::trials,
        batches::trials,
        h2c::trials,
        zero::trials,
        scale::trials,
        bad_functions::trials,
        delivery::trials,
        held::trials,
        golden::trials,
        poison::trials,
        loops::trials,
        forbidden::trials,
        floods::trials,
        departures::trials,
        repeats::trials,
        replay::trials,
        history::trials,
        replies::trials,
        headers::trials,
        bad_answers::trials,
        bad_input::trials,
        connections::trials,
        containers::trials,
        file_watches::trials,
        descendants::trials,
        held_port::trials,
        races::trials,
        reload::trials,
        rewired::trials,
        attach::trials,
        build::trials,
        traffic::trials,
        transactions::trials,
        flows::trials,
        jobs::trials,
        folders::trials,
        secrets::trials,
        stop::trials,
        kill::trials,
        knative::trials,
        once::trials,
        letters::trials,
        redriven::trials,
        order::trials,
        verbs::trials,
        send::trials,
        new::trials,
        completions::trials,
        man::trials,
        transcripts::trials,
        fmt::trials,
        tail::trials,
        logs::trials,
        pause::trials,
        pings::trials,
        polls::trials,
        scaled::trials,
        top::trials,
        hotkeys::trials,
        fixtures::trials,
        ephemeral::trials,
        filters::trials,
        kafka::trials,
        group::trials,
        sinks::trials,
        stock::trials,
        standby::trials,
        isolation::trials,
        cgroups::trials,
    ];
    let trials = groups.iter().flat_map(|trials| trials()).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    support::group::report();
    transcripts::report();
    support::kafka::stop();
    conclusion.exit_code()
}
