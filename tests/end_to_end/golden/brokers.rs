//! The rows of brokers: what Knative's own topology, delivery and routing tests expect of one, and what they leave out.
//!
//! Where Knative drops an event that nobody takes, it is one of hydrant's own dead letters.

use super::row::{GOOD, Reader, Row, row};

const REPLIES: Reader = Reader { wants: "event", replies: "200", ..GOOD };
const WANTS_REPLY: Reader = Reader { wants: "reply", ..GOOD };

fn fails(fails: &'static str) -> Reader {
    Reader { fails, ..GOOD }
}

fn own(delivery: &'static str, fails: &'static str) -> Reader {
    Reader { delivery, fails, ..GOOD }
}

fn wants(wants: &'static str) -> Reader {
    Reader { wants, ..GOOD }
}

pub(super) fn rows() -> Vec<Row> {
    [delivery(), letters(), statuses(), routing(), replies()].concat()
}

/// Whose `delivery` holds.
fn delivery() -> Vec<Row> {
    let own_letters = "retry = 3, dead_letter = \"fn/t0dlq\"";
    vec![
        row("neither says anything", "", &[GOOD, GOOD], "t0 o | t1 o"),
        row(
            "neither says anything, and one fails: the default tries on",
            "",
            &[fails("500,500"), GOOD],
            "t0 xxo | t1 o",
        ),
        row(
            "the broker's holds where the trigger says nothing",
            "retry = 3, dead_letter = \"fn/brokerdlq\"",
            &[fails("500,500,500"), fails("500,500,500,500")],
            "brokerdlq letter(500)o | t0 xxxo | t1 xxxx+",
        ),
        row(
            "the trigger's holds where the broker's is to try once",
            "retry = 0",
            &[own(own_letters, "500,500,500"), own("retry = 1", "500,500")],
            "t0 xxxo | t1 xx+",
        ),
        row(
            "both say something, and the trigger's holds",
            "retry = 1, dead_letter = \"fn/brokerdlq\"",
            &[own(own_letters, "500,500,500"), fails("500,500")],
            "brokerdlq letter(500)o | t0 xxxo | t1 xx+",
        ),
        row(
            "both say something, and each of two dead letters goes its own way",
            "retry = 1, dead_letter = \"fn/brokerdlq\"",
            &[own(own_letters, "500,500,500,500"), fails("500,500")],
            "brokerdlq letter(500)o | t0 xxxx+ | t0dlq letter(500)o | t1 xx+",
        ),
        row(
            "the trigger's replaces the broker's as a whole, where dead letters go, too",
            "retry = 0, dead_letter = \"fn/brokerdlq\"",
            &[own("retry = 1", "500*")],
            "t0 xx+",
        ),
        row(
            "three triggers, three ends",
            "retry = 1",
            &[
                fails("500"),
                own("retry = 0, dead_letter = \"fn/t1dlq\"", "503*"),
                own("retry = 2, on_exhausted = \"drop\"", "500*"),
            ],
            "t0 xo | t1 x+ | t1dlq letter(503)o | t2 xxx-",
        ),
    ]
}

/// Where dead letters go.
fn letters() -> Vec<Row> {
    vec![
        row(
            "to a channel",
            "retry = 0, dead_letter = \"channel/letters\"",
            &[fails("500*")],
            "chdlq letter(500)o | t0 x+",
        ),
        row(
            "to a broker",
            "retry = 0, dead_letter = \"broker/graves\"",
            &[fails("500*")],
            "graves letter(500)o | t0 x+",
        ),
        row(
            "of two triggers with one place for them: one each",
            "retry = 0, dead_letter = \"fn/brokerdlq\"",
            &[fails("500*"), fails("503*")],
            "brokerdlq letter(500)o | brokerdlq letter(503)o | t0 x+ | t1 x+",
        ),
        row("nowhere, as it was dropped", "retry = 1, on_exhausted = \"drop\"", &[fails("500*")], "t0 xx-"),
        row(
            "whoever takes it fails himself at first, and it waits for him",
            "retry = 0, dead_letter = \"fn/t0dlq\"",
            &[fails("500*")],
            "t0 x+ | t0dlq letter(500)xxo",
        )
        .reply_fails("500,500"),
    ]
}

