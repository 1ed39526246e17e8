//! `hydrant export` and `import`, and data in the forms that other programs read.

use std::fs;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::runtime::{verb, verb_reading};
use crate::support::{Project, group};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "knative",
        &[
            ("export_refuses_what_has_no_place_unless_it_may_be_left_out", lossy),
            ("import_writes_no_file_that_is_there_unless_it_is_forced", writes),
            ("import_tells_what_it_does_not_take_and_where_yaml_breaks", tells),
            ("import_says_all_of_it_in_one_object", one_object),
            ("yaml_has_the_shape_of_json", yaml),
            ("check_writes_its_findings_as_sarif", sarif),
        ],
    )
}

const SERVICE: &str = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: bill}\n\
    spec:\n  template:\n    spec:\n      containers:\n      - image: ghcr.io/x/bill\n";

fn lossy() {
    let project = Project::new("[trigger.bill]\nto = \"fn/bill\"\nordering = \"subject\"\n");
    project.function("bill", "#!/bin/sh\n");
    let (code, out, talk) = verb(&project, &["export"]);
    assert_eq!((code, &*out), (1, ""), "{talk}");
    assert!(talk.contains("runtime.toml:6 trigger.bill.ordering \"subject\" has no place"), "{talk}");
    let (code, out, talk) = verb(&project, &["export", "--lossy", "--namespace", "shop"]);
    assert_eq!(code, 0, "{talk}");
    assert!(talk.contains("runtime.toml:6 "), "{talk}");
    assert!(out.contains("kind: Trigger\n") && out.contains("namespace: shop\n"), "{out}");
    let (code, _, talk) = verb(&project, &["export", "--lossy", "--broker-class", "Kafka"]);
    assert_eq!(code, 1);
    assert!(talk.contains("[kafka] brokers"), "{talk}");
    project.configure("[trigger.bill]\nto = 1\n");
    assert_eq!(verb(&project, &["export"]).0, 3, "a configuration that cannot be used");
}

fn writes() {
    let project = Project::bare();
    project.write("svc.yaml", SERVICE);
    let from = project.path().display().to_string();
    let import = |more: &[&str]| verb(&project, &[&["import", "-f", &from], more].concat());
    let (code, out, talk) = import(&[]);
    assert_eq!((code, &*out), (0, "[function.bill]\n"), "{talk}");
    let (code, out, talk) = import(&["--write"]);
    assert_eq!((code, &*out), (0, ""), "{talk}");
    let file = || fs::read_to_string(project.file("runtime.toml")).unwrap();
    assert_eq!(file(), "[function.bill]\n");
    project.write("runtime.toml", "# mine\n");
    let (code, _, talk) = import(&["--write"]);
    assert_eq!(code, 1);
    assert!(talk.contains("--force"), "{talk}");
    assert_eq!(file(), "# mine\n");
    assert_eq!(import(&["--write", "--force"]).0, 0);
    assert_eq!(file(), "[function.bill]\n");
}

fn tells() {
    let project = Project::bare();
    project.write("svc.yaml", SERVICE);
    let path = project.file("svc.yaml").display().to_string();
    let (code, _, talk) = verb(&project, &["import", "-f", &path]);
    assert_eq!(code, 0);
    assert!(talk.contains("imported 1 Service -> runtime.toml; 1 field needs you:"), "{talk}");
    assert!(talk.contains("svc.yaml:8 image \"ghcr.io/x/bill\" -> set [function.bill] exec"), "{talk}");
    project.write("svc.yaml", "a: [1\nb: 2\n");
    let (code, out, talk) = verb(&project, &["import", "-f", &path]);
    assert_eq!((code, &*out), (1, ""));
    assert!(talk.contains("svc.yaml:2:"), "{talk}");
}

fn one_object() {
    let project = Project::bare();
    project.write("svc.yaml", SERVICE);
    let path = project.file("svc.yaml").display().to_string();
    let (code, out, talk) = verb(&project, &["import", "-f", &path, "-o", "json"]);
    assert_eq!((code, &*talk), (0, ""));
    let object: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(object["toml"], "[function.bill]\n");
    assert_eq!(object["imported"], serde_json::json!({ "Service": 1 }));
    assert_eq!((&object["notes"][0]["line"], &object["file"]), (&8.into(), &Value::Null), "{out}");
    let (code, out, _) = verb(&project, &["import", "-f", &path, "-o", "yaml", "--write"]);
    assert!(code == 0 && out.starts_with("---\n") && out.contains("file: runtime.toml\n"), "{out}");
    assert_eq!(fs::read_to_string(project.file("runtime.toml")).unwrap(), "[function.bill]\n");
}

fn yaml() {
    let project = Project::new("[trigger.bill]\nto = \"fn/bil\"\n[function.bill]\nidel = \"1s\"\n");
    project.function("bill", "#!/bin/sh\n");
    let (code, json, _) = verb(&project, &["check", "-o", "json"]);
    let (same, yaml, _) = verb(&project, &["check", "-o", "yaml"]);
    assert_eq!((code, same), (3, 3));
    let objects: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(yaml.matches("---\n").count(), objects.len(), "{yaml}");
    for (object, document) in objects.iter().zip(yaml.split("---\n").skip(1)) {
        for (key, value) in object.as_object().unwrap() {
            assert!(document.lines().any(|line| line.starts_with(&format!("{key}:"))), "{key} {document}");
            if let Value::Number(number) = value {
                assert!(document.contains(&format!("{key}: {number}\n")), "{key} {document}");
            }
        }
    }
    let questions = "{\"expression\":\"1 + 1\"}\n{\"expression\":\"1 +\"}\n";
    let (code, answers, _) = verb_reading(&project, &["cesql", "--batch", "-o", "yaml"], questions);
    assert_eq!((code, answers.matches("---\n").count()), (0, 2), "{answers}");
    assert!(answers.contains("\nvalue: 2\n") && answers.contains("  kind: parse\n"), "{answers}");
}

fn sarif() {
    let project = Project::new("[function.bill]\nidel = \"1s\"\n");
    project.function("bill", "#!/bin/sh\n");
    let (code, out, _) = verb(&project, &["check", "-o", "sarif"]);
    assert_eq!(code, 3, "as without it");
    let log: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let result = &log["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"H004".into(), &"error".into()), "{out}");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "runtime.toml");
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&5.into(), &1.into()));
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][0]["id"], "H004");
    let (code, out, talk) = verb(&project, &["schema", "-o", "sarif"]);
    assert_eq!((code, &*out), (2, ""), "{talk}");
    project.configure("");
    let (code, out, _) = verb(&project, &["check", "-o", "sarif"]);
    let log: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &log["runs"][0]["results"]),
        (0, &Value::Array(Vec::new())),
        "nothing is found, and that is said"
    );
}
