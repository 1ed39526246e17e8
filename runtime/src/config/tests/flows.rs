//! Sequences, parallels, requests and jobs: what channels and subscriptions they are, and what cannot be one.

use std::time::Duration;

use activator::delivery::Format;
use activator::filter::Filter;
use activator::id::ChannelId;
use activator::topology::{Destination, Order, Start};

use super::super::resolved::{ChannelKind, Request, Resolved};
use super::Project;
use super::bad::check;
use crate::channel::{Spec, SyncMode};

fn channel(resolved: &Resolved, kind: ChannelKind, name: &str) -> ChannelId {
    let mut all = resolved.channels.iter();
    all.find(|(_, c)| c.kind == kind && c.name == name)
        .map(|(&id, _)| id)
        .unwrap_or_else(|| panic!("no {name}"))
}

fn project(file: &str) -> Project {
    let project = Project::new(file);
    for name in ["a", "b", "c"] {
        project.script(&format!("functions/{name}.sh"));
    }
    project
}

#[test]
fn a_sequence_is_a_channel_and_a_subscription_for_each_step() {
    let resolved = project(
        "[sequence.ship]\nsteps = [\"fn/a\", \"http://127.0.0.1:1/\", { to = \"fn/c\", delivery = { retry = 1 } }]\n\
         reply = \"broker/default\"\nordering = \"key\"\nsync = \"disk\"\ndelivery = { retry = 3 }\n",
    )
    .resolved();
    let names = ["ship", "ship.2", "ship.3"];
    let before = names.map(|name| channel(&resolved, ChannelKind::Sequence, name));
    let broker = channel(&resolved, ChannelKind::Broker, "default");
    let steps = ["sequence/ship.1", "sequence/ship.2", "sequence/ship.3"]
        .map(|name| resolved.subscription(name).unwrap_or_else(|| panic!("no {name}")));
    assert_eq!(steps.map(|step| step.channel), before);
    assert_eq!(steps.map(|step| step.reply), [Some(before[1]), Some(before[2]), Some(broker)]);
    assert_eq!(steps.map(|step| step.delivery.retry), [3, 3, 1]);
    for step in steps {
        assert_eq!((&step.order, step.start), (&Order::Key, Start::Beginning), "{}", step.name);
        assert_eq!(*step.filter, Filter::always(), "{}", step.name);
    }
    assert!(matches!(steps[1].to, Destination::Sink(_)));
    for (name, id) in names.iter().zip(before) {
        let Spec::Durable(spec) = &resolved.channels[&id].spec else { panic!("{name} is not durable") };
        assert_eq!(spec.sync, SyncMode::Disk);
        assert!(spec.dir.ends_with(format!("channels/sequence-{name}")), "{}", spec.dir.display());
    }
    let triggers = resolved.topology.subscriptions.iter().filter(|s| s.name.starts_with("trigger/"));
    let triggers: Vec<&str> = triggers.map(|s| &*s.name).collect();
    assert_eq!(triggers, ["trigger/b"], "a step is no trigger's beside");
}

#[test]
fn a_parallel_is_a_channel_and_a_subscription_for_each_branch() {
    let resolved = project(
        "[channel.other]\n[parallel.ship]\nreply = \"broker/default\"\ndelivery = { retry = 3 }\nbranches = [\n\
         { to = \"fn/a\", filter = \"type = 'x'\" },\n\
         { to = \"fn/b\", reply = \"channel/other\", delivery = { retry = 1 } },\n\
         { to = \"channel/other\", filters = [{ exact = { type = \"y\" } }] },\n]\n",
    )
    .resolved();
    let own = channel(&resolved, ChannelKind::Parallel, "ship");
    let broker = channel(&resolved, ChannelKind::Broker, "default");
    let other = channel(&resolved, ChannelKind::Channel, "other");
    let branches = ["parallel/ship.1", "parallel/ship.2", "parallel/ship.3"]
        .map(|name| resolved.subscription(name).unwrap_or_else(|| panic!("no {name}")));
    assert_eq!(branches.map(|branch| branch.channel), [own; 3]);
    assert_eq!(branches.map(|branch| branch.reply), [Some(broker), Some(other), Some(broker)]);
    assert_eq!(branches.map(|branch| branch.delivery.retry), [3, 1, 3]);
    assert_eq!(
        branches.map(|branch| branch.filter.describe()),
        ["type = 'x'", "every event", "type = \"y\""]
    );
    assert_eq!(branches[2].to, Destination::Channel(other));
}

