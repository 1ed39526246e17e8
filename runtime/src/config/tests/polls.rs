//! What is said of sources that ask a URL: what, how often and with which headers, and where their events go.

use std::time::Duration;

use super::Project;
use super::bad::check;
use crate::config::resolved::{ChannelKind, Resolved};
use crate::sources::poll::{Headers, Poll};

const PRICES: &str = "[source.prices]\ntype = \"http-poll\"\nto = \"fn/bill\"\n";
const URL: &str = "url = \"http://x/prices\"\n";

fn loaded(more: &str) -> Resolved {
    let project = Project::new(&format!("{PRICES}{URL}{more}"));
    project.script("functions/bill.sh");
    project.write("token", "hunter2\n", 0o600);
    project.load().usable()
}

#[test]
fn a_url_and_a_place_are_enough() {
    let resolved = loaded("");
    let poll = &resolved.polls["prices"];
    assert_eq!((poll.every, &*poll.ty, &poll.subject), (Duration::from_secs(60), Poll::TYPE, &None));
    assert_eq!(poll.headers, Ok(Headers::default()));
    assert_eq!(poll.outlet.channel, (ChannelKind::Source, "prices".into()));
    assert!(resolved.subscription("source/prices").is_some());
}

#[test]
fn a_header_is_written_or_stands_elsewhere() {
    let resolved = loaded("headers = { Accept = \"text/csv\", authorization = { file = \"token\" } }\n");
    let poll = &resolved.polls["prices"];
    let headers = poll.headers.as_ref().unwrap();
    assert_eq!(headers.written, [("Accept".to_owned(), "text/csv".to_owned())]);
    assert_eq!(headers.secrets.reveal().collect::<Vec<_>>(), [("authorization", "hunter2")]);
    assert!(poll.files[0].ends_with("token") && !format!("{poll:?}").contains("hunter2"));
}

#[test]
fn a_value_that_cannot_be_had_keeps_it_from_asking() {
    let project = Project::new(&format!("{PRICES}{URL}headers.authorization.file = \"token\"\n"));
    project.script("functions/bill.sh");
    let check = |why: &str| {
        let loaded = project.load();
        assert_eq!(loaded.codes(), ["H059"], "{}", loaded.text());
        let resolved = loaded.usable();
        let error = resolved.polls["prices"].headers.clone().unwrap_err();
        assert!(error.starts_with("`authorization` of source `prices` ") && error.contains(why), "{error}");
    };
    check("stands in token: No such file");
    project.write("token", "two\nlines", 0o600);
    check("has a value that no header can have");
}

#[test]
fn what_is_wrong_is_told() {
    let url_help = "\"http://HOST/PATH\"; whom it is asked for stands in `headers`, not in the URL";
    let help = "name what it asks, such as url = \"http://127.0.0.1:9000/prices\"";
    check(PRICES, "H006", (1, 1), "[source.prices] has no `url`", help);
    for url in ["https://x/", "http://me:secret@x/", "http://169.254.169.254/", "x", "fn/bill", "http://"] {
        let message = "`url` in [source.prices] must be a URL";
        check(&format!("{PRICES}url = \"{url}\"\n"), "H005", (4, 7), message, url_help);
    }
    let message = "`Host` in [source.prices] headers must be a header of a request";
    let file = format!("{PRICES}{URL}headers.Host = \"y\"\n");
    check(&file, "H005", (5, 9), message, "leave it out");
    let message = "`x y` in [source.prices] headers must be a header of a request";
    let file = format!("{PRICES}{URL}headers.\"x y\" = \"y\"\n");
    check(&file, "H005", (5, 9), message, "such as accept or authorization");
    let message = "`x` in [source.prices] headers must be a text, or where that stands";
    let help =
        "a text of one line; a secret stands elsewhere: { file = \"secrets/token\" } or { env = \"TOKEN\" }";
    check(&format!("{PRICES}{URL}headers.x = \"y\\nz: 1\"\n"), "H005", (5, 13), message, help);
    let message = "`every` in [source.prices] must be longer than nothing";
    check(&format!("{PRICES}{URL}every = \"0s\"\n"), "H005", (5, 9), message, super::bad::DURATIONS);
    let message = "source `prices` must be what an event can bear";
    let file = format!("{PRICES}{URL}event.subject = \"a\\u0001\"\n");
    check(&file, "H005", (1, 9), message, "mend `event` or `extensions`");
}
