//! Events that no attempt helps (failure scenario 9), dead letters that nobody takes, and many that fail at once.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};

use libtest_mimic::Trial;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, getsockname, listen, socket,
};

use crate::support::project::noting_server;
use crate::support::{Project, Runtime, group, http, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "poison",
        &[
            ("a_poison_event_is_a_dead_letter_that_says_why_and_holds_up_its_key_when_ordered", || {
                check_poison("subject", &["x poison", "x poison", "x poison", "o behind"]);
            }),
            ("a_poison_event_is_a_dead_letter_that_says_why_and_holds_up_nothing_when_unordered", || {
                check_poison("none", &["o behind", "x poison", "x poison", "x poison"]);
            }),
            ("a_dead_letter_waits_for_a_sink_that_is_down_over_a_kill", a_dead_letter_waits),
            ("a_storm_of_retries_holds_up_no_other_event", a_storm_of_retries),
        ],
    )
}

fn send(runtime: &Runtime<'_>, id: &str, subject: &str) {
    let event = [
        ("ce-specversion", "1.0"),
        ("ce-id", id),
        ("ce-source", "/test"),
        ("ce-type", "order"),
        ("ce-subject", subject),
    ];
    let answer = http::request(runtime.listen, "POST", "/", &event, b"").unwrap();
    assert_eq!(answer.status, 202, "{}", answer.body);
}

/// Poison and one behind it, of one key; how they end.
fn check_poison(ordering: &str, expected: &[&str]) {
    let project = Project::new(&format!(
        "[trigger.order]\nto = \"fn/order\"\nordering = \"{ordering}\"\n\
         delivery = {{ retry = 2, delay = \"1ms\", dead_letter = \"fn/undertaker\" }}\n"
    ));
    // Poison is answered when there is another event, or, if they are ordered, when there can be none.
    let more = format!(
        r#"        me = self.headers["ce-id"]
        if me == "poison":
            while {} and not os.path.exists("others"): time.sleep(0.005)
            status, answer = 500, b"this is poison"
        note(("x " if me == "poison" else "o ") + me, "seen")
        if me != "poison": note(me, "others")"#,
        if ordering == "none" { "True" } else { "False" }
    );
    project.function("order", noting_server("", &more));
    let more = r#"        import base64
        h = self.headers
        told = base64.b64decode(h["ce-knativeerrordata"]).decode()
        note("%s %s %s: %s" % (h["ce-id"], h["ce-knativeerrordest"], h["ce-knativeerrorcode"], told), "buried")"#;
    project.function("undertaker", noting_server("", more));
    let runtime = Runtime::start(&project);
    send(&runtime, "poison", "a");
    send(&runtime, "behind", "a");
    let told = "poison fn/order 500: this is poison";
    wait_until("the dead letter is taken", || project.lines("buried") == [told]);
    wait_until("both have ended", || project.lines("seen").len() >= expected.len());
    assert_eq!(project.lines("seen"), expected);
    assert_eq!(runtime.verdicts("behind")["order"]["outcome"], "delivered");
}

/// Reads one request whole, answers 200, and gives its head.
fn take_one(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").unwrap();
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

/// An address that is taken, and where nobody listens.
fn held_address() -> (OwnedFd, SocketAddr) {
    let held = socket(AddressFamily::Inet, SockType::Stream, SockFlag::empty(), None).unwrap();
    bind(held.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
    let address: SockaddrIn = getsockname(held.as_raw_fd()).unwrap();
    (held, std::net::SocketAddrV4::from(address).into())
}

fn a_dead_letter_waits() {
    // Held and not listening, so that nobody else gets the port while the sink is down.
    let (held, address) = held_address();
    let project = Project::new(&format!(
        "[broker.default]\ndelivery = {{ retry = 0, dead_letter = \"http://{address}/letters\" }}\n"
    ));
    project.function("order", noting_server("", "        status = 500"));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("the sink is asked in vain", || {
        runtime.log().contains(&format!("dead-letter/http://{address}/letters"))
    });
    runtime.kill9();
    let again = Runtime::start(&project);
    listen(&held, Backlog::new(8).unwrap()).unwrap();
    let listener = TcpListener::from(held);
    let head = take_one(&listener);
    for wanted in [
        "post /letters ",
        "ce-id: 1\r\n",
        "ce-knativeerrorcode: 500\r\n",
        "ce-knativeerrordest: fn/order\r\n",
    ] {
        assert!(head.contains(wanted), "{wanted}: {head}");
    }
    assert_eq!(project.counts("delivered")["1"], 1, "the function is not asked again");
    assert!(again.stop().success());
}

fn a_storm_of_retries() {
    const STORM: usize = 300;
    let project = Project::new(
        "[broker.default]\ndelivery = { retry = 100000, delay = \"50ms\", max_delay = \"100ms\", jitter = true }\n",
    );
    let more = r#"        if self.headers["ce-subject"] == "bad" and not os.path.exists("mended"):
            status = 503
            note(self.headers["ce-id"], "failed")"#;
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    for n in 0..STORM {
        send(&runtime, &format!("bad{n}"), "bad");
    }
    wait_until("all of them come again and again", || {
        let counts = project.counts("failed");
        counts.len() == STORM && counts.values().all(|count| *count >= 2)
    });
    for n in 0..20 {
        let id = format!("good{n}");
        send(&runtime, &id, "good");
        let verdict = &runtime.verdicts(&id)["order"];
        assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
    }
    let pending = runtime.admin("GET", "/api/v1/events/bad0").json()["settled"].clone();
    assert_eq!(pending, false, "none of them was given up");
    project.write("mended", "");
    for n in 0..STORM {
        assert_eq!(runtime.verdicts(&format!("bad{n}"))["order"]["outcome"], "delivered");
    }
}
