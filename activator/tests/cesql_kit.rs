//! The compatibility kit of CESQL 1.0 (cloudevents/spec, cesql/cesql_tck), file by file. The vectors are not ours:
//! they are looked for in `HYDRANT_CONFORMANCE`, then in `../shared/conformance` beside the repository.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use activator::event::{Event, json};
use activator::filter::cesql::{Expression, Value};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

/// Cases that contradict the text of the specification, each with its reason; they must stay different.
const CONTRADICTIONS: [(&str, &str, &str); 1] = [(
    "not_operator.yaml",
    "Invalid int cast",
    "section 3.7: an Integer casts to a Boolean, so NOT 10 is false",
)];

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    tests: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    name: String,
    expression: String,
    result: Option<Json>,
    error: Option<String>,
    event: Option<Map<String, Json>>,
    event_overrides: Option<Map<String, Json>>,
}

#[test]
fn the_compatibility_kit_passes() {
    let Some(folder) = conformance("cesql_tck") else { return };
    let mut report = String::from("\nCESQL compatibility kit\n");
    let (mut failed, mut total, mut expected_different) = (Vec::new(), 0, 0);
    for path in files(&folder, "yaml") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let cases = read(&path);
        assert!(!cases.is_empty(), "{name} holds no case: is it what the kit looks like?");
        let (mut passed, mut different) = (0, 0);
        for case in &cases {
            let known = CONTRADICTIONS.iter().any(|(file, known, _)| *file == name && *known == case.name);
            match (run(case), known) {
                (Ok(()), false) => passed += 1,
                (Err(_), true) => different += 1,
                (Ok(()), true) => {
                    failed.push(format!("{name}: {}: follows the kit against the text", case.name))
                }
                (Err(why), false) => {
                    failed.push(format!("{name}: {}: {}: {why}", case.name, case.expression))
                }
            }
        }
        total += cases.len();
        expected_different += different;
        writeln!(report, "  {name:42} {passed:3} of {:3}{}", cases.len(), expected(different)).unwrap();
    }
    assert!(total > 0, "{} holds no file of the kit", folder.display());
    let passed = total - failed.len() - expected_different;
    writeln!(report, "  {:42} {passed:3} of {total:3}{}", "all", expected(expected_different)).unwrap();
    std::io::stderr().write_all(report.as_bytes()).unwrap();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

#[test]
fn a_file_of_the_kit_without_cases_is_seen() {
    for text in ["name: nothing", "name: nothing\ntests: []\n"] {
        assert!(serde_saphyr::from_str::<File>(text).unwrap().tests.is_empty());
    }
    let wrong = Case { expression: "1 + 1".into(), ..case(json!(3)) };
    assert!(run(&wrong).is_err(), "a wrong result is seen");
}

fn expected(different: usize) -> String {
    if different == 0 { String::new() } else { format!(", {different} different as expected") }
}

fn case(result: Json) -> Case {
    let (name, expression) = (String::new(), String::new());
    Case { name, expression, result: Some(result), error: None, event: None, event_overrides: None }
}

fn run(case: &Case) -> Result<(), String> {
    let wanted = case.error.as_deref();
    let expression = match Expression::parse(&case.expression) {
        Ok(_) if wanted == Some("parse") => return Err("it parsed".into()),
        Ok(expression) => expression,
        Err(_) if wanted == Some("parse") => return Ok(()),
        Err(problems) => return Err(format!("does not parse: {}", problems[0].what)),
    };
    let found = expression.evaluate(&event(case));
    let value = match found.value {
        Value::Boolean(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::String(value) => json!(value),
    };
    let error = found.failures.first().map(|failure| failure.kind.name().replace('_', ""));
    let wanted = wanted.map(str::to_lowercase);
    if case.result.as_ref().is_some_and(|result| *result != value) || error != wanted {
        return Err(format!("gives {value} with {error:?}, and {:?} with {wanted:?} is wanted", case.result));
    }
    Ok(())
}

fn event(case: &Case) -> Event {
    let mut members = case.event.clone().unwrap_or_else(|| {
        let sample = json!({
            "specversion": "1.0", "id": "myId", "source": "localhost.localdomain", "type": "myType",
        });
        sample.as_object().unwrap().clone()
    });
    members.extend(case.event_overrides.clone().unwrap_or_default());
    json::decode(&Json::Object(members).to_string().into()).unwrap()
}

fn read(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap();
    serde_saphyr::from_str::<File>(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())).tests
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == ending)).collect();
    files.sort();
    files
}

/// The folder of vectors; without it there is nothing to run, which CI does not accept.
fn conformance(folder: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance");
    let root = std::env::var_os("HYDRANT_CONFORMANCE").map_or_else(beside, PathBuf::from);
    let path = root.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    let missing = format!("no conformance vectors in {}", path.display());
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    // Past the capture of a test that passes: whoever runs it is to know.
    writeln!(std::io::stderr(), "skipped: {missing}").ok();
    None
}
