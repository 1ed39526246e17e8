//! What is wrong is told with its code, its place, and what to do; all of it at once.

use super::super::raw::Function;
use super::super::{Given, Overrides, summary};
use super::{Loaded, Project};

/// One finding: code, line and column, message, help.
pub(super) fn check(file: &str, code: &str, place: (usize, usize), message: &str, help: &str) {
    let project = Project::new(file);
    project.script("functions/bill.sh");
    let loaded = project.load();
    let found = loaded.only();
    let at = found.place().map(|place| (place.line(), place.column()));
    assert_eq!(
        (found.code.id(), at, &*found.message, found.help.as_deref().unwrap_or_default()),
        (code, Some(place), message, help),
        "{}",
        loaded.text()
    );
}

pub(super) const DURATIONS: &str =
    "a number with its unit, such as \"30s\", \"200ms\", \"1m 30s\" or \"PT0.2S\"";
const SIZES: &str = "a number with its unit, such as \"512kB\", \"1MiB\" or \"2GiB\"";

#[test]
fn a_response_that_may_begin_after_its_request_is_over() {
    let help = "a response begins before its request is over; `request` is 300s unless it is said";
    for timeout in ["{ response = \"301s\" }", "{ response = \"5001ms\", request = \"5s\" }"] {
        check(
            &format!("[function.bill]\ntimeout = {timeout}\n"),
            "H005",
            (2, 24),
            "`response` in [function.bill] timeout must be at most `request`",
            help,
        );
    }
}

#[test]
fn a_time_for_the_response_of_what_is_no_server() {
    let project = Project::new("[function.bill]\nprotocol = \"oneshot\"\ntimeout = { response = \"1s\" }\n");
    project.script("functions/bill");
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H005"], "{}", loaded.text());
    assert!(loaded.text().contains("`response` in the timeout of function `bill` must be used by a server"));
}

#[test]
fn a_finding_reads_as_the_manual_shows_it() {
    let project = Project::new("[trigger.invoice]\nto = \"fn/bil\"\n");
    project.script("functions/bill.sh");
    let expected = "\
error[H012]: trigger `invoice` points to a function that does not exist
 --> runtime.toml:2:6
  |
2 | to = \"fn/bil\"
  |      ^^^^^^^^ no such function
  |
  = help: did you mean `fn/bill`? (functions/bill.sh)";
    assert_eq!(project.load().text(), expected);
}

#[test]
fn a_finding_without_a_place_names_its_file() {
    let project = Project::empty();
    project.write("functions/old", "x", 0o644);
    let loaded = project.load();
    let expected = "\
warning[H050]: functions/old is not executable (chmod +x functions/old)
 |
 = help: chmod +x functions/old, or move it out of the folder if it is no function";
    assert_eq!(loaded.text(), expected);
    assert!(loaded.resolved.is_some(), "a warning stops nothing");
}

#[test]
fn a_secret_that_is_written_out_or_stands_nowhere_is_refused() {
    let help = "{ file = \"secrets/db\" }, or { env = \"DB_PASSWORD\" }";
    let check_bad = |secret: &str, wanted: &str| {
        let file = format!("[function.bill]\nsecrets = {{ A = {secret} }}\n");
        check(&file, "H005", (2, 17), &format!("`A` in [function.bill] secrets must be {wanted}"), help);
    };
    check_bad("\"hunter2\"", "where the value stands");
    check_bad("{}", "one of `file` and `env`");
    check_bad("{ file = \"x\", env = \"X\" }", "one of `file` and `env`");
    let project = Project::new("[function.bill]\nsecrets = { PORT = { env = \"HOME\" } }\n");
    project.script("functions/bill.sh");
    assert_eq!(project.load().codes(), ["H005"], "hydrant sets it");
    let twice = "[function.bill]\nenv = { A = \"1\" }\nsecrets = { A = { env = \"HOME\" } }\n";
    check(twice, "H011", (3, 13), "`A` is in `env` and in `secrets`", "keep one of them");
}

#[test]
fn a_watch_that_is_off_and_looks_is_refused() {
    check(
        "[watch]\nenabled = false\npoll = \"1s\"\n",
        "H005",
        (3, 8),
        "`poll` in [watch] must be left out with `enabled = false`",
        "remove one of the two: what is not watched is not looked at either",
    );
}

#[test]
fn programs_get_the_same_as_json() {
    let project = Project::new("[runtime]\ndrian = \"1s\"\n");
    let json = project.load().only().json();
    let expected = serde_json::json!({
        "code": "H004",
        "severity": "error",
        "message": "unknown key `drian` in [runtime]",
        "file": "runtime.toml",
        "line": 2,
        "column": 1,
        "help": "did you mean `drain`?",
    });
    assert_eq!(json, expected);
}

