//! Filters that are none, or hardly the ones that were meant.

use super::Project;
use super::bad::check;

const CLAUSE: &str = "such as \"type = 'order.created'\" (hydrant help cesql), or \
     { exact = { type = \"order.created\" } }; a table of several means all of them";
const ON: &str = "such as { type = \"order.*\" }, or a list of such tables, one of which must hold, or a CESQL \
     expression (hydrant help cesql)";

/// What is told of `filter = ...`, as people see it.
fn told(filter: &str) -> String {
    let project = Project::new(&format!("[trigger.a]\nto = \"fn/bill\"\n{filter}\n"));
    project.script("functions/bill.sh");
    project.load().text()
}

#[test]
fn forms() {
    let filter = |filter: &str, column: usize, help: &str| {
        let file = format!("[trigger.a]\nto = \"fn/bill\"\nfilter = {filter}\n");
        let loaded = Project::new(&file).load();
        let found = loaded
            .diagnostics
            .iter()
            .find(|d| d.code.id() == "H020")
            .unwrap_or_else(|| panic!("{filter}: {}", loaded.text()));
        assert_eq!(found.place().unwrap().column(), column, "{filter}");
        assert_eq!(found.help.as_deref(), Some(help), "{filter}");
    };
    filter("{ all = [] }", 18, CLAUSE);
    filter("{ any = { exact = { type = \"a\" } } }", 18, CLAUSE);
    filter("{ exact = {} }", 20, CLAUSE);
    filter("{ not = {} }", 18, CLAUSE);
    filter("{ all = [{ not = {} }] }", 27, CLAUSE);
    filter("{ exact = { type = 5 } }", 29, "attributes are compared as texts: write it in quotes");
    filter(
        "{ prefix = { type = \"\" } }",
        30,
        "the specification allows no empty values; `on` takes \"*\" for: there, whatever it is",
    );
    filter(
        "{ suffix = { Type = \"x\" } }",
        23,
        "attributes are written in a-z and 0-9: type, source, subject, id, time or an extension",
    );
    check("[function.bill]\non = []\n", "H020", (2, 6), "`on` in [function.bill] is no filter", ON);
    check(
        "[function.bill]\non = { type = \"a*b\" }\n",
        "H020",
        (2, 15),
        "`type` in [function.bill] on is no filter",
        "one `*`, first or last; `filter` can say more",
    );
    let one_each = "write each dialect in a table of its own";
    check(
        "[trigger.a]\nto = \"fn/bill\"\nfilters = [{ exact = { id = \"1\" }, prefix = { id = \"1\" } }]\n",
        "H020",
        (3, 12),
        "`filters` in [trigger.a] is no filter",
        one_each,
    );
}

#[test]
fn an_expression_is_told_at_the_place_of_the_mistake() {
    let expected = "\
error[H030]: `filter` in [trigger.a] is no CESQL expression: expected an operator or the end, found `LIEK`
 --> runtime.toml:3:16
  |
3 | filter = \"type LIEK 'order.%'\"
  |                ^^^^ here
  |
  = help: did you mean LIKE? (hydrant help cesql)";
    assert_eq!(told("filter = \"type LIEK 'order.%'\""), expected);
}

