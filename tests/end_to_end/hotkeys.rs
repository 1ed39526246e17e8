//! `hydrant dev` at a terminal: what its keys do, and that the terminal is as it was afterwards. And that what other verbs
//! show fits into a narrow one.

use libtest_mimic::Trial;
use nix::sys::signal::Signal;

use crate::support::project::noting_server;
use crate::support::pty::{Step, on_a_terminal};
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "hotkeys",
        &[
            ("keys_send_again_pause_reap_and_quit", keys),
            ("the_terminal_is_as_it_was_however_it_ends", however_it_ends),
            ("without_a_terminal_there_are_no_keys", without_a_terminal),
            ("no_row_is_wider_than_a_narrow_terminal", narrow),
        ],
    )
}

const BANNER: &str = "[q] quit";

fn project() -> Project {
    let project = Project::new("");
    project.function("order", noting_server("", ""));
    project
}

fn keys() {
    let project = project();
    let seen = on_a_terminal(
        &project,
        100,
        &["dev"],
        &[
            Step::Shown(BANNER),
            Step::Key("h"),
            Step::Shown("with an id of its own"),
            Step::Key("s"),
            Step::Shown("no event yet"),
            Step::Run(&["send", "order", "--id", "first", "--wait=60s"]),
            Step::Lines("delivered", 1),
            Step::Key("s"),
            Step::Shown("order first is sent again to broker/default as "),
            Step::Lines("delivered", 2),
            Step::Key("p"),
            Step::Shown("all triggers are paused"),
            Step::Run(&["send", "order", "--id", "later"]),
            Step::Key("p"),
            Step::Shown("all triggers go on"),
            Step::Lines("delivered", 3),
            Step::Run(&["invoke", "order"]),
            Step::Key("r"),
            Step::Shown("1 function idle: brought to zero"),
            Step::Shown("zero"),
            Step::Key("l"),
            Step::Shown("\x1b[2J"),
            Step::Key("q"),
        ],
    );
    assert_eq!((seen.code, seen.same, seen.changed), (Some(0), true, true), "{}", seen.text);
    let delivered = project.lines("delivered");
    assert_eq!((&*delivered[0], &*delivered[2]), ("first", "later"), "{delivered:?}");
    assert_eq!(delivered[1].len(), 26, "an id of its own: {delivered:?}");
}

fn however_it_ends() {
    let project = project();
    for end in [Step::Key("\x03"), Step::Signal(Signal::SIGTERM as i32), Step::Key("q")] {
        let seen = on_a_terminal(&project, 100, &["dev"], &[Step::Shown(BANNER), end]);
        assert_eq!((seen.code, seen.same, seen.changed), (Some(0), true, true), "{}", seen.text);
    }
}

fn without_a_terminal() {
    let project = project();
    let runtime = Runtime::start(&project);
    assert!(!runtime.log().contains("[q]"), "{}", runtime.log());
}

fn narrow() {
    const COLUMNS: usize = 40;
    let project = project();
    let runtime = Runtime::start(&project);
    let id = "a-long-id-".repeat(12);
    assert_eq!(verb(&project, &["send", "order", "--id", &id, "--wait=60s"]).0, 0);
    let fits = |arguments: &[&str], steps: &[Step<'_>], wanted: &str| {
        let seen = on_a_terminal(&project, COLUMNS, arguments, steps);
        let rows: Vec<&str> = seen.text.lines().filter(|line| !line.contains("Ctrl-C")).collect();
        assert!(rows.iter().all(|row| row.trim_end().chars().count() <= COLUMNS), "{rows:#?}");
        assert!(rows.iter().any(|row| row.contains(wanted)), "{rows:#?}");
    };
    fits(&["ps"], &[], "FUNCTION  STATE");
    fits(&["history"], &[], "  delivered  order");
    fits(
        &["tail", "-n", "1"],
        &[Step::Shown("delivered 200"), Step::Key("\x03")],
        "  delivered 200  order  order",
    );
    drop(runtime);
}