#[test]
fn everything_is_told_at_once_the_worst_first() {
    let project = Project::new(
        "[runtime]\ndrain = 5\nlisten = \"x\"\n[broker.default]\nkafka = { topic = \"t\" }\n[trigger.a]\nto = \"fn/x\"\n",
    );
    project.write("functions/old", "x", 0o644);
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H005", "H005", "H012", "H050", "H060"], "{}", loaded.text());
    assert_eq!(summary(&loaded.diagnostics).as_deref(), Some("3 errors, 1 warning"));
    assert!(loaded.resolved.is_none());
}

#[test]
fn toml_that_is_none() {
    check(
        "[runtime]\nlisten = \n",
        "H002",
        (2, 10),
        "invalid TOML: string values must be quoted",
        "expected literal string",
    );
    check("[trigger.a]\nto = \"fn/bill\"\n[trigger.a]\n", "H011", (3, 10), "invalid TOML: duplicate key", "");
}

#[test]
fn unknown_keys() {
    check(
        "[function.bill]\nconcurency = 1\n",
        "H004",
        (2, 1),
        "unknown key `concurency` in [function.bill]",
        "did you mean `concurrency`?",
    );
    check(
        "[watch]\nfolders = 1\n",
        "H004",
        (2, 1),
        "unknown key `folders` in [watch]",
        "known here: enabled, poll",
    );
    check(
        "[triger.a]\nto = 1\n",
        "H004",
        (1, 2),
        "unknown key `triger` in runtime.toml",
        "did you mean `trigger`?",
    );
    check(
        "[function.bill]\ntimeout = { reqest = \"1s\" }\n",
        "H004",
        (2, 13),
        "unknown key `reqest` in [function.bill] timeout",
        "did you mean `request`?",
    );
    check(
        "[defaults]\nexec = \"x\"\n",
        "H004",
        (2, 1),
        "unknown key `exec` in [defaults]",
        &format!("known here: {}", Function::DEFAULTS_KEYS.join(", ")),
    );
}

#[test]
fn durations_and_sizes() {
    check("[runtime]\ndrain = 5\n", "H005", (2, 9), "`drain` in [runtime] must be a duration", DURATIONS);
    check("[defaults]\nidle = \"5\"\n", "H005", (2, 8), "`idle` in [defaults] must be a duration", DURATIONS);
    check(
        "[defaults]\ntimeout = \"0s\"\n",
        "H005",
        (2, 11),
        "`timeout` in [defaults] must be longer than nothing",
        DURATIONS,
    );
    check(
        "[runtime]\nbody_max = \"1 mb\"\n",
        "H005",
        (2, 12),
        "`body_max` in [runtime] must be a size",
        SIZES,
    );
    check(
        "[runtime]\nbudget = \"1kB\"\n",
        "H005",
        (2, 10),
        "`budget` in [runtime] must be at least `body_max`",
        "the largest event must fit: raise `budget` or lower `body_max`",
    );
}

