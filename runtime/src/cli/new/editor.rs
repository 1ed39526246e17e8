//! What an editor needs to debug a function: how it gets at the process that `hydrant attach` becomes.

use clap::ValueEnum;
use serde_json::{Value, json};

use super::super::exit::Failure;
use super::draft::Draft;
use super::language::Language;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Editor {
    Vscode,
}

impl Editor {
    /// Plans its file; not every language's debugger is one that it can speak to.
    pub(super) fn draft(self, name: &str, language: Language, draft: &mut Draft) -> Result<(), Failure> {
        let Self::Vscode = self;
        let Some((configuration, prefix)) = debugger(language, name) else {
            return Err(Failure::usage(format!(
                "--editor: nothing is known of debugging {} in one",
                language.name()
            ))
            .help("it is for python, node and go; with gdb: hydrant attach FN --exec 'gdb --args'"));
        };
        draft.file(".vscode/launch.json", launch(name, configuration, prefix));
        Ok(())
    }
}

/// How the editor gets at a function (docs/debugging.md), and what a person runs that one by before, in a terminal; the
/// debugger of Node comes along into whatever the editor starts, so there it is `hydrant attach` itself.
fn debugger(language: Language, name: &str) -> Option<(Value, Option<&'static str>)> {
    match language {
        Language::Python => Some((
            json!({"type": "debugpy", "request": "attach", "connect": {"host": "127.0.0.1", "port": 5678}}),
            Some("python3 -m debugpy --listen 5678 --wait-for-client"),
        )),
        Language::Node => {
            let arguments = ["attach", name, "--exec", ""];
            let configuration = json!({"type": "node", "request": "launch", "runtimeExecutable": "hydrant", "runtimeArgs": arguments});
            Some((configuration, None))
        }
        Language::Go => {
            // Delve is spoken to as it is: of itself the extension takes its adapter of old for what listens already.
            let configuration = json!({
                "type": "go", "request": "attach", "debugAdapter": "dlv-dap", "mode": "remote", "host": "127.0.0.1", "port": 2345
            });
            Some((configuration, Some("dlv exec --headless --listen 127.0.0.1:2345")))
        }
        _ => None,
    }
}

fn launch(name: &str, mut configuration: Value, prefix: Option<&str>) -> String {
    configuration["name"] = json!(format!("hydrant attach {name}"));
    let file = json!({"version": "0.2.0", "configurations": [configuration]});
    let first = prefix.map_or_else(
        || "start this. It becomes the process of the function;".into(),
        |prefix| format!("in a terminal:\n//     {}\n// It becomes the process of the function, which this attaches to;", command(name, prefix)),
    );
    format!("// While `hydrant dev` runs, {first} then send an event.\n{file:#}\n")
}

fn command(name: &str, prefix: &str) -> String {
    format!("hydrant attach {name} --exec '{prefix}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(language: Language) -> (String, Value, Option<&'static str>) {
        let (configuration, prefix) = debugger(language, "hello").unwrap();
        let text = launch("hello", configuration, prefix);
        let json: String = text.lines().filter(|line| !line.starts_with("//")).collect();
        let mut file: Value = serde_json::from_str(&json).unwrap();
        (text, file["configurations"][0].take(), prefix)
    }

    #[test]
    fn it_attaches_as_the_page_on_debugging_has_it() {
        let page = include_str!("../../../../docs/debugging.md");
        for (language, port) in [(Language::Python, "/connect/port"), (Language::Go, "/port")] {
            let (text, configuration, prefix) = written(language);
            let command = command("hello", prefix.unwrap());
            assert!(text.contains(&command) && page.contains(&format!("`{command}`")), "{text}");
            assert_eq!(configuration["request"], "attach");
            let port = configuration.pointer(port).unwrap().to_string();
            assert!(command.contains(&port) && page.contains(&format!("port {port}")), "{port}");
        }
    }

    #[test]
    fn node_is_started_and_not_looked_for_at_a_port() {
        let (text, configuration, prefix) = written(Language::Node);
        assert_eq!((&configuration["request"], prefix), (&"launch".into(), None), "{text}");
        assert!(configuration.get("port").is_none(), "{text}");
    }
}
