//! Sources that ask a URL: an event for each change and for nothing else, over failures, restarts and kills.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_script;
use crate::support::runtime::verb;
use crate::support::site::{Page, Site};
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "polls",
        &[
            ("each_change_is_an_event_and_nothing_else_is", changes),
            ("a_server_that_knows_what_was_seen_is_asked_for_more_only", conditional),
            ("a_url_that_fails_is_told_once_and_asked_again", fails),
            ("a_server_is_left_alone_for_as_long_as_it_asks", retry_after),
            ("what_is_too_large_or_elsewhere_is_no_event", refused),
            ("a_restart_repeats_nothing", restarts),
            ("a_kill_before_it_is_noted_makes_the_same_event_again", over_kills),
            ("a_header_is_a_secret_and_waits_for_its_file", secret_header),
        ],
    )
}

fn source(name: &str, site: &Site, more: &str) -> String {
    format!(
        "[source.{name}]\ntype = \"http-poll\"\nurl = \"{}\"\nto = \"fn/bill\"\n{more}\n",
        site.url("/prices")
    )
}

fn project(config: &str) -> Project {
    let project = Project::new(config);
    project.function("bill", noting_script("", "echo \"$(cat)\" >> data"));
    project
}

fn standing(runtime: &Runtime<'_>, name: &str) -> Value {
    let all = runtime.admin("GET", "/api/v1/sources").json();
    all.as_array().unwrap().iter().find(|source| source["source"] == name).unwrap().clone()
}

/// Fires it, and gives its event's id.
fn fire(project: &Project, name: &str) -> Option<String> {
    let (code, data, talk) = verb(project, &["fire", name, "--wait=60s", "-o", "json"]);
    assert_eq!(code, 0, "{talk}");
    let event = data.lines().next()?;
    Some(serde_json::from_str::<Value>(event).unwrap()["id"].as_str().unwrap().to_owned())
}

const NEVER_SOON: &str = "every = \"1h\"";

fn changes() {
    let site = Site::new(Page::of("a").with("content-type", "text/csv"));
    let more =
        "every = \"100ms\"\nevent = { type = \"price\", subject = \"eu\" }\nextensions = { region = \"eu\" }";
    let project = project(&source("prices", &site, more));
    let runtime = Runtime::start(&project);
    wait_until("what is there at first came", || project.lines("data") == ["a"]);
    let asked = site.asked().len();
    wait_until("it was asked again and again", || site.asked().len() > asked + 3);
    site.show(Page::of("b"));
    wait_until("a change came", || project.lines("data") == ["a", "b"]);
    // What was there before is a change as well, and delivered though it was delivered before.
    site.show(Page::of("a"));
    wait_until("it came back", || project.lines("data") == ["a", "b", "a"]);
    let ids = project.lines("delivered");
    assert!(ids.iter().all(|id| id.starts_with("prices-")) && ids[0] != ids[2], "{ids:?}");
    let event = runtime.admin("GET", &format!("/api/v1/events/{}?data=true", ids[0])).json().to_string();
    for part in ["\"price\"", "\"eu\"", "region", "text/csv", &site.url("/prices")] {
        assert!(event.contains(part), "{part}: {event}");
    }
    assert_eq!(runtime.verdicts(&ids[0])["prices"]["channel"], "source/prices");
}