#[test]
fn words_and_numbers() {
    check(
        "[broker.default]\nclass = \"durabel\"\n",
        "H005",
        (2, 9),
        "`class` in [broker.default] must be one of \"memory\", \"durable\", \"kafka\", \"MTChannelBasedBroker\", \"Kafka\"",
        "did you mean \"durable\"?",
    );
    check(
        "[function.bill]\nmax = 0\n",
        "H005",
        (2, 7),
        "`max` in [function.bill] must be a whole number from 1",
        "choose one in range",
    );
    check(
        "[function.bill]\nmax = \"3\"\n",
        "H005",
        (2, 7),
        "`max` in [function.bill] must be a whole number from 1",
        "write it without quotes",
    );
    check(
        "[watch]\nenabled = \"on\"\n",
        "H005",
        (2, 11),
        "`enabled` in [watch] must be `true` or `false`",
        "write it without quotes",
    );
    check(
        "[broker.default]\npartitions = 4096\n",
        "H005",
        (2, 14),
        "`partitions` in [broker.default] must be a whole number from 1 to 1024",
        "choose one in range",
    );
    check(
        "[function.bill]\nprotocol = \"oneshot\"\nconcurrency = 4\n",
        "H005",
        (3, 15),
        "`concurrency` of function `bill` must be 1",
        "a oneshot process takes one event; `max` says how many run at a time",
    );
    check(
        "[function.bill]\nprotocol = \"stdio\"\nbatch = 4\n",
        "H005",
        (3, 9),
        "`batch` of function `bill` must be 1",
        "only a server takes many events in one request: protocol = \"http\"",
    );
    check(
        "[function.bill]\nbatch = 1000\n",
        "H005",
        (2, 9),
        "`batch` in [function.bill] must be a whole number from 1 to 256",
        "choose one in range",
    );
    check(
        "[function.bill]\nbatch = { wait = \"1s\" }\n",
        "H005",
        (2, 9),
        "`batch` in [function.bill] must be a table with `max`",
        "batch = { max = 100, wait = \"50ms\" }",
    );
    check(
        "[function.bill]\nbatch = { max = 9, wait = \"6m\" }\n",
        "H005",
        (2, 27),
        "`wait` in [function.bill] batch must be at most 5m",
        "an event should not wait that long for others",
    );
    check(
        "[function.bill]\nbatch = { max = 1, wait = \"1s\" }\n",
        "H005",
        (2, 27),
        "`wait` in [function.bill] batch must be 0s beside `max = 1`",
        "one event has no others to wait for: raise `max`",
    );
    check(
        "[function.bill]\nprotocol = \"stdio\"\nstandby = true\n",
        "H005",
        (3, 11),
        "`standby` of function `bill` must be false",
        "only a server is started ahead of its events: protocol = \"http\"",
    );
    check(
        "runtime = 1\n",
        "H005",
        (1, 11),
        "`runtime` in runtime.toml must be a table",
        "write `{ key = value }` or a section in brackets",
    );
}

#[test]
fn addresses() {
    let help = "such as \"127.0.0.1:8080\"";
    for address in ["localhost:80", ":80", "127.0.0.1", "x"] {
        let message = "`listen` in [runtime] must be an address with a port";
        check(&format!("[runtime]\nlisten = \"{address}\"\n"), "H005", (2, 10), message, help);
    }
    check(
        "[runtime]\nadmin = \"0.0.0.0:1\"\n",
        "H005",
        (2, 9),
        "`admin` in [runtime] must be a loopback address",
        "use 127.0.0.1 or [::1]",
    );
    check(
        "[runtime]\nadmin = \"127.0.0.1:8080\"\n",
        "H005",
        (2, 9),
        "`admin` in [runtime] must be another address than `listen`",
        "choose another port",
    );
}

#[test]
fn a_flag_is_blamed_for_what_it_says() {
    let overrides = Overrides {
        listen: Some(Given { origin: "--listen", text: "nowhere".into() }),
        ..Overrides::default()
    };
    let loaded = Project::empty().loader_with(overrides, |_, _| Ok(false)).load();
    assert_eq!(loaded.only().file(), Some("--listen"));
    assert!(loaded.text().contains("nowhere"), "{}", loaded.text());
}

#[test]
fn missing_keys() {
    check(
        "[trigger.a]\n",
        "H006",
        (1, 1),
        "[trigger.a] has no `to`",
        "say where it delivers to, such as to = \"fn/NAME\"",
    );
    let project = Project::new("[source.a]\n[subscription.b]\n");
    let loaded = project.load();
    let missing: Vec<&str> =
        loaded.diagnostics.iter().filter(|d| d.code.id() == "H006").map(|d| &*d.message).collect();
    assert_eq!(
        missing,
        [
            "[source.a] has no `type`",
            "[source.a] has no `topics`",
            "[source.a] has no `to`",
            "[subscription.b] has no `channel`",
            "[subscription.b] has no `to`",
        ]
    );
}

#[test]
fn environment_and_arguments() {
    check(
        "[function.bill]\nenv = { PORT = \"1\" }\n",
        "H005",
        (2, 9),
        "`PORT` must be a variable of the function's own",
        "choose another name",
    );
    check(
        "[function.bill]\nenv = { A = 1 }\n",
        "H005",
        (2, 13),
        "`A` in [function.bill] env must be a text",
        "write it in quotes",
    );
    check(
        "[function.bill]\nargs = \"-x\"\n",
        "H005",
        (2, 8),
        "`args` in [function.bill] must be a list of texts",
        "args = [\"--flag\", \"value\"]",
    );
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let project = Project::empty();
    let file = std::path::Path::new("other.toml");
    let mut loader =
        super::Loader::new(project.path(), Some(file), Overrides::default(), |_, _| Ok(false)).unwrap();
    let loaded: Loaded = loader.load();
    assert_eq!(loaded.codes(), ["H001"], "{}", loaded.text());
    assert_eq!(loaded.only().file(), Some("other.toml"));
}
