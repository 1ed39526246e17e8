//! Sources that fire by the clock: they wake what sleeps, no time fires twice, and somebody may fire one by hand.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_script;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "pings",
        &[
            ("a_source_of_every_second_wakes_a_sleeping_function", wakes),
            ("no_time_fires_twice_over_kills", over_kills),
            ("one_that_may_miss_nothing_fires_once_for_what_it_missed", missed),
            ("another_schedule_counts_without_a_restart", reloaded),
            ("fire_fires_one_now_and_follows_it", fired),
            ("only_a_source_that_can_fire_is_fired", refused),
            ("a_source_without_a_place_waits_until_there_is_one", waits),
        ],
    )
}

const EVERY_SECOND: &str = "* * * * * *";
const NEVER_SOON: &str = "0 0 29 2 *";

fn source(name: &str, schedule: &str, more: &str) -> String {
    format!("[source.{name}]\ntype = \"ping\"\nschedule = \"{schedule}\"\n{more}\n")
}

fn project(config: &str) -> Project {
    let project = Project::new(config);
    project.function("bill", noting_script("", "echo \"$CE_TIME\" >> times; cat >> data"));
    project
}

/// Each event once, and at whole seconds.
fn check_once(project: &Project, source: &str) {
    for (id, times) in project.counts("delivered") {
        assert_eq!(times, 1, "{id}");
        assert!(id.starts_with(&format!("{source}-20")) && id.len() == source.len() + 21, "{id}");
    }
}

fn wakes() {
    let config = source("tick", EVERY_SECOND, "to = \"fn/bill\"\ndata = \"x\"");
    let project = project(&config);
    let runtime = Runtime::start(&project);
    wait_until("it fired three times", || project.lines("delivered").len() >= 3);
    let first = project.lines("delivered")[0].clone();
    let verdict = &runtime.verdicts(&first)["tick"];
    assert_eq!((&verdict["outcome"], &verdict["channel"]), (&"delivered".into(), &"source/tick".into()));
    let event = runtime.admin("GET", &format!("/api/v1/events/{first}?data=true")).json().to_string();
    for part in ["dev.knative.sources.ping", "/apis/v1/namespaces/default/pingsources/tick", "text/plain"] {
        assert!(event.contains(part), "{part}: {event}");
    }
    check_once(&project, "tick");
}

/// Killed where it may be: before, while or after an event is stored, or noted. Who reads the channel from its beginning sees
/// what is in it, and takes what is there twice for one event; another sees events again that a kill found in flight.
fn over_kills() {
    let source = source("tick", EVERY_SECOND, "to = \"channel/ticks\"\nmissed = \"once\"");
    let pace = "[channel.ticks]\n[subscription.pace]\nchannel = \"ticks\"\nto = \"fn/pace\"\n";
    let project = project(&format!("{source}{pace}"));
    project.function("pace", noting_script("", "").replace("delivered", "paced"));
    let paced = || project.lines("paced");
    for kills in 1..=6 {
        let runtime = Runtime::start(&project);
        wait_until("it fires", || paced().len() >= 2 * kills);
        runtime.kill9();
        wait_until("its functions are gone", || project.processes().is_empty());
    }
    // For more than a second, so that another life fires at other times.
    let fires_again = || {
        let before = paced().len();
        let runtime = Runtime::start(&project);
        wait_until("it fires again", || paced().len() > before + 2);
        assert!(runtime.stop().success());
        paced()[before].clone()
    };
    fires_again();
    let note = std::fs::read_to_string(project.file(".hydrant/pings")).unwrap();
    let first = fires_again();
    // As if it had been killed when the first since then was stored, and not noted yet.
    project.write(".hydrant/pings", &note);
    assert_eq!(fires_again(), first, "it is stored again, and the same");

    let all = "[subscription.all]\nchannel = \"ticks\"\nto = \"fn/bill\"\nstart = \"earliest\"\nordering = \"partition\"\n\
               delivery = { deduplicate = \"24h\" }\n";
    project.configure(&format!("{source}{pace}{all}"));
    let fired = project.counts("paced");
    let _runtime = Runtime::start(&project);
    // One after the other: when one is there that is new, all before it are.
    wait_until("one is seen that fired since", || {
        project.lines("delivered").last().is_some_and(|last| Some(last) > fired.keys().last())
    });
    assert!(fired.keys().all(|id| project.counts("delivered").contains_key(id)));
    check_once(&project, "tick");
    assert!(project.counts("times").values().all(|times| *times == 1), "{:?}", project.counts("times"));
}

fn missed() {
    let config = source("tick", EVERY_SECOND, "to = \"fn/bill\"\nmissed = \"once\"");
    let project = project(&config);
    let runtime = Runtime::start(&project);
    wait_until("it is written down", || project.file(".hydrant/pings").exists());
    assert!(runtime.stop().success());
    let before = project.lines("delivered").len();
    // As if it had been down since then.
    let line = |time: &str, schedule: &str| format!("{time} tick UTC {schedule}\n");
    project.configure(&source("tick", "@yearly", "to = \"fn/bill\"\nmissed = \"once\""));
    project.write(".hydrant/pings", &line("2020-06-01T00:00:00Z", "@yearly"));
    let runtime = Runtime::start(&project);
    wait_until("it fires for all the years", || project.lines("delivered").len() == before + 1);
    assert_eq!(project.lines("delivered")[before], "tick-2021-01-01T00:00:00Z");
    assert!(runtime.stop().success());
    let runtime = Runtime::start(&project);
    verb(&project, &["fire", "tick", "--wait=60s"]);
    assert_eq!(project.lines("delivered").len(), before + 2, "and only the one that was fired by hand");
    assert!(runtime.stop().success());
    // It skips what it is not told to make good.
    project.configure(&source("tick", "@yearly", "to = \"fn/bill\""));
    project.write(".hydrant/pings", &line("2020-06-01T00:00:00Z", "@yearly"));
    let _runtime = Runtime::start(&project);
    verb(&project, &["fire", "tick", "--wait=60s"]);
    assert_eq!(project.lines("delivered").len(), before + 3);
}

