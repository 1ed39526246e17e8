//! How long a channel keeps events, and how safely.

use std::time::Duration;

use super::super::resolved::ChannelKind;
use super::{Project, Resolved};
use crate::channel::{DurableSpec, Reserve, Retention, Spec, SyncMode};

fn durable<'a>(resolved: &'a Resolved, kind: ChannelKind, name: &str) -> &'a DurableSpec {
    let channel = resolved.channels.values().find(|c| c.kind == kind && c.name == name).unwrap();
    match &channel.spec {
        Spec::Durable(spec) => spec,
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn a_channel_syncs_to_where_it_says() {
    let project = Project::new(
        "[broker.default]\nsync = \"disk\"\n[channel.a]\nclass = \"durable\"\nsync = \"disk\"\n[channel.b]\nsync = \"os\"\n[channel.c]\n",
    );
    let resolved = project.resolved();
    let sync = |kind, name| durable(&resolved, kind, name).sync;
    assert_eq!(sync(ChannelKind::Broker, "default"), SyncMode::Disk);
    assert_eq!(sync(ChannelKind::Channel, "a"), SyncMode::Disk);
    assert_eq!(sync(ChannelKind::Channel, "b"), SyncMode::Os);
    assert_eq!(sync(ChannelKind::Channel, "c"), SyncMode::Os);
}

/// A dead letter that is stored lets the cursor pass the event.
#[test]
fn dead_letters_are_kept_as_well_as_the_best_channel() {
    for (file, expected) in [
        ("[channel.a]\n", SyncMode::Os),
        ("[channel.a]\nsync = \"disk\"\n", SyncMode::Disk),
        ("[channel.a]\nclass = \"memory\"\nsync = \"disk\"\n", SyncMode::Os),
    ] {
        let resolved = Project::new(file).resolved();
        assert_eq!(durable(&resolved, ChannelKind::DeadLetters, "dlq").sync, expected, "{file}");
    }
}

/// Without dead letters, an event that nobody can take would hold its cursor, and nothing would make room.
#[test]
fn the_last_of_a_full_disk_is_for_dead_letters() {
    let resolved = Project::new("").resolved();
    let reserve = |kind, name| durable(&resolved, kind, name).reserve;
    assert_eq!(reserve(ChannelKind::DeadLetters, "dlq"), Reserve::Used);
    assert_eq!(reserve(ChannelKind::Broker, "default"), Reserve::Left);
}

#[test]
fn a_key_that_a_class_has_no_use_for_is_a_note() {
    let check = |keys: &str, codes: &[&str]| {
        let file = format!("[kafka]\nbrokers = \"k:9092\"\n[channel.a]\n{keys}\n");
        let loaded = Project::new(&file).load();
        assert_eq!(loaded.codes(), codes, "{keys}: {}", loaded.text());
        loaded.usable();
    };
    check("sync = \"disk\"", &[]);
    check("class = \"durable\"\nsync = \"disk\"", &[]);
    check("class = \"memory\"\nsync = \"disk\"", &["H060"]);
    check("class = \"kafka\"\nsync = \"disk\"", &["H060"]);
    check("retention = { age = \"7d\" }", &[]);
    check("class = \"kafka\"\nretention = { age = \"7d\" }", &[]);
    check("class = \"memory\"\nretention = { age = \"7d\" }", &["H060"]);
}

#[test]
fn a_word_that_is_no_place_to_sync_to_is_refused() {
    let loaded = Project::new("[channel.a]\nsync = \"disc\"\n").load();
    assert!(loaded.text().contains("did you mean \"disk\"?"), "{}", loaded.text());
}

#[test]
fn a_channel_keeps_what_its_caps_allow() {
    let caps = "retention = { bytes = \"10GiB\", age = \"7d\" }";
    let resolved = Project::new(&format!("[channel.a]\n{caps}\n[channel.b]\n")).resolved();
    let retention = |name| durable(&resolved, ChannelKind::Channel, name).retention;
    let week = Duration::from_secs(7 * 24 * 3_600);
    assert_eq!(retention("a"), Retention { bytes: Some(10 << 30), age: Some(week) });
    assert_eq!(retention("b"), Retention::default());
    assert_eq!(durable(&resolved, ChannelKind::DeadLetters, "dlq").retention, Retention::default());
}

#[test]
fn a_topic_is_created_with_the_caps_of_its_channel() {
    let check = |caps: &str, expected| {
        let file =
            format!("[kafka]\nbrokers = \"k:9092\"\n[channel.a]\nclass = \"kafka\"\nretention = {caps}\n");
        let resolved = Project::new(&file).resolved();
        let channel = resolved.channels.values().find(|c| c.name == "a").unwrap();
        let Spec::Kafka(spec) = &channel.spec else { panic!("{:?}", channel.spec) };
        assert_eq!(spec.create.unwrap().retention, expected, "{caps}");
    };
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3_600));
    check("{}", Retention { bytes: None, age: hours(168) });
    check("{ age = \"1h\" }", Retention { bytes: None, age: hours(1) });
    check("{ bytes = \"1GiB\" }", Retention { bytes: Some(1 << 30), age: hours(168) });
}
