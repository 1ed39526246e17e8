//! `hydrant fmt` and `hydrant schema`, as a person, an editor or a build uses them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::runtime::verb;
use crate::support::{Project, group};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "fmt and schema",
        &[
            ("fmt_writes_the_file_anew_once_and_keeps_its_comments", writes),
            ("fmt_check_names_the_file_and_changes_nothing", checks),
            ("fmt_says_of_a_broken_file_what_check_says", broken),
            ("schema_is_printed_whole_and_for_a_function_alone", schema),
        ],
    )
}

const UGLY: &str =
    "a=1# one\n[ runtime ]\n  listen='127.0.0.1:0'   \n\n\n# bill\n[trigger . bill]\nto=\"fn/bill\"";
const FORMATTED: &str =
    "a = 1 # one\n\n[runtime]\nlisten = '127.0.0.1:0'\n\n# bill\n[trigger.bill]\nto = \"fn/bill\"\n";

fn writes() {
    let project = Project::new("");
    project.write("runtime.toml", UGLY);
    fs::set_permissions(project.file("runtime.toml"), fs::Permissions::from_mode(0o600)).unwrap();
    let (code, out, talk) = verb(&project, &["fmt"]);
    assert_eq!((code, &*out), (0, ""), "{talk}");
    assert!(talk.contains("runtime.toml"), "{talk}");
    assert_eq!(fs::read_to_string(project.file("runtime.toml")).unwrap(), FORMATTED);
    let mode = fs::metadata(project.file("runtime.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it is as secret as before");
    assert_eq!(fs::read_dir(project.path()).unwrap().count(), 2, "nothing is left beside it");
    assert_eq!(
        verb(&project, &["fmt"]),
        (0, String::new(), String::new()),
        "a second time, there is nothing to say"
    );
}

fn checks() {
    let project = Project::new("");
    project.write("functions/bill.toml", "a=1");
    let (code, out, _) = verb(&project, &["fmt", "functions/bill.toml", "--check"]);
    assert_eq!((code, &*out), (1, "functions/bill.toml\n"));
    assert_eq!(fs::read_to_string(project.file("functions/bill.toml")).unwrap(), "a=1");
    assert_eq!(verb(&project, &["fmt", "functions/bill.toml"]).0, 0);
    let checked = verb(&project, &["fmt", "functions/bill.toml", "--check"]);
    assert_eq!(checked, (0, String::new(), String::new()));
}

fn broken() {
    let project = Project::new("");
    for (name, text) in [("runtime.toml", "a = 1\na = 2\n[b"), ("other.toml", "a = \n")] {
        project.write(name, text);
        let (checked, formatted) = (verb(&project, &["check", name]), verb(&project, &["fmt", name]));
        assert_eq!((formatted.0, &formatted.1), (3, &checked.1), "{name}");
        assert!(formatted.1.contains(&format!("{name}:")), "{}", formatted.1);
        assert_eq!(fs::read_to_string(project.file(name)).unwrap(), text, "and leaves it alone");
    }
    let (checked, formatted) =
        (verb(&project, &["check", "none.toml"]), verb(&project, &["fmt", "none.toml"]));
    assert_eq!((formatted.0, &formatted.1), (3, &checked.1));
    let (_, out, _) = verb(&project, &["fmt", "-o", "json"]);
    let codes: Vec<Value> =
        out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["code"].clone()).collect();
    assert!(!codes.is_empty() && codes.iter().all(|code| code.as_str().unwrap().starts_with('H')), "{out}");
}

fn schema() {
    let project = Project::new("");
    let (code, out, talk) = verb(&project, &["schema"]);
    assert_eq!(code, 0, "{talk}");
    let schema: Value = serde_json::from_str(&out).unwrap();
    assert!(
        schema["properties"]["trigger"].is_object() && schema["additionalProperties"] == false,
        "{schema}"
    );
    let (_, out, _) = verb(&project, &["schema", "--function"]);
    let function: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(function["$ref"], "#/$defs/function");
    assert!(function["$defs"]["function"]["properties"]["concurrency"].is_object(), "{function}");
}
