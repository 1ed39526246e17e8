//! Events that come back to whoever made them (failure scenarios 29 and 42): the hop limit ends them, and no room is so
//! little that they stand still.

use libtest_mimic::Trial;

use crate::support::project::noting_server;
use crate::support::{Project, Runtime, group, http, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "loops",
        &[
            ("an_event_loop_is_cut_by_its_hops_and_becomes_a_dead_letter_with_the_reason", cut_by_its_hops),
            ("a_loop_of_two_brokers_is_cut_too", a_loop_of_two_brokers),
            ("a_producer_may_allow_fewer_hops", fewer_hops),
            ("a_trigger_that_answers_itself_drains_a_full_ring", gain_1),
            ("two_triggers_that_answer_each_other_twofold_end_by_their_hops", gain_2),
        ],
    )
}

/// Answers every event with the like of it.
fn echo() -> String {
    let more = r#"        self.send_response(200)
        for name in ("specversion", "source", "type"): self.send_header("ce-" + name, self.headers["ce-" + name])
        self.send_header("ce-id", os.environ["K_SERVICE"] + str(time.monotonic_ns()))
        self.send_header("content-length", str(len(self.body)))
        while os.path.exists("held"): time.sleep(0.005)
        self.end_headers()
        self.wfile.write(self.body)
        return"#;
    noting_server("", more)
}

/// Takes dead letters and notes what they say.
fn undertaker() -> String {
    let more = r#"        import base64
        h = self.headers
        told = base64.b64decode(h["ce-knativeerrordata"]).decode()
        note("%s | %s | %s" % (h["ce-knativeerrordest"], h.get("ce-knativebrokerttl"), told), "buried")"#;
    noting_server("", more)
}

const LETTERS: &str = "delivery = { dead_letter = \"fn/undertaker\" }\n";
const USED_UP: &str = "passed on too often: its hops are used up";

fn send(runtime: &Runtime<'_>, path: &str, hops: Option<&str>, data: &[u8]) -> u16 {
    let event = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/test"), ("ce-type", "echo")];
    let hops = hops.map(|hops| ("ce-knativebrokerttl", hops));
    let headers: Vec<(&str, &str)> = event.into_iter().chain(hops).collect();
    http::request(runtime.listen, "POST", path, &headers, data).unwrap().status
}

fn cut_by_its_hops() {
    let project = Project::new(&format!("state = \"memory\"\n[broker.default]\n{LETTERS}"));
    project.function("echo", echo());
    project.function("undertaker", undertaker());
    let runtime = Runtime::start(&project);
    assert_eq!(send(&runtime, "/", None, b""), 202);
    wait_until("it is a dead letter", || project.lines("buried") == [format!("fn/echo | 0 | {USED_UP}")]);
    // Itself, its 255 hops, and the undertaker's.
    assert_eq!(project.lines("delivered").len(), 1 + 255 + 1);
    assert!(
        runtime.log().contains(USED_UP) || runtime.log().contains("malformed reply"),
        "{}",
        runtime.log()
    );
}

fn a_loop_of_two_brokers() {
    let project = Project::new(&format!(
        "state = \"memory\"\n[broker.one]\n{LETTERS}[broker.two]\n{LETTERS}\
         [trigger.there]\nbroker = \"one\"\nto = \"broker/two\"\n\
         [trigger.back]\nbroker = \"two\"\nto = \"broker/one\"\n"
    ));
    project.function("undertaker", undertaker());
    let runtime = Runtime::start(&project);
    assert_eq!(send(&runtime, "/broker/one", None, b""), 202);
    // The 255th hop went back, or rather there: the first one did, and every odd one.
    wait_until("it is a dead letter", || project.lines("buried") == [format!("broker/one | 0 | {USED_UP}")]);
}

fn fewer_hops() {
    let project = Project::new(&format!("state = \"memory\"\n[broker.default]\n{LETTERS}"));
    project.function("echo", echo());
    project.function("undertaker", undertaker());
    let runtime = Runtime::start(&project);
    assert_eq!(send(&runtime, "/", Some("2"), b""), 202);
    wait_until("it is a dead letter", || project.lines("buried").len() == 1);
    assert_eq!(project.lines("delivered").len(), 1 + 2 + 1);
}

/// Sends events of 1 MiB until there is no room for another; gives how many there are.
fn fill(runtime: &Runtime<'_>, hops: &str) -> usize {
    let data = vec![b'x'; 1 << 20];
    let statuses = (0..100).map(|_| send(runtime, "/", Some(hops), &data));
    let taken = statuses.take_while(|status| *status == 202).count();
    assert!((32..100).contains(&taken), "{taken} events fill the ring");
    taken
}

fn gain_1() {
    let project = Project::new("[broker.default]\nclass = \"memory\"\n");
    project.function("echo", echo());
    project.write("held", "");
    let runtime = Runtime::start(&project);
    let sent = fill(&runtime, "1");
    assert_eq!(send(&runtime, "/", None, &vec![b'x'; 1 << 20]), 503, "it is full");
    std::fs::remove_file(project.file("held")).unwrap();
    wait_until("each came, and its echo", || project.lines("delivered").len() == 2 * sent);
    wait_until("there is room again", || send(&runtime, "/", Some("0"), b"") == 202);
}

fn gain_2() {
    let project = Project::new(
        "[broker.default]\nclass = \"memory\"\n[trigger.one]\nto = \"fn/one\"\n[trigger.two]\nto = \"fn/two\"\n",
    );
    for name in ["one", "two"] {
        project.function(name, echo());
    }
    let runtime = Runtime::start(&project);
    // Of 1 MiB, twice as many each time: more than the 64 MiB the ring holds when the last of them are made.
    assert_eq!(send(&runtime, "/", Some("6"), &vec![b'x'; 1 << 20]), 202);
    let all: usize = (0..=6).map(|hop| 2 << hop).sum();
    wait_until("all have come", || project.lines("delivered").len() == all);
    wait_until("there is room again", || send(&runtime, "/", Some("0"), b"") == 202);
}