fn conditional() {
    let page = Page::of("a").with("etag", "\"1\"").with("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    let site = Site::new(page);
    let project = project(&source("prices", &site, NEVER_SOON));
    let _runtime = Runtime::start(&project);
    wait_until("the first came", || project.lines("data") == ["a"]);
    assert!(!site.asked()[0].contains("if-"), "nothing was seen: {}", site.asked()[0]);
    // The body is another all the same: whoever says that it was seen is believed.
    site.show(Page::of("b").status(304));
    let (code, data, talk) = verb(&project, &["fire", "prices"]);
    assert!(code == 0 && data.is_empty() && talk.contains("prices: nothing new"), "{data}{talk}");
    let second = site.asked()[1].clone();
    for header in ["if-none-match: \"1\"\r\n", "if-modified-since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"] {
        assert!(second.contains(header), "{header}: {second}");
    }
    site.show(Page::of("a").with("etag", "\"2\""));
    assert_eq!(fire(&project, "prices"), None, "the same body is no change");
    site.show(Page::of("c"));
    assert!(fire(&project, "prices").is_some());
    assert!(
        site.asked()[3].contains("if-none-match: \"2\"\r\n"),
        "the last answer counts: {}",
        site.asked()[3]
    );
    assert!(!site.asked()[3].contains("if-modified-since"), "{}", site.asked()[3]);
    assert_eq!(project.lines("data"), ["a", "c"]);
}

fn fails() {
    let site = Site::new(Page::of("no").status(500));
    let project = project(&source("prices", &site, "every = \"1s\""));
    let runtime = Runtime::start(&project);
    wait_until("it is asked again", || standing(&runtime, "prices")["failures"].as_u64() >= Some(2));
    let seen = standing(&runtime, "prices");
    assert_eq!((&seen["state"], &seen["error"]), (&"failing".into(), &"it answered 500".into()));
    assert_eq!(runtime.log().matches("its URL gives nothing").count(), 1, "{}", runtime.log());
    let (_, ps, _) = verb(&project, &["ps", "--sources"]);
    assert!(ps.contains("http-poll  fn/bill  failing") && ps.contains("it answered 500"), "{ps}");
    site.show(Page::of("a"));
    wait_until("it came", || project.lines("data") == ["a"]);
    wait_until("it is told", || standing(&runtime, "prices")["state"] == "answering");
    assert_eq!(standing(&runtime, "prices")["error"], Value::Null);
    drop(site);
    let (code, _, talk) = verb(&project, &["fire", "prices"]);
    assert!(code == 1 && talk.contains("prices did not fire: cannot connect"), "{talk}");
    assert_eq!(standing(&runtime, "prices")["state"], "failing");
}

fn retry_after() {
    let busy = Site::new(Page::of("busy").status(503).with("retry-after", "7200"));
    let other = Site::new(Page::of("x"));
    let config = [source("prices", &busy, "every = \"100ms\""), source("other", &other, "every = \"1s\"")];
    let project = project(&config.concat());
    let runtime = Runtime::start(&project);
    wait_until("it says so", || standing(&runtime, "prices")["state"] == "failing");
    let seen = standing(&runtime, "prices");
    let hour = |key: &str| seen[key].as_str().unwrap()[..13].to_owned();
    assert!(hour("next") > hour("since"), "{seen}");
    let asked = other.asked().len();
    wait_until("the other is asked on", || other.asked().len() >= asked + 3);
    assert_eq!(busy.asked().len(), 1);
    // Somebody who wants it now is no reason to wait.
    busy.show(Page::of("a"));
    assert!(fire(&project, "prices").is_some());
    wait_until("its pace is its own again", || busy.asked().len() >= 4);
}

fn refused() {
    let site = Site::new(Page::of(&"x".repeat(3000)));
    let small = "body_max = \"2KiB\"\n";
    let project = project(&format!("{small}{}", source("prices", &site, NEVER_SOON)));
    let _runtime = Runtime::start(&project);
    let refused = |why: &str| {
        let (code, _, talk) = verb(&project, &["fire", "prices"]);
        assert!(code == 1 && talk.contains(why), "{why}: {talk}");
    };
    refused("its body has more than 2048 bytes");
    site.show(Page::of("").status(302).with("location", "/elsewhere"));
    refused("it answered 302: redirects are not followed");
    site.show(Page::of("a").with("content-encoding", "gzip"));
    refused("its body is encoded as gzip");
    assert!(site.asked().iter().all(|head| head.starts_with("GET /prices ")), "{:?}", site.asked());
    site.show(Page::of("a"));
    assert!(fire(&project, "prices").is_some());
    assert_eq!(project.lines("data"), ["a"], "{:?}", project.lines("data"));
}

fn restarts() {
    let site = Site::new(Page::of("a").with("etag", "\"1\""));
    let project = project(&source("prices", &site, "every = \"100ms\""));
    let runtime = Runtime::start(&project);
    wait_until("it came", || project.lines("data") == ["a"]);
    assert!(runtime.stop().success());
    let asked = site.asked().len();
    let runtime = Runtime::start(&project);
    wait_until("it is asked on", || site.asked().len() >= asked + 2);
    assert!(site.asked()[asked].contains("if-none-match: \"1\"\r\n"), "{}", site.asked()[asked]);
    site.show(Page::of("b"));
    wait_until("only a change came", || project.lines("data") == ["a", "b"]);
    // What is no source any more is forgotten.
    project.configure("");
    wait_until("nothing is kept of it", || {
        std::fs::read_to_string(project.file(".hydrant/polls")).is_ok_and(|kept| !kept.contains("prices"))
    });
    assert!(runtime.stop().success());
}

/// Killed wherever it may be; and as a kill between storing and noting leaves it.
fn over_kills() {
    let site = Site::new(Page::of("0"));
    let config = source("prices", &site, "every = \"10ms\"").replace("fn/bill", "channel/all");
    let reader =
        "[channel.all]\n[subscription.all]\nchannel = \"all\"\nto = \"fn/bill\"\nstart = \"earliest\"\n";
    let project = project(&format!("{config}{reader}"));
    for at in 1..=5 {
        let runtime = Runtime::start(&project);
        let seen = |body: &str| project.lines("data").iter().any(|line| line == body);
        site.show(Page::of(&format!("{at}")));
        wait_until("it came", || seen(&at.to_string()));
        runtime.kill9();
        wait_until("its functions are gone", || project.processes().is_empty());
    }
    let ids = project.counts("delivered");
    // Six bodies, the first of which may have been missed; each always the same event.
    assert!((5..=6).contains(&ids.len()), "{ids:?}");
    let before = std::fs::read_to_string(project.file(".hydrant/polls")).unwrap();
    let runtime = Runtime::start(&project);
    site.show(Page::of("last"));
    let note = || std::fs::read_to_string(project.file(".hydrant/polls")).unwrap();
    wait_until("it is noted", || note() != before);
    let after = note();
    runtime.kill9();
    wait_until("its functions are gone", || project.processes().is_empty());
    project.write(".hydrant/polls", &before);
    let again = "[subscription.again]\nchannel = \"all\"\nto = \"fn/again\"\nstart = \"earliest\"\n";
    project.function("again", noting_script("", "").replace("delivered", "again"));
    project.configure(&format!("{config}{reader}{again}"));
    let _runtime = Runtime::start(&project);
    wait_until("it is noted again", || note() == after);
    // Who reads the channel from its beginning sees what is in it.
    wait_until("it is there twice", || project.counts("again").values().any(|times| *times == 2));
    assert_eq!(project.counts("again").len(), ids.len() + 1, "and is the same event");
}

fn secret_header() {
    let site = Site::new(Page::of("a"));
    let headers = "headers = { accept = \"text/csv\", authorization = { file = \"token\" } }";
    let project = project(&source("prices", &site, headers));
    let runtime = Runtime::start(&project);
    let seen = standing(&runtime, "prices");
    assert_eq!(seen["state"], "broken");
    assert!(
        seen["error"].as_str().unwrap().contains("`authorization` of source `prices` stands in token"),
        "{seen}"
    );
    let (code, _, talk) = verb(&project, &["fire", "prices"]);
    assert!(code == 1 && talk.contains("stands in token") && site.asked().is_empty(), "{talk}");
    project.write("token", "Bearer hunter2\n");
    wait_until("it is asked", || project.lines("data") == ["a"]);
    let head = site.asked()[0].clone();
    assert!(
        head.contains("authorization: Bearer hunter2\r\n") && head.contains("accept: text/csv\r\n"),
        "{head}"
    );
    let told = format!("{}{}", standing(&runtime, "prices"), runtime.log());
    assert!(!told.contains("hunter2"), "{told}");
}
