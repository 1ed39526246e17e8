//! `hydrant completions`: a real shell sources the script, and asks what Tab would.

#![expect(clippy::disallowed_methods, reason = "the test starts a shell")]

use std::process::{Command, Stdio};

use libtest_mimic::Trial;

use crate::support::runtime::{BINARY, output, verb};
use crate::support::{Project, Runtime, group, group_needing};

pub(crate) fn trials() -> Vec<Trial> {
    let without = |shell: &str| output(shell, &["--version"]).is_none().then(|| format!("no {shell}"));
    let mut trials = group_needing(
        "completions in bash",
        without("bash"),
        &[
            ("bash_completes_the_functions_of_the_running_runtime", running),
            ("bash_completes_names_of_the_configuration_when_none_runs", configured),
            ("bash_completes_commands_flags_and_their_values", flags),
        ],
    );
    trials.extend(group_needing(
        "completions in zsh",
        without("zsh"),
        &[("zsh_completes_the_same", || the_same(ZSH))],
    ));
    trials.extend(group_needing(
        "completions in fish",
        without("fish"),
        &[("fish_completes_the_same", || the_same(FISH))],
    ));
    trials.extend(group(
        "completions",
        &[("each_shell_has_a_script_and_another_is_refused", each_shell_has_a_script)],
    ));
    trials
}

const CONFIG: &str = "[channel.orders]\n[trigger.bill-it]\nto = \"fn/bill\"\n[source.nightly]\ntype = \"ping\"\n\
                      schedule = \"@yearly\"\nto = \"channel/orders\"\n";

fn project() -> Project {
    let project = Project::new(CONFIG);
    for function in ["bill", "bake", "ship"] {
        project.function(function, "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\n");
    }
    project
}

/// What bash offers behind these words, the last of which is being typed.
fn offered(project: &Project, words: &[&str]) -> Vec<String> {
    let ask = r#"
source <("$HYDRANT" completions bash) || exit 1
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
# The name of the function is what `complete` was told.
completes=$(complete -p hydrant | sed 's/.* -F \([^ ]*\) .*/\1/')
"$completes" hydrant "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;
    let mut bash = Command::new("bash");
    bash.args(["-c", ask, "bash"]).args(words).env("HYDRANT", BINARY);
    let output = bash.current_dir(project.path()).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

/// How another shell is asked, by its name and a script of its own, which gets the line that is typed.
type Shell = (&'static str, &'static [&'static str], &'static str);

/// It completes only in a terminal: one in a terminal of its own is typed to, and notes what it would show.
const ZSH: Shell = (
    "zsh",
    &["-f", "-c"],
    r#"
zmodload zsh/zpty && export LINE="$1" FOUND="$PWD/found" && : > $FOUND || exit 1
zpty z zsh -f -i
zpty -w z 'PS1= ; autoload -Uz compinit && compinit -D -u; source <("$HYDRANT" completions zsh)
compadd() {
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    typeset -a hits; builtin compadd -A hits "$@"; print -l -- $hits >> $FOUND
  fi
  builtin compadd "$@"
}
bindkey "^I" complete-word; PS1=REA\DY'
zpty -r z line "*READY" || exit 1
zpty -n -w z "$LINE"$'\t\C-uexit\n'
while zpty -r z line; do :; done
cat $FOUND
"#,
);
const FISH: Shell = (
    "fish",
    &["--no-config", "-c"],
    r#"$HYDRANT completions fish | source; complete -C $argv[2] | string replace -r "\t.*" ""; true"#,
);

/// What is offered behind a line that is being typed.
fn offered_in((shell, flags, ask): Shell, project: &Project, line: &str) -> Vec<String> {
    let mut command = Command::new(shell);
    command.args(flags).args([ask, shell, line]).env("HYDRANT", BINARY);
    let output = command.current_dir(project.path()).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn the_same(shell: Shell) {
    let project = project();
    let check = |line: &str, words: &[&str]| {
        assert_eq!(offered_in(shell, &project, line), words, "{line}");
    };
    check("hydrant attach b", &["bake", "bill"]);
    check("hydrant pause bi", &["bill-it"]);
    check("hydrant send x --to c", &["channel/orders"]);
    check("hydrant fire n", &["nightly"]);
    check("hydrant cesq", &["cesql"]);
    check("hydrant dlq re", &["retry"]);
    check("hydrant send --subj", &["--subject"]);
    check("hydrant new --lang p", &["python"]);
}

/// The names among it: where nothing is typed yet, flags are offered too.
fn names(project: &Project, words: &[&str]) -> Vec<String> {
    offered(project, words).into_iter().filter(|word| !word.starts_with('-')).collect()
}

fn running() {
    let project = project();
    let _runtime = Runtime::start(&project);
    // The configuration would say none: it cannot be read at the moment.
    project.write("runtime.toml", "[runtime\n");
    assert_eq!(names(&project, &["hydrant", "invoke", ""]), ["bake", "bill", "ship"]);
    assert_eq!(names(&project, &["hydrant", "invoke", "b"]), ["bake", "bill"]);
    assert_eq!(names(&project, &["hydrant", "dlq", "ls", "--fn", "s"]), ["ship"]);
    for verb in ["scale", "logs", "attach"] {
        assert_eq!(names(&project, &["hydrant", verb, "b"]), ["bake", "bill"], "{verb}");
    }
}

fn configured() {
    let project = project();
    assert_eq!(names(&project, &["hydrant", "attach", "b"]), ["bake", "bill"]);
    for words in [&["history", "--trigger"][..], &["tail", "--trigger"], &["pause"], &["resume"], &["retry"]]
    {
        assert_eq!(names(&project, &[&["hydrant"], words, &["bi"]].concat()), ["bill-it"], "{words:?}");
    }
    assert_eq!(names(&project, &["hydrant", "send", "x", "--to", "c"]), ["channel/orders"]);
    assert_eq!(names(&project, &["hydrant", "fire", ""]), ["nightly"]);
    // Another project than the one here is one that was named.
    let other = Project::new("");
    other.function("other", "#!/bin/sh\n");
    let there = other.path().to_str().unwrap();
    assert_eq!(names(&project, &["hydrant", "-C", there, "invoke", "o"]), ["other"]);
    assert_eq!(names(&project, &["hydrant", "invoke", "o"]), [""; 0]);
    let nowhere = project.file("nowhere");
    assert_eq!(names(&project, &["hydrant", "-C", nowhere.to_str().unwrap(), "invoke", ""]), [""; 0]);
}

fn flags() {
    let project = project();
    assert_eq!(offered(&project, &["hydrant", "cesq"]), ["cesql"]);
    assert_eq!(offered(&project, &["hydrant", "dlq", "re"]), ["retry"]);
    assert_eq!(offered(&project, &["hydrant", "send", "--subj"]), ["--subject"]);
    assert_eq!(offered(&project, &["hydrant", "new", "--lang", "p"]), ["python"]);
}

fn each_shell_has_a_script() {
    let project = project();
    for (shell, by) in
        [("bash", "complete -o"), ("zsh", "#compdef hydrant"), ("fish", "complete --keep-order")]
    {
        let (code, out, talk) = verb(&project, &["completions", shell]);
        assert_eq!(code, 0, "{talk}");
        assert!(out.contains(by) && out.contains("HYDRANT_COMPLETE"), "{shell}: {out}");
    }
    assert_eq!(verb(&project, &["completions", "tcsh"]).0, 2);
}
