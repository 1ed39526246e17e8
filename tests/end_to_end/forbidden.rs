//! Where no event goes (failure scenario 34): other schemes, link-local addresses, and wherever an answer points.

use std::io::{Read, Write};
use std::net::TcpListener;

use libtest_mimic::Trial;

use crate::support::project::noting_script;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "forbidden",
        &[
            ("forbidden_destinations_are_refused_for_triggers_replies_and_dead_letters", refused),
            ("a_name_that_leads_to_a_link_local_address_is_not_asked", not_asked),
            ("a_redirect_of_a_url_is_not_followed", not_followed),
        ],
    )
}

fn refused() {
    let project = Project::new("");
    project.function("order", noting_script("", ""));
    let places = [
        "[trigger.x]\nto = \"URL\"\n",
        "[channel.c]\n[subscription.x]\nchannel = \"c\"\nto = \"URL\"\n",
        "[channel.c]\n[subscription.x]\nchannel = \"c\"\nto = \"fn/order\"\nreply = \"URL\"\n",
        "[broker.default]\ndelivery = { dead_letter = \"URL\" }\n",
        "[broker.default]\ndelivery = { deadLetterSink = \"URL\" }\n",
        "[trigger.x]\nto = \"fn/order\"\ndelivery = { dead_letter = \"URL\" }\n",
    ];
    let urls = [
        ("file:///etc/passwd", ""),
        ("unix:///run/docker.sock", ""),
        ("gopher://127.0.0.1/", ""),
        ("http://169.254.169.254/latest", "link-local"),
        ("http://[fe80::1]/", "link-local"),
        ("http://[::ffff:169.254.169.254]/", "link-local"),
        ("http://user:password@127.0.0.1/", "a user in it"),
    ];
    for place in places {
        for (url, why) in urls {
            let config = place.replace("URL", url);
            project.configure(&config);
            let (code, said, more) = verb(&project, &["check"]);
            assert_eq!(code, 3, "{config}{said}{more}");
            assert!(said.contains(url) && said.contains("error[H"), "{config}{said}");
            assert!(said.contains(why), "{config}{said}");
        }
    }
}

/// Whatever a name says now, its address is looked at when there is something for it.
fn not_asked() {
    // A spelling that is no address where it is read, and one where it is looked up.
    let project = Project::new(
        "[broker.default]\ndelivery = { retry = 0 }\n[trigger.out]\nto = \"http://0xa9fea9fe/latest\"\n",
    );
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = &runtime.verdicts("1")["out"];
    assert_eq!(verdict["outcome"], "dead_letter", "{verdict}");
    let told = verdict["attempts"][0]["error"].as_str().unwrap();
    assert!(told.contains("is the link-local address 169.254.169.254: not allowed"), "{told}");
}

fn not_followed() {
    let (points, never) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let elsewhere = never.local_addr().unwrap();
    let project = Project::new(&format!(
        "[broker.default]\ndelivery = {{ retry = 3, delay = \"1ms\" }}\n[trigger.out]\nto = \"http://{}/\"\n",
        points.local_addr().unwrap()
    ));
    let runtime = Runtime::start(&project);
    for status in [301, 302, 303, 307, 308] {
        let id = status.to_string();
        runtime.send(&id, "order");
        let (mut stream, _) = points.accept().unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).unwrap() > 0);
        write!(
            stream,
            "HTTP/1.1 {status} Elsewhere\r\nlocation: http://{elsewhere}/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        )
        .unwrap();
        drop(stream);
        let verdict = &runtime.verdicts(&id)["out"];
        let told = (&verdict["outcome"], &verdict["attempt_count"], &verdict["status"]);
        assert_eq!(told, (&"dead_letter".into(), &1.into(), &id.as_str().into()));
    }
    never.set_nonblocking(true).unwrap();
    assert!(never.accept().is_err(), "nobody went there");
}