#[test]
fn the_place_is_right_behind_escapes_too() {
    let expected = "\
error[H030]: `cesql` in `filter` in [trigger.a] is no CESQL expression: expected an operator or the end, found `==`
 --> runtime.toml:3:51
  |
3 | filter = { cesql = \"subject = \\\"\\u00e4\\\" AND type == 'x'\" }
  |                                                   ^^ here
  |
  = help: equality is one `=`";
    let found = told("filter = { cesql = \"subject = \\\"\\u00e4\\\" AND type == 'x'\" }");
    assert_eq!(found, expected);
}

#[test]
fn all_mistakes_of_an_expression_are_told_at_once() {
    let project = Project::new("[trigger.a]\nto = \"fn/bill\"\nfilter = \"type = AND n > \"\n");
    project.script("functions/bill.sh");
    assert_eq!(project.load().codes(), ["H030", "H030"]);
}

#[test]
fn a_filter_that_can_never_match_is_told_with_both_clauses() {
    let expected = "\
warning[H031]: `filter` in [trigger.a] can never match
 --> runtime.toml:3:38
  |
3 | filter = \"type = 'order.created' AND type = 'order.paid'\"
  |           ----------------------     ^^^^^^^^^^^^^^^^^^^ contradicts the other clause
  |           |
  |           this
  |
  = help: use type IN ('order.created', 'order.paid')";
    assert_eq!(told("filter = \"type = 'order.created' AND type = 'order.paid'\""), expected);
    let expected = "\
warning[H031]: `filter` in [trigger.a] can never match
 --> runtime.toml:3:10
  |
3 | filter = { exact = { type = \"a\" }, prefix = { type = \"b\" } }
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ type = \"a\" and type = \"b*\" exclude each other
  |
  = help: to let either pass, put them into `any`";
    assert_eq!(told("filter = { exact = { type = \"a\" }, prefix = { type = \"b\" } }"), expected);
}

#[test]
fn what_an_expression_can_be_is_known_before_any_event() {
    let filter = |filter: &str, code: &str, column: usize, message: &str, help: &str| {
        let file = format!("[trigger.a]\nto = \"fn/bill\"\nfilter = \"{filter}\"\n");
        check(&file, code, (3, column), &format!("`filter` in [trigger.a] {message}"), help);
    };
    let compare = "compare it with something: = != < LIKE IN";
    filter("LENGTH(id)", "H033", 11, "can never match: it gives no boolean", compare);
    let message = "calls a function `LENGHT` that does not exist";
    filter("LENGHT(id) > 1", "H034", 11, message, "did you mean LENGTH?");
    let message = "calls LEFT with the wrong number of arguments";
    filter("LEFT(id) = 'x'", "H034", 11, message, "it is written LEFT(text, count)");
    filter("EXISTS id", "H032", 11, "matches every event", "without a filter, it does the same");
    let message = "is an attribute alone: a boolean only in events that came as JSON";
    filter("flag", "H035", 11, message, "write flag = TRUE");
    let message = "negates `type` alone, not the comparison";
    filter("NOT type = 'x'", "H035", 11, message, "write NOT (type = 'x')");
    let message = "mixes AND, OR and XOR without brackets";
    let help = "the three have one precedence in CESQL and lean to the right: write the brackets you mean";
    filter("a = 'x' OR b = 'y' AND c = 'z'", "H035", 30, message, help);
    let message = "fails on every event, and what fails does not match";
    let help = "a text alone is no condition: compare an attribute with it, or write IN (.., 'b')";
    filter("type = 'a' OR 'b'", "H031", 25, message, help);
}

#[test]
fn what_is_no_filter_leaves_the_last_good_configuration_and_what_is_doubtful_does_not() {
    let load = |filter: &str| {
        let project = Project::new(&format!("[trigger.a]\nto = \"fn/bill\"\nfilter = \"{filter}\"\n"));
        project.script("functions/bill.sh");
        project.load().resolved.is_some()
    };
    assert!(!load("type ="));
    assert!(!load("LENGTH(id)"));
    assert!(!load("NOSUCH(id)"));
    assert!(load("type = 'a' AND type = 'b'"));
    assert!(load("flag"));
}

#[test]
fn several_filters_replace_one() {
    let project = Project::new(
        "[trigger.a]\nto = \"fn/bill\"\nfilter = { exact = { id = \"1\" } }\n\
         filters = [{ prefix = { type = \"a\" } }, { cesql = \"n = 1\" }]\n\
         [trigger.b]\nto = \"fn/bill\"\nfilter = { attributes = { type = \"\", id = \"1\" } }\nfilters = []\n",
    );
    project.script("functions/bill.sh");
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H060"], "{}", loaded.text());
    let resolved = loaded.resolved.unwrap();
    assert_eq!(resolved.filter("trigger/a"), "type = \"a*\" and n = 1");
    assert_eq!(resolved.filter("trigger/b"), "type = \"*\" and id = \"1\"");
}