fn reloaded() {
    let project = project(&source("tick", NEVER_SOON, "to = \"fn/bill\""));
    let runtime = Runtime::start(&project);
    let sources = || runtime.admin("GET", "/api/v1/sources").json();
    assert_eq!(sources()[0]["told"], "at 00:00 on 29 February every year (UTC)");
    project.configure(&source("tick", EVERY_SECOND, "to = \"fn/bill\""));
    wait_until("it fires", || !project.lines("delivered").is_empty());
    project.configure("");
    wait_until("it is gone", || sources() == Value::Array(Vec::new()));
    // A second one, which is there since then, tells that the first would have fired.
    project.configure(&source("tock", EVERY_SECOND, "to = \"fn/bill\""));
    let of = |name: &str| project.lines("delivered").iter().filter(|id| id.starts_with(name)).count();
    wait_until("the second fires", || of("tock") >= 1);
    let before = of("tick");
    wait_until("the second fires on", || of("tock") >= 4);
    assert_eq!(of("tick"), before);
}

fn fired() {
    let config = source("nightly", NEVER_SOON, "to = \"broker/default\"\ndata = '{\"a\":1}'");
    let project = project(&format!("{config}[trigger.all]\nto = \"fn/bill\"\n"));
    let _runtime = Runtime::start(&project);
    let (code, data, talk) = verb(&project, &["fire", "nightly", "--wait=60s"]);
    assert_eq!(code, 0, "{talk}");
    assert!(data.contains("accepted by broker default") && data.contains("delivered exit 0"), "{data}");
    assert_eq!(project.lines("data"), ["{\"a\":1}"]);
    let (code, data, talk) = verb(&project, &["fire", "nightly"]);
    assert_eq!((code, data.lines().count()), (0, 1));
    assert!(talk.contains("accepted by broker default (partition 0, offset 1)"), "{talk}");
    let (_, data, _) = verb(&project, &["fire", "nightly", "-o", "json"]);
    let sent: Value = serde_json::from_str(&data).unwrap();
    assert_eq!((&sent["channel"], &sent["offset"]), (&"broker/default".into(), &2.into()));
    assert!(sent["id"].as_str().unwrap().starts_with("nightly-fired-2"), "{sent}");
    wait_until("each came", || project.lines("delivered").len() == 3);
}

fn refused() {
    let kafka =
        "[source.orders]\ntype = \"kafka\"\ntopics = \"t\"\nbrokers = \"127.0.0.1:1\"\nto = \"fn/bill\"\n";
    let nightly = source("nightly", NEVER_SOON, "to = \"fn/bill\"");
    let project = project(&format!("{nightly}{kafka}"));
    let runtime = Runtime::start(&project);
    let refused = |source: &str, says: &[&str]| {
        let (code, _, talk) = verb(&project, &["fire", source]);
        assert_eq!(code, 1, "{talk}");
        says.iter().for_each(|part| assert!(talk.contains(part), "{part}: {talk}"));
    };
    refused("nigthly", &["there is no source \"nigthly\"", "did you mean `nightly`?"]);
    refused("x/y", &["there is no source \"x/y\"", "GET /api/v1/sources"]);
    refused("orders", &["reads topics of Kafka", "only those of type ping, http-poll and file-watch fire"]);
    let sources = runtime.admin("GET", "/api/v1/sources").json();
    assert_eq!((&sources[1]["source"], &sources[1]["type"]), (&"orders".into(), &"kafka".into()));
    assert_eq!(runtime.admin("GET", "/api/v1/sources/nightly/fire").status, 405, "to look changes nothing");
}

/// Its channel comes with the same reload.
fn waits() {
    let project = project("");
    assert!(Runtime::start(&project).stop().success(), "its folder is there");
    // In the way of its channel.
    project.write(".hydrant/channels/channel-ticks", "");
    project.write(".hydrant/pings", "2020-06-01T00:00:00Z tick UTC @yearly\n");
    let tick = source("tick", "@yearly", "to = \"channel/ticks\"\nmissed = \"once\"");
    let all =
        "[channel.ticks]\n[subscription.all]\nchannel = \"ticks\"\nto = \"fn/bill\"\nstart = \"earliest\"\n";
    project.configure(&format!("{tick}{all}"));
    let runtime = Runtime::start(&project);
    wait_until("its event is not stored", || runtime.log().contains("its event is not stored yet"));
    std::fs::remove_file(project.file(".hydrant/channels/channel-ticks")).unwrap();
    wait_until("it is stored", || !project.lines("delivered").is_empty());
    assert_eq!(project.lines("delivered"), ["tick-2021-01-01T00:00:00Z"]);
}
