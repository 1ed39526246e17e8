//! What is said of sources of type ping: when they fire and what, and where that is stored.

use activator::delivery::Deduplicate;
use activator::topology::Start;
use std::time::Duration;

use super::Project;
use super::bad::check;
use crate::channel::Spec;
use crate::config::resolved::{ChannelKind, Resolved};
use crate::ping::{Missed, Ping};

const NIGHTLY: &str = "[source.nightly]\ntype = \"ping\"\nschedule = \"0 3 * * *\"\n";

fn resolved(more: &str) -> Resolved {
    let project = Project::new(&format!("{NIGHTLY}{more}"));
    project.script("functions/bill.sh");
    project.resolved()
}

fn nightly(resolved: &Resolved) -> &Ping {
    &resolved.pings["nightly"]
}

fn channels(resolved: &Resolved) -> Vec<&str> {
    let own = resolved.channels.values().filter(|channel| channel.kind == ChannelKind::Source);
    own.map(|channel| channel.name.as_str()).collect()
}

#[test]
fn into_a_channel_it_puts_its_events_itself() {
    let resolved = resolved("to = \"broker/default\"\ntimezone = \"Europe/Berlin\"\n");
    let ping = nightly(&resolved);
    assert_eq!(ping.outlet.channel, (ChannelKind::Broker, "default".into()));
    assert_eq!(ping.schedule.told(), "at 03:00 every day (Europe/Berlin)");
    assert_eq!((ping.missed, channels(&resolved)), (Missed::Skip, vec![]));
    assert!(resolved.subscription("source/nightly").is_none());
}

#[test]
fn before_a_function_or_url_is_a_durable_channel() {
    for to in ["fn/bill", "http://127.0.0.1:1/"] {
        let resolved = resolved(&format!("to = \"{to}\"\ndelivery = {{ retry = 2 }}\nmissed = \"once\"\n"));
        let ping = nightly(&resolved);
        assert_eq!(ping.outlet.channel, (ChannelKind::Source, "nightly".into()));
        assert_eq!((ping.missed, channels(&resolved)), (Missed::Once, vec!["nightly"]));
        let subscription = resolved.subscription("source/nightly").unwrap();
        let Spec::Durable(_) = resolved.channels[&subscription.channel].spec else { panic!("not durable") };
        assert_eq!((subscription.start, subscription.delivery.retry), (Start::Beginning, 2));
        let known = Deduplicate { time: Duration::from_secs(86_400), max: 10_000 };
        assert_eq!(subscription.delivery.deduplicate, Some(known), "the event of one time is delivered once");
    }
}

#[test]
fn an_event_is_as_knatives_and_the_same_each_time() {
    let resolved =
        resolved("to = \"fn/bill\"\ndata = '{\"a\":1}'\nextensions = { region = \"eu\", tier = 3 }\n");
    let time = "2026-11-27T03:00:00Z".parse().unwrap();
    let event = nightly(&resolved).event("7", time).unwrap();
    let attributes =
        ["id", "type", "source", "time", "datacontenttype", "region", "tier"].map(|name| event.get(name));
    let expected = [
        "7",
        "dev.knative.sources.ping",
        "/apis/v1/namespaces/default/pingsources/nightly",
        "2026-11-27T03:00:00Z",
        "application/json",
        "eu",
        "3",
    ];
    assert_eq!(attributes, expected.map(Some));
    assert_eq!(&event.data()[..], b"{\"a\":1}");
}

#[test]
fn data_is_a_text_or_base64() {
    for (said, data, content_type) in [
        ("", "", None),
        ("data = \"hello\"\n", "hello", Some("text/plain")),
        ("data = \"3\"\ncontentType = \"text/csv\"\n", "3", Some("text/csv")),
        ("dataBase64 = \"aGk=\"\n", "hi", None),
        ("data_base64 = \"aGk=\"\ncontent_type = \"image/png\"\n", "hi", Some("image/png")),
    ] {
        let resolved = resolved(&format!("to = \"fn/bill\"\n{said}"));
        let ping = nightly(&resolved);
        assert_eq!((&ping.data[..], ping.content_type.as_deref()), (data.as_bytes(), content_type), "{said}");
    }
}

