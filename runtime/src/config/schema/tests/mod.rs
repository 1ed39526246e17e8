//! The schema says what the readers do.

mod readers;
mod validator;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::tables::{ROOT, TABLES};
use super::{Of, schema};
use crate::config::MANUAL;
use crate::config::tests::manual_in_full;

use validator::errors;

fn as_json(toml: &str) -> Value {
    let table: toml::Table = toml.parse().unwrap_or_else(|error| panic!("{error}: {toml}"));
    serde_json::to_value(table).unwrap()
}

fn check(of: Of, toml: &str) -> Vec<String> {
    let schema = schema(of);
    errors(&schema, &schema, &as_json(toml))
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Files with this ending below a folder, but for what builds leave.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, plain): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let mut found: Vec<PathBuf> =
        plain.into_iter().filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    let below = folders.into_iter().filter(|folder| !folder.ends_with("target"));
    found.extend(below.flat_map(|folder| files(&folder, ending)));
    found
}

#[test]
fn the_manual_passes_as_it_is_and_with_every_example_in_force() {
    assert_eq!(check(Of::Runtime, MANUAL), [""; 0]);
    assert_eq!(check(Of::Runtime, &manual_in_full()), [""; 0]);
}

#[test]
fn every_file_that_we_ship_passes() {
    let mut configurations = files(&repository().join("examples"), "runtime.toml");
    configurations.push(repository().join("runtime/src/cli/new/templates/project/runtime.toml"));
    assert!(configurations.len() > 4, "{configurations:?}");
    for file in &configurations {
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(check(Of::Runtime, &text), [""; 0], "{}", file.display());
    }
    let mut settings = files(&repository().join("functions"), ".toml");
    settings.extend(files(&repository().join("examples"), "function.toml"));
    assert!(!settings.is_empty());
    for file in &settings {
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(check(Of::Function, &text), [""; 0], "{}", file.display());
    }
}

#[test]
fn every_key_says_what_it_may_be_and_those_of_the_manual_what_for() {
    for table in TABLES.iter().chain([&ROOT]) {
        for key in table.keys {
            assert!((table.shape)(key).is_some(), "{}: `{key}` has no shape", table.name);
        }
        assert!(table.required.iter().all(|key| table.keys.contains(key)), "{}", table.name);
    }
    let schema = schema(Of::Runtime);
    let key = |table: &str, key: &str| schema["$defs"][table]["properties"][key].clone();
    let drain = key("runtime", "drain");
    assert_eq!(drain["default"], "10s");
    assert!(drain["description"].as_str().unwrap().starts_with("how long what is in flight"), "{drain}");
    assert!(
        key("trigger", "filter")["description"].as_str().unwrap().contains("CESQL"),
        "as of a subscription"
    );
    assert_eq!(key("function", "max")["default"], 10, "as of the defaults");
    assert_eq!(key("function", "exec").get("default"), None, "an example is no default");
    let manual = [
        "runtime",
        "watch",
        "kafka",
        "defaults",
        "channel",
        "delivery",
        "kafka-source",
        "ping-source",
        "container-source",
        "http-poll-source",
        "file-watch-source",
        "sink",
        "request",
    ];
    for table in manual {
        for (name, key) in schema["$defs"][table]["properties"].as_object().unwrap() {
            let is_told = key.get("description").is_some() || key.get("default").is_some();
            // Knative's spellings are told beside ours, and some keys explain themselves.
            let is_plain = name.contains(char::is_uppercase)
                || matches!(
                    &**name,
                    "kpa"
                        | "data_base64"
                        | "topics"
                        | "type"
                        | "topic"
                        | "delivery"
                        | "to"
                        | "mode"
                        | "partitions"
                );
            assert!(is_told || is_plain || name == "replication", "{table}: `{name}`");
        }
    }
}

#[test]
fn a_key_that_nobody_reads_is_refused_everywhere() {
    let unknown = |toml: &str| check(Of::Runtime, toml).iter().any(|error| error.contains("unknown key"));
    for toml in [
        "x = 1",
        "[runtime]\nlisten = \"127.0.0.1:1\"\nx = 1",
        "[function.a]\nconcurency = 1",
        "[broker.default.delivery]\nretries = 1",
        "[trigger.a]\nto = \"fn/a\"\nfiltr = \"TRUE\"",
    ] {
        assert!(unknown(toml), "{toml}");
    }
    // One of several things it may be: the error tells of all of them.
    assert!(
        !check(Of::Runtime, "[trigger.a]\nto = \"fn/a\"\nfilter = { exactly = { type = \"a\" } }").is_empty()
    );
    assert!(!check(Of::Runtime, "[trigger.A]\nto = \"fn/a\"").is_empty(), "and so is what is no name");
    assert!(!check(Of::Runtime, "[trigger.a]").is_empty(), "and what lacks a key that must be there");
    assert!(!check(Of::Function, "idle = \"30\"").is_empty(), "and a duration without its unit");
    assert_eq!(check(Of::Function, "idle = \"auto\""), [""; 0]);
}

#[test]
fn the_one_in_docs_is_the_one_that_is_printed() {
    let path = repository().join("docs/runtime.schema.json");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(kept == schema(Of::Runtime), "write it anew: hydrant schema > docs/runtime.schema.json");
}

#[test]
fn the_validator_sees_what_is_wrong() {
    let schema = json!({
        "type": "object", "properties": {"a": {"type": "integer", "minimum": 1, "maximum": 2}},
        "required": ["a"], "additionalProperties": false,
    });
    let check =
        |value: Value, wrong: usize| assert_eq!(errors(&schema, &schema, &value).len(), wrong, "{value}");
    check(json!({"a": 1}), 0);
    for value in
        [json!({"a": 0}), json!({"a": 3}), json!({"a": "1"}), json!({}), json!({"a": 1, "b": 1}), json!([])]
    {
        check(value, 1);
    }
}