#[test]
fn flows_are_destinations_wherever_a_channel_is_one() {
    let resolved = project(
        "[sequence.one]\nsteps = [\"fn/a\", \"parallel/two\"]\n\
         [parallel.two]\nbranches = [{ to = \"fn/b\" }]\nreply = \"sequence/three\"\n\
         [sequence.three]\nsteps = \"fn/c\"\n\
         [trigger.t]\nto = \"sequence/one\"\ndelivery = { dead_letter = \"parallel/two\" }\n",
    )
    .resolved();
    let one = channel(&resolved, ChannelKind::Sequence, "one");
    let two = channel(&resolved, ChannelKind::Parallel, "two");
    let three = channel(&resolved, ChannelKind::Sequence, "three");
    let subscription = |name| resolved.subscription(name).unwrap();
    assert_eq!(subscription("trigger/t").to, Destination::Channel(one));
    assert_eq!(subscription("sequence/one.2").to, Destination::Channel(two));
    assert_eq!(subscription("parallel/two.1").reply, Some(three));
    assert_eq!(subscription("sequence/three.1").reply, None);
}

#[test]
fn topics_of_flows_bear_the_names_knative_gives_them() {
    let resolved = project(
        "kafka.brokers = \"k:1\"\n[sequence.ship]\nclass = \"kafka\"\nsteps = [\"fn/a\", \"fn/b\"]\n\
         [parallel.ship]\nclass = \"kafka\"\nbranches = [{ to = \"fn/c\" }]\n",
    )
    .resolved();
    let topics: Vec<&str> = resolved.channels.values().filter_map(|channel| channel.spec.topic()).collect();
    let name = |end| format!("knative-messaging-kafka.default.ship-kn-{end}");
    assert_eq!(topics, ["sequence-0", "sequence-1", "parallel"].map(name));
}

#[test]
fn dead_letters_of_a_step_wait_for_the_function_it_names() {
    let steps = "[{ to = \"fn/a\", delivery = { dead_letter = \"fn/c\" } }]";
    let resolved = project(&format!("[sequence.ship]\nsteps = {steps}\n")).resolved();
    assert!(resolved.subscription("dead-letter/fn/c").is_some());
}

#[test]
fn a_flow_without_steps_or_branches_is_none() {
    let check = |file: &str, code, message: &str| {
        let loaded = Project::new(file).load();
        assert_eq!(loaded.codes(), [code], "{}", loaded.text());
        assert!(loaded.text().contains(message), "{}", loaded.text());
    };
    check("[sequence.a]\n", "H006", "[sequence.a] has no `steps`");
    check("[sequence.a]\nsteps = []\n", "H005", "`steps` in [sequence.a] must be at least one step");
    check("[sequence.a]\nsteps = [{ delivery = {} }]\n", "H006", "[sequence.a] steps has no `to`");
    check("[sequence.a]\nstep = []\nsteps = \"http://127.0.0.1:1/\"\n", "H004", "did you mean `steps`?");
    check("[parallel.a]\n", "H006", "[parallel.a] has no `branches`");
    check("[parallel.a]\nbranches = []\n", "H005", "`branches` in [parallel.a] must be at least one branch");
    check(
        "[parallel.a]\nbranches = [{ filter = \"TRUE\" , to = \"http://127.0.0.1:1/\" }]\n",
        "H032",
        "filter",
    );
    check("[parallel.a]\nbranches = [\"fn/a\"]\n", "H005", "`branches` in [parallel.a] must be a table");
    check(
        "[sequence.\"a.2\"]\nsteps = \"http://127.0.0.1:1/\"\n",
        "H010",
        "cannot be the name of a sequence",
    );
}

