//! What a function's settings keep it from, seen from inside.

use libtest_mimic::Trial;

use crate::support::project::python;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "isolation",
        &[
            ("a_strict_function_reads_what_is_named_and_nothing_else_of_ours", strict),
            ("a_function_that_takes_too_much_fails_alone_and_says_why", too_much),
        ],
    )
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
