//! Findings as SARIF 2.1.0, for whoever collects those of many tools: GitHub's code scanning, editors, CI.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::config::{Code, Diagnostic, Place, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The log of one run of `check`.
pub(super) fn sarif(diagnostics: &[Diagnostic]) -> Value {
    let codes: BTreeSet<Code> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "hydrant",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": codes.into_iter().map(rule).collect::<Value>(),
            } },
            // Columns are counted in characters, and a text in UTF-16 would count some of them twice.
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.iter().map(result).collect::<Value>(),
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.id(),
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": code.explanation() },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(diagnostic: &Diagnostic) -> Value {
    let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
    let location = diagnostic.file().map(|file| {
        let mut place = json!({ "artifactLocation": { "uri": uri(file) } });
        if let Some(region) = diagnostic.place().map(region) {
            place["region"] = region;
        }
        json!({ "physicalLocation": place })
    });
    json!({
        "ruleId": diagnostic.code.id(),
        "level": level(diagnostic.severity()),
        "message": { "text": format!("{}{help}", diagnostic.message) },
        "locations": location.into_iter().collect::<Value>(),
    })
}

fn region(place: &Place) -> Value {
    json!({ "startLine": place.line(), "startColumn": place.column() })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A path as a reference: relative where the file lies in the project.
fn uri(file: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
    let of = |byte: u8| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    file.bytes().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    #[test]
    fn a_finding_has_its_rule_its_level_its_place_and_its_help() {
        let source = Source::new("functions/bill me.toml", "a = 1\nö = idel\n");
        let place = Place { source, span: 11..15 };
        let found = Diagnostic::new(Code::UnknownKey, "unknown key `idel`").at(&place, "here").help("idle?");
        let about = Diagnostic::new(Code::CannotRead, "cannot read x").about("x");
        let nowhere = Diagnostic::new(Code::CannotRead, "cannot read y");
        let log = sarif(&[found, about, nowhere]);
        assert_eq!((&log["version"], &log["$schema"]), (&json!("2.1.0"), &json!(SCHEMA)));
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["name"], "hydrant");
        let rules: Vec<&Value> = run["tool"]["driver"]["rules"].as_array().unwrap().iter().collect();
        assert_eq!(rules.iter().map(|rule| &rule["id"]).collect::<Vec<_>>(), ["H001", Code::UnknownKey.id()]);
        assert_eq!(
            run["results"][0],
            json!({
                "ruleId": Code::UnknownKey.id(),
                "level": "error",
                "message": { "text": "unknown key `idel`\nhelp: idle?" },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": "functions/bill%20me.toml" },
                    "region": { "startLine": 2, "startColumn": 5 },
                } }],
            })
        );
        let of = |index: usize| &run["results"][index]["locations"];
        assert_eq!(*of(1), json!([{ "physicalLocation": { "artifactLocation": { "uri": "x" } } }]));
        assert_eq!(*of(2), json!([]), "there is nothing to show");
    }
}
