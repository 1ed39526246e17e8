//! What a function's settings keep it from, seen from inside.

use std::path::Path;

use libtest_mimic::Trial;

use crate::support::group::group_needing;
use crate::support::project::python;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, runtime, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = group(
        "isolation",
        &[
            ("a_strict_function_reads_what_is_named_and_nothing_else_of_ours", strict),
            ("a_limit_that_nothing_holds_is_told_and_the_function_runs", unheld),
            ("a_function_that_takes_too_much_fails_alone_and_says_why", too_much),
        ],
    );
    trials.extend(group_needing(
        "a /tmp of its own",
        room(None).err(),
        &[("a_strict_function_has_a_tmp_of_its_own", || own_tmp(None))],
    ));
    trials.extend(group_needing(
        "a /tmp of its own, of a plain user's",
        room(Some(PLAIN)).err(),
        &[("so_has_one_of_a_plain_user", || own_tmp(Some(PLAIN)))],
    ));
    trials
}

/// Of whom nothing else runs.
const PLAIN: u32 = 61_031;

/// A project where no `/tmp` hides it.
fn outside_of_tmp(user: Option<u32>, config: &str) -> Project {
    let project = Project::within(Path::new("/var/tmp"), config);
    user.into_iter().for_each(|user| project.give_to(user));
    project
}

/// Whether the machine lets this user have one.
fn room(user: Option<u32>) -> Result<(), String> {
    let (_, says, _) = runtime::verb(&outside_of_tmp(user, ""), &["doctor"]);
    let is = says.lines().find(|line| line.starts_with("isolation")).unwrap_or_default();
    if is.contains("; with a /tmp of its own") { Ok(()) } else { Err(is.to_owned()) }
}

/// sh has no modules that a plain user might not read.
const TRYING: &str = r#"#!/bin/sh
# hydrant: protocol = "stdio", isolation = "strict"
while read -r event; do
  echo "$K_SERVICE" > /tmp/of-$K_SERVICE
  sleep 1000 </dev/null >/dev/null 2>&1 &
  printf '{"specversion":"1.0","id":"r","source":"/try","type":"seen","data":"%s|%s|%s|%s|%s"}\n' \
    "$TMPDIR" "$(ls /tmp)" "$(readlink /proc/self/ns/ipc)" "$!" "$$"
done
"#;

fn own_tmp(user: Option<u32>) {
    let project = outside_of_tmp(user, "[defaults]\nidle = \"10m\"\n");
    project.function("one", TRYING);
    project.function("two", TRYING);
    let runtime = Runtime::start(&project);
    let seen = |name: &str| -> Vec<String> {
        let reply = runtime.get(&format!("/fn/{name}")).json();
        reply["data"].as_str().unwrap().split('|').map(str::to_owned).collect()
    };
    let ours = std::fs::read_link("/proc/self/ns/ipc").unwrap();
    let (one, two) = (seen("one"), seen("two"));
    assert_eq!(
        (&one[..2], &two[..2]),
        (&["/tmp", "of-one"].map(str::to_owned)[..], &["/tmp", "of-two"].map(str::to_owned)[..])
    );
    assert!(one[2].starts_with("ipc:") && one[2] != two[2] && Path::new(&one[2]) != ours, "{one:?} {two:?}");
    let of_one = || {
        let folders = std::fs::read_dir("/tmp").unwrap().flatten().map(|entry| entry.path().join("of-one"));
        folders.into_iter().any(|file| file.exists())
    };
    assert!(of_one() && !Path::new("/tmp/of-one").exists(), "it lies in a folder of its own");
    runtime.admin("POST", "/api/v1/functions/one/reap");
    wait_until("its folder and what it started go with it", || !of_one() && is_gone(&one[3]));
    assert!(!is_gone(&two[3]));
    runtime.kill9();
    wait_until("it does not outlive the runtime's kill", || is_gone(&two[4]));
}

fn is_gone(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, fields)| fields.starts_with(['Z', 'X']))
}

/// A server that says what became of each expression it is sent.
fn trying(project: &Project) {
    let prefix = "import json, os, sys\nfrom http.server import BaseHTTPRequestHandler, HTTPServer\n";
    let server = r#"
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        expression = self.rfile.read(int(self.headers["content-length"])).decode()
        try: answer = str(eval(expression))
        except Exception as error: answer = type(error).__name__
        self.send_response(200); self.end_headers(); self.wfile.write(answer.encode())
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#;
    project.function("try", format!("#!{}\n{prefix}{server}", python()));
}

fn answer(project: &Project, expression: &str) -> String {
    let (code, answer, talk) = crate::support::runtime::verb(project, &["invoke", "try", expression]);
    assert_eq!(code, 0, "{talk}");
    answer.trim().to_owned()
}

fn strict() {
    let home = python().rsplit_once("/bin/").unwrap().0;
    let config = format!(
        "[function.try]\nisolation = {{ level = \"strict\", read = [\"data\", \"{home}\"], write = [\"out\"] }}\n"
    );
    let project = Project::new(&config);
    std::fs::create_dir(project.file("out")).unwrap();
    project.write("data", "of ours");
    project.write("secret", "of ours");
    trying(&project);
    let _runtime = Runtime::start(&project);
    assert_eq!(answer(&project, "open('data').read()"), "of ours");
    assert_eq!(answer(&project, "open('secret').read()"), "PermissionError");
    assert_eq!(answer(&project, "open('data', 'w')"), "PermissionError");
    assert_eq!(answer(&project, "open('out/new', 'w').write('1')"), "1");
    assert_eq!(answer(&project, "open(os.environ['TMPDIR'] + '/new', 'w').write('1')"), "1");
    assert_eq!(answer(&project, "os.listdir('.')"), "PermissionError");
    let tmp = answer(&project, "os.environ['TMPDIR']");
    assert!(std::path::Path::new(&tmp).exists());
    _runtime.admin("POST", "/api/v1/functions/try/reap");
    wait_until("its own folder goes with it", || !std::path::Path::new(&tmp).exists());
}

fn unheld() {
    let config = "cgroup = \"off\"\n[function.try]\nlimits = { pids = 1, cpu = 0.5 }\n";
    let project = Project::new(config);
    trying(&project);
    let runtime = Runtime::start(&project);
    assert_eq!(
        answer(&project, "os.waitstatus_to_exitcode(os.system('exit 3'))"),
        "3",
        "it can start another"
    );
    let (code, checked, _) = verb(&project, &["check"]);
    assert_eq!(code, 0, "{checked}");
    for key in ["pids", "cpu"] {
        let told = format!("warning[H062]: `{key}` in the limits of function `try` is not held here");
        assert!(runtime.log().contains(&told), "{}", runtime.log());
        assert!(checked.contains(&told), "{checked}");
    }
}

fn too_much() {
    let config = "[function.try]\nlimits = { memory = \"200MiB\", files = 32 }\n[function.other]\n";
    let project = Project::new(config);
    trying(&project);
    project.function("other", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\nulimit -n\n");
    let runtime = Runtime::start(&project);
    assert_eq!(answer(&project, "len(bytearray(400 << 20))"), "MemoryError");
    assert_eq!(answer(&project, "[os.open('/dev/null', 0) for _ in range(100)]"), "OSError");
    assert_eq!(answer(&project, "1 + 1"), "2", "it goes on");
    let other = runtime.get("/fn/other").body;
    assert!(other.trim().parse::<u64>().is_ok_and(|files| files > 32), "{other}");
}