#[test]
fn what_answers_nothing_can_only_be_the_end() {
    let help = "only the last step may be one, of a sequence without `reply`";
    let message = "`steps` in [sequence.a] must be functions and URLs, whose answers go on";
    check("[sequence.a]\nsteps = [\"broker/default\", \"fn/bill\"]\n", "H005", (2, 10), message, help);
    check(
        "[channel.x]\n[sequence.a]\nsteps = [\"fn/bill\", { to = \"channel/x\" }]\nreply = \"broker/default\"\n",
        "H005",
        (3, 28),
        message,
        help,
    );
    check(
        "[channel.x]\n[parallel.a]\nbranches = [{ to = \"channel/x\", reply = \"broker/default\" }]\n",
        "H005",
        (3, 41),
        "`reply` in [parallel.a] branches must be that of a function or URL",
        "leave out `reply`, or lead the branch to a function or URL",
    );
}

#[test]
fn references_of_flows_to_what_is_not_there() {
    check(
        "[sequence.a]\nsteps = [\"fn/bill\", \"fn/bil\"]\n",
        "H012",
        (2, 21),
        "sequence `a` points to a function that does not exist",
        "did you mean `fn/bill`? (functions/bill.sh)",
    );
    check(
        "[sequence.ship]\nsteps = [\"fn/bill\", \"fn/bill\"]\n[trigger.t]\nto = \"sequence/shipp\"\n",
        "H012",
        (4, 6),
        "trigger `t` points to a sequence that does not exist",
        "did you mean `sequence/ship`?",
    );
    check(
        "[parallel.a]\nbranches = [{ to = \"fn/bill\" }]\nreply = \"parallel/b\"\n",
        "H012",
        (3, 9),
        "parallel `a` points to a parallel that does not exist",
        "did you mean `parallel/a`?",
    );
}

#[test]
fn a_flow_does_not_lead_back_into_itself() {
    for file in [
        "[sequence.a]\nsteps = [\"sequence/a\"]\n",
        "[sequence.a]\nsteps = [\"http://127.0.0.1:1/\", \"sequence/a\"]\n",
        "[parallel.a]\nbranches = [{ to = \"parallel/a\" }]\n",
    ] {
        let loaded = Project::new(file).load();
        assert_eq!(loaded.codes(), ["H016"], "{file}: {}", loaded.text());
    }
}

#[test]
fn a_sequence_has_no_topic_of_its_own() {
    check(
        "kafka.brokers = \"k:1\"\n[sequence.a]\nclass = \"kafka\"\nkafka = { topic = \"t\" }\nsteps = \"fn/bill\"\n",
        "H005",
        (4, 19),
        "`topic` in [sequence.a] kafka must be left to hydrant",
        "leave it out: each step has a topic of its own",
    );
}

#[test]
fn what_is_wrong_with_the_channels_of_a_sequence_is_told_once() {
    check(
        "[sequence.a]\nclass = \"kafka\"\nsteps = [\"fn/bill\", \"fn/bill\"]\n",
        "H015",
        (2, 9),
        "sequence `a` needs Kafka, and no brokers are named",
        "[kafka] brokers = [\"127.0.0.1:9092\"]",
    );
}

#[test]
fn a_request_is_a_subscription_to_its_broker_for_what_bears_an_id() {
    let resolved = project(
        "[broker.other]\n[request.ask]\n\
         [request.other]\nbroker = \"other\"\ntimeout = \"2s\"\n\
         correlationAttribute = \"asked\"\nreply_attribute = \"answers\"\n",
    )
    .resolved();
    let subscription = |name| resolved.subscription(name).unwrap_or_else(|| panic!("no {name}"));
    let (ask, other) = (subscription("request/ask.answer"), subscription("request/other.answer"));
    assert_eq!(ask.channel, channel(&resolved, ChannelKind::Broker, "default"));
    assert_eq!(other.channel, channel(&resolved, ChannelKind::Broker, "other"));
    assert_eq!(
        (ask.filter.describe(), other.filter.describe()),
        ("replyid = \"*\"".into(), "answers = \"*\"".into())
    );
    let request = |to| match to {
        Destination::Sink(id) => &resolved.requests[&id],
        other => panic!("{other:?}"),
    };
    let said = |request: &Request| (request.timeout, request.correlation.clone(), request.reply.clone());
    let expected = (Duration::from_secs(30), "correlationid".to_owned(), "replyid".to_owned());
    assert_eq!(said(request(ask.to)), expected, "as of Knative's RequestReply");
    assert_eq!(said(request(other.to)), (Duration::from_secs(2), "asked".into(), "answers".into()));
}