/// Which answers are worth another attempt.
fn statuses() -> Vec<Row> {
    let letters = "retry = 2, dead_letter = \"fn/t0dlq\"";
    let last = |status: &'static str| {
        let expected = format!("t0 x+ | t0dlq letter({})o", status.trim_end_matches('*'));
        row(format!("{status} is not tried again"), letters, &[fails(status)], expected)
    };
    let mut rows = vec![
        row("404, 408, 409, 429 and 503 are", "retry = 5", &[fails("404,408,409,429,503")], "t0 xxxxxo"),
        row("a code of no class is", "retry = 1", &[fails("666")], "t0 xo"),
        row("what is worth none ends what was", letters, &[fails("500,400")], "t0 xx+ | t0dlq letter(400)o"),
    ];
    rows.extend(["400*", "401*", "403*", "410*", "413*", "422*", "300*", "302*", "304*"].map(last));
    rows
}

/// Who gets an event.
fn routing() -> Vec<Row> {
    vec![
        row("one trigger without a filter", "", &[GOOD], "t0 o"),
        row("one that wants another type", "", &[wants("other")], ""),
        row("one that wants this type", "", &[wants("event")], "t0 o"),
        row("two that want it", "", &[wants("event"), wants("event")], "t0 o | t1 o"),
        row("two, of which one wants it", "", &[wants("other"), wants("event")], "t1 o"),
        row("two without a filter", "", &[GOOD, GOOD], "t0 o | t1 o"),
        row(
            "one that fails is no matter to the other",
            "retry = 2",
            &[fails("500*"), GOOD],
            "t0 xxx+ | t1 o",
        ),
    ]
}

/// What comes of an event in an answer.
fn replies() -> Vec<Row> {
    let replies = |fails, replies| Reader { fails, replies, ..REPLIES };
    vec![
        row("another trigger wants it", "", &[REPLIES, WANTS_REPLY], "t0 o | t1 reply o"),
        row("two others want it", "", &[REPLIES, WANTS_REPLY, WANTS_REPLY], "t0 o | t1 reply o | t2 reply o"),
        row("nobody wants it, and it is stored", "", &[REPLIES], "stored reply | t0 o"),
        row("who answered wants it, too", "", &[Reader { wants: "", ..REPLIES }], "t0 o | t0 reply o"),
        row(
            "two answer with one",
            "",
            &[REPLIES, REPLIES, WANTS_REPLY],
            "t0 o | t1 o | t2 reply o | t2 reply o",
        ),
        row("it comes with a 201", "", &[replies("", "201"), WANTS_REPLY], "t0 o | t1 reply o"),
        row("that of a 202 goes nowhere", "", &[replies("", "202"), WANTS_REPLY], "t0 o"),
        row("that of a 204 goes nowhere", "", &[replies("", "204"), WANTS_REPLY], "t0 o"),
        row(
            "that of a failure goes nowhere",
            "retry = 2",
            &[replies("500,500", "200"), WANTS_REPLY],
            "t0 xxo | t1 reply o",
        ),
        row("nor does it at last", "retry = 1", &[replies("500*", "200"), WANTS_REPLY], "t0 xx+"),
        row(
            "nor that of what is not tried again",
            "retry = 1",
            &[replies("400*", "200"), WANTS_REPLY],
            "t0 x+",
        ),
        row("whoever wants it fails once", "retry = 1", &[REPLIES, WANTS_REPLY], "t0 o | t1 reply xo")
            .reply_fails("500"),
        row(
            "whoever wants it never takes it: it is his dead letter, and who answered is not asked again",
            "retry = 1",
            &[REPLIES, Reader { delivery: "retry = 2, dead_letter = \"fn/t1dlq\"", ..WANTS_REPLY }],
            "t0 o | t1 reply xxx+ | t1dlq letter(503)o",
        )
        .reply_fails("503,503,503"),
    ]
}
