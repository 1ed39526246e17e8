//! How long a channel keeps events, and how safely.

use super::super::resolved::ChannelKind;
use super::{Project, Resolved};
use crate::channel::{DurableSpec, Spec, SyncMode};

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
}

#[test]
fn a_word_that_is_no_place_to_sync_to_is_refused() {
    let loaded = Project::new("[channel.a]\nsync = \"disc\"\n").load();
    assert!(loaded.text().contains("did you mean \"disk\"?"), "{}", loaded.text());
}
