//! What is said of sources that watch folders: which files, and where their events go.

use super::Project;
use super::bad::check;
use crate::config::resolved::{ChannelKind, Resolved};
use crate::sources::file_watch::{Occasion, Pattern};

const INBOX: &str = "[source.inbox]\ntype = \"file-watch\"\nto = \"fn/bill\"\n";

fn resolved(more: &str) -> Resolved {
    let project = Project::new(&format!("{INBOX}{more}"));
    project.script("functions/bill.sh");
    project.resolved()
}

#[test]
fn the_last_step_of_a_path_may_say_which_names() {
    for (path, folder, names) in [
        ("inbox", "inbox", None),
        ("./in/box/", "in/box", None),
        ("inbox/*.csv", "inbox", Some("*.csv")),
        ("*.csv", "", Some("*.csv")),
        ("/*", "/", Some("*")),
        ("/var/spool/in/order-?", "/var/spool/in", Some("order-?")),
    ] {
        let resolved = resolved(&format!("path = \"{path}\"\n"));
        let inbox = &resolved.file_watches["inbox"];
        assert!(inbox.folder.is_absolute() && inbox.folder.ends_with(folder), "{path}: {:?}", inbox.folder);
        assert_eq!(inbox.names.as_ref().map(Pattern::text), names, "{path}");
    }
}

#[test]
fn it_tells_of_writing_with_data_unless_something_else_is_said() {
    let resolved_plain = resolved("path = \"inbox\"\n");
    let inbox = &resolved_plain.file_watches["inbox"];
    assert_eq!((&inbox.on[..], inbox.data), (&[Occasion::Write][..], true));
    assert!(!inbox.existing && inbox.event_type.is_none());
    assert_eq!(inbox.outlet.channel, (ChannelKind::Source, "inbox".into()));
    assert!(resolved_plain.subscription("source/inbox").is_some());
    let resolved = resolved(
        "path = \"inbox\"\non = \"delete\"\ndata = false\nexisting = true\nevent = { type = \"order\" }\n",
    );
    let inbox = &resolved.file_watches["inbox"];
    assert_eq!((&inbox.on[..], inbox.data), (&[Occasion::Delete][..], false));
    assert_eq!((inbox.existing, inbox.event_type.as_deref()), (true, Some("order")));
}

#[test]
fn what_is_wrong_is_told() {
    check(INBOX, "H006", (1, 1), "[source.inbox] has no `path`", "name the folder, such as path = \"inbox\"");
    for (path, column, title, help) in [
        ("in*/a", 8, "be a folder, and behind it which names in it", "one source watches one folder"),
        (
            "in/{a,b}*",
            8,
            "be a folder, and behind it which names in it",
            "* stands for any characters, ? for one",
        ),
    ] {
        let title = format!("`path` in [source.inbox] must {title}");
        check(&format!("{INBOX}path = \"{path}\"\n"), "H005", (4, column), &title, help);
    }
    check(
        &format!("{INBOX}path = \"inbox\"\non = []\n"),
        "H005",
        (5, 6),
        "`on` in [source.inbox] must be at least one occasion",
        "such as [\"write\", \"delete\"]",
    );
    check(
        &format!("{INBOX}path = \"inbox\"\nextensions = {{ size = \"l\" }}\n"),
        "H005",
        (5, 14),
        "`extensions` in [source.inbox] must be attributes beside those of the event",
        "choose another name than size, which its events have themselves",
    );
}
