//! What an editor needs to debug a function: how it attaches to the process that `hydrant attach` becomes.

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
    /// Plans its file; not every language's debugger waits for an editor.
    pub(super) fn draft(self, name: &str, language: Language, draft: &mut Draft) -> Result<(), Failure> {
        let Self::Vscode = self;
        let Some((prefix, debugger)) = debugger(language) else {
            return Err(Failure::usage(format!("--editor: nothing is known of debugging {} in one", language.name()))
                .help("python and node have debuggers that wait for an editor; for gdb: hydrant attach FN --exec 'gdb --args'"));
        };
        draft.file(".vscode/launch.json", launch(name, prefix, debugger));
        Ok(())
    }
}

/// What runs a function for the debugger (docs/debugging.md), and how the editor finds that.
fn debugger(language: Language) -> Option<(&'static str, Value)> {
    match language {
        Language::Python => Some((
            "python -m debugpy --listen 5678 --wait-for-client",
            json!({"type": "debugpy", "connect": {"host": "127.0.0.1", "port": 5678}}),
        )),
        Language::Node => Some(("node --inspect", json!({"type": "node", "port": 9229}))),
        _ => None,
    }
}

fn launch(name: &str, prefix: &str, debugger: Value) -> String {
    let mut configuration = debugger;
    configuration["name"] = json!(format!("hydrant attach {name}"));
    configuration["request"] = json!("attach");
    let file = json!({"version": "0.2.0", "configurations": [configuration]});
    format!(
        "// While `hydrant dev` runs, in a terminal:\n//     {}\n\
         // It becomes the process of the function, which this attaches to; then send an event.\n{file:#}\n",
        command(name, prefix)
    )
}

fn command(name: &str, prefix: &str) -> String {
    format!("hydrant attach {name} --exec '{prefix}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_attaches_as_the_page_on_debugging_has_it() {
        let page = include_str!("../../../../docs/debugging.md");
        let known = Language::ALL.into_iter().filter_map(debugger);
        let mut count = 0;
        for (prefix, found) in known {
            assert!(page.contains(&format!("`{}`", command("hello", prefix))), "{prefix}");
            let port = found.get("port").unwrap_or_else(|| &found["connect"]["port"]).to_string();
            assert!(page.contains(&format!("port {port}")), "{port}");
            let text = launch("hello", prefix, found);
            let json: String = text.lines().filter(|line| !line.starts_with("//")).collect();
            let launch: Value = serde_json::from_str(&json).unwrap();
            assert_eq!(launch["configurations"][0]["request"], "attach");
            count += 1;
        }
        assert_eq!(count, 2);
    }
}