#[test]
fn attributes_of_a_request_are_extensions_and_two() {
    let help = "a name of a-z and 0-9, such as \"replyid\"";
    let message = "`reply_attribute` in [request.a] must be an extension attribute";
    check("[request.a]\nreply_attribute = \"Reply\"\n", "H005", (2, 19), message, help);
    check("[request.a]\nreply_attribute = \"id\"\n", "H005", (2, 19), message, help);
    check(
        "[request.a]\nreply_attribute = \"correlationid\"\n",
        "H005",
        (2, 19),
        "`reply_attribute` in [request.a] must be another attribute than that of the event",
        "with one for both, every event would answer itself",
    );
    check(
        "[request.a]\nreplyAttribute = \"a\"\nreply_attribute = \"b\"\n",
        "H011",
        (2, 18),
        "`reply_attribute` and `replyAttribute` in [request.a] are one key",
        "keep one of them",
    );
}

#[test]
fn a_request_has_a_broker_of_its_own_and_a_time() {
    check(
        "[request.a]\nbroker = \"defualt\"\n",
        "H012",
        (2, 10),
        "request `a` points to a broker that does not exist",
        "did you mean `default`?",
    );
    check(
        "[kafka]\nbrokers = \"k:1\"\nmode = \"group\"\n[broker.default]\nclass = \"kafka\"\n[request.a]\n",
        "H005",
        (6, 10),
        "the broker of request `a` must be one that this runtime has to itself",
        "an answer could arrive at another runtime than the one that waits for it",
    );
    let loaded = Project::new("[request.a]\ntimeout = \"0s\"\n").load();
    assert_eq!(loaded.codes(), ["H005"], "{}", loaded.text());
}

#[test]
fn a_job_is_a_channel_and_a_subscription_that_wants_each_event_once_in_a_file() {
    let project = Project::new("[job.resize]\nto = \"fn/resize\"\ndelivery = { retry = 2 }\n");
    project.write("functions/resize", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\n", 0o755);
    let resolved = project.resolved();
    let job = resolved.subscription("job/resize").unwrap();
    let channel = &resolved.channels[&job.channel];
    assert_eq!((channel.kind, &*channel.name), (ChannelKind::Job, "resize"));
    assert_eq!((job.reply, job.delivery.retry, job.delivery.format), (None, 2, Format::File));
    assert_eq!(job.delivery.deduplicate.map(|how| how.time.as_secs()), Some(24 * 3600));
    project.write(
        "runtime.toml",
        "[job.resize]\nto = \"fn/resize\"\ndelivery = { deduplicate = false }\n",
        0o644,
    );
    assert_eq!(project.resolved().subscription("job/resize").unwrap().delivery.deduplicate, None);
}

#[test]
fn a_job_is_done_by_processes_that_end_with_it() {
    check(
        "[job.resize]\nto = \"channel/x\"\n",
        "H005",
        (2, 6),
        "`to` in [job.resize] must be a function",
        "name the function whose processes do the job, such as to = \"fn/NAME\"",
    );
    let project = Project::new("[job.resize]\nto = \"fn/serves\"\n");
    project.script("functions/serves");
    let text = project.load().text();
    assert!(text.contains("`to` in [job.resize] must be a oneshot function"), "{text}");
    let project = Project::new("[job.resize]\nto = \"fn/resize\"\ndelivery = { format = \"binary\" }\n");
    project.write("functions/resize", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\n", 0o755);
    let text = project.load().text();
    assert!(text.contains("`delivery` in [job.resize] must be without `format`"), "{text}");
    assert!(text.contains("leave it out: a job finds its event in the file"), "{text}");
}
