//! As much of a validator of JSON Schema as our schema asks for; what it does not know fails the test.

use serde_json::{Map, Value};

/// What is wrong with a value, by its path; empty when nothing is.
pub(super) fn errors(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    check(root, schema, value, "", &mut errors);
    errors
}

fn check(root: &Value, schema: &Value, value: &Value, path: &str, errors: &mut Vec<String>) {
    for (keyword, said) in schema.as_object().unwrap() {
        let failed = match &**keyword {
            "$schema" | "$defs" | "title" | "description" | "default" => false,
            "$ref" => {
                let place = root.pointer(said.as_str().unwrap().strip_prefix('#').unwrap());
                check(root, place.unwrap_or_else(|| panic!("{said} leads nowhere")), value, path, errors);
                false
            }
            "type" => !is_of_type(said.as_str().unwrap(), value),
            "const" => said != value,
            "enum" => !said.as_array().unwrap().contains(value),
            "not" => said.as_object().unwrap().is_empty(),
            "minimum" => value.as_f64().is_some_and(|number| number < said.as_f64().unwrap()),
            "maximum" => value.as_f64().is_some_and(|number| number > said.as_f64().unwrap()),
            "pattern" => value.as_str().is_some_and(|text| !matches(said.as_str().unwrap(), text)),
            "anyOf" => !said.as_array().unwrap().iter().any(|one| self::errors(root, one, value).is_empty()),
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                items.for_each(|(at, item)| check(root, said, item, &format!("{path}/{at}"), errors));
                false
            }
            "required" => {
                let is_there = |key: &Value| value.get(key.as_str().unwrap()).is_some();
                value.is_object() && !said.as_array().unwrap().iter().all(is_there)
            }
            "propertyNames" => {
                let names = value.as_object().into_iter().flat_map(Map::keys);
                names.for_each(|name| check(root, said, &Value::from(name.as_str()), path, errors));
                false
            }
            "properties" | "additionalProperties" => {
                if keyword == "additionalProperties" || schema.get("additionalProperties").is_none() {
                    properties(root, schema, value, path, errors);
                }
                false
            }
            other => panic!("the schema says `{other}`, which this validator does not know"),
        };
        if failed {
            errors.push(format!("{path}: {value} fails {keyword} {said}"));
        }
    }
}

fn properties(root: &Value, schema: &Value, value: &Value, path: &str, errors: &mut Vec<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}/{key}");
        match (schema.get("properties").and_then(|known| known.get(key)), schema.get("additionalProperties"))
        {
            (Some(known), _) => check(root, known, value, &path, errors),
            (None, Some(Value::Bool(false))) => errors.push(format!("{path}: unknown key")),
            (None, Some(other)) => check(root, other, value, &path, errors),
            (None, None) => {}
        }
    }
}

fn is_of_type(wanted: &str, value: &Value) -> bool {
    match wanted {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("what is a {other}?"),
    }
}

/// The three patterns there are, by what they mean.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        super::super::NAME => crate::config::is_name(text),
        super::super::SIZE => crate::config::unit::size(text).is_ok(),
        super::super::DURATION => crate::config::unit::duration(text).is_ok(),
        other => panic!("the pattern {other} is not known here"),
    }
}