#[test]
fn a_schedule_that_is_none_is_underlined_where_it_is_wrong() {
    let head = "[source.nightly]\ntype = \"ping\"\nto = \"fn/bill\"\n";
    check(
        &format!("{head}schedule = \"0 25 * * *\"\n"),
        "H040",
        (4, 15),
        "`schedule` in [source.nightly] is no schedule",
        "it is 0 to 23: a number, `*`, a list (1,15), a range (1-5) or steps (*/15)",
    );
    check(
        &format!("{head}schedule = \"0 0 30 2 *\"\n"),
        "H041",
        (4, 12),
        "`schedule` in [source.nightly] never comes",
        "the last day of each month is `L`: 0 0 L * *",
    );
    check(
        head,
        "H006",
        (1, 1),
        "[source.nightly] has no `schedule`",
        "say when it fires, such as schedule = \"0 3 * * *\"",
    );
    check(
        &format!("{head}schedule = \"@daily\"\ntimezone = \"Europe/Belrin\"\n"),
        "H005",
        (5, 12),
        "`timezone` in [source.nightly] must be a time zone of the IANA database",
        "did you mean \"Europe/Berlin\"?",
    );
}

#[test]
fn each_type_has_its_keys() {
    let known = "type, schedule, timezone, missed, data, data_base64, dataBase64, content_type, contentType, extensions, \
                 delivery, to";
    check(
        &format!("{NIGHTLY}to = \"fn/bill\"\ntopics = \"t\"\n"),
        "H004",
        (5, 1),
        "unknown key `topics` in [source.nightly]",
        &format!("it is a key of type = \"kafka\"; known here: {known}"),
    );
    check(
        &NIGHTLY.replace("\"ping\"", "\"pign\"").replace("schedule", "to = \"fn/bill\"\nschedule"),
        "H005",
        (2, 8),
        "`type` in [source.nightly] must be one of \"kafka\", \"ping\", \"container\", \"http-poll\", \"file-watch\"",
        "did you mean \"ping\"?",
    );
    check(
        &format!("{NIGHTLY}to = \"fn/bil\"\n"),
        "H012",
        (4, 6),
        "source `nightly` points to a function that does not exist",
        "did you mean `fn/bill`? (functions/bill.sh)",
    );
}

#[test]
fn what_no_event_can_hold_is_refused() {
    let check = |more: &str, line, message: &str, help: &str| {
        check(&format!("{NIGHTLY}to = \"fn/bill\"\n{more}\n"), "H005", line, message, help);
    };
    check(
        "data = \"{\"\ncontent_type = \"application/json\"",
        (5, 8),
        "`data` in [source.nightly] must be JSON, as `content_type` says",
        "mend it, or say content_type = \"text/plain\"",
    );
    check(
        "data = \"x\"\ndata_base64 = \"eA==\"",
        (6, 15),
        "`data_base64` in [source.nightly] must be the only data",
        "keep one of them",
    );
    check(
        "data_base64 = \"?\"",
        (5, 15),
        "`data_base64` in [source.nightly] must be base64",
        "as `base64` prints it",
    );
    check(
        "extensions = { id = \"1\" }",
        (5, 16),
        "`id` in [source.nightly] extensions must be an extension attribute of an event",
        "choose another name",
    );
    check(
        "content_type = \"a\\nb\"",
        (1, 9),
        "source `nightly` must be what an event can bear",
        "mend `content_type` or `extensions`",
    );
}

#[test]
fn keys_that_do_nothing_are_noted() {
    let loaded =
        Project::new(&format!("{NIGHTLY}to = \"broker/default\"\ndelivery = {{ retry = 1 }}\n")).load();
    assert_eq!(loaded.codes(), ["H060"], "{}", loaded.text());
    let stateless = "runtime.state = \"memory\"\n";
    let loaded =
        Project::new(&format!("{stateless}{NIGHTLY}to = \"broker/default\"\nmissed = \"once\"\n")).load();
    assert_eq!(loaded.codes(), ["H060"], "{}", loaded.text());
    assert!(loaded.text().contains("cannot know what it missed"), "{}", loaded.text());
}
