//! The rows of channels, and every combination of how often a function fails, how often it is tried, where dead letters go
//! and whether it answers with an event, of either kind.

use super::row::{GOOD, Kind, Reader, Row, row};

pub(super) fn rows() -> Vec<Row> {
    let fails = |fails| Reader { fails, ..GOOD };
    let own = |delivery, fails| Reader { delivery, fails, ..GOOD };
    let replies = |fails| Reader { fails, replies: "200", ..GOOD };
    let letters = "retry = 1, dead_letter = \"fn/brokerdlq\"";
    vec![
        row("every subscription gets it", "", &[GOOD, GOOD, GOOD], "t0 o | t1 o | t2 o"),
        row("the channel's dead letters", letters, &[fails("500*")], "brokerdlq letter(500)o | t0 xx+"),
        row(
            "the subscription's replace them",
            letters,
            &[own("retry = 0, dead_letter = \"fn/t0dlq\"", "500*")],
            "t0 x+ | t0dlq letter(500)o",
        ),
        row(
            "each subscription has its own",
            letters,
            &[own("retry = 2, dead_letter = \"fn/t0dlq\"", "500*"), fails("500*"), fails("500")],
            "brokerdlq letter(500)o | t0 xxx+ | t0dlq letter(500)o | t1 xx+ | t2 xo",
        ),
        row(
            "one that fails is not a reason to ask the others again",
            "retry = 2",
            &[fails("500,500"), GOOD],
            "t0 xxo | t1 o",
        ),
        row("a reply goes to where the subscription says", "", &[replies("")], "replies reply o | t0 o")
            .reply_to("channel/replies"),
        row("or to a broker", "", &[replies("")], "answers reply o | t0 o").reply_to("broker/answers"),
        row("and without that nowhere", "", &[replies(""), GOOD], "t0 o | t1 o"),
        row("a failure's reply goes nowhere", letters, &[replies("500*")], "brokerdlq letter(500)o | t0 xx+")
            .reply_to("channel/replies"),
        row(
            "who gets the reply fails by his own rules",
            "retry = 0",
            &[replies("")],
            "replies reply xxo | t0 o",
        )
        .reply_to("channel/replies")
        .reply_fails("500,500"),
    ]
}

/// 5 numbers of failures, 3 of retries, 4 places for dead letters, with and without a reply.
pub(super) fn combinations(kind: Kind) -> Vec<Row> {
    const FAILS: [(&str, usize); 5] =
        [("", 0), ("500", 1), ("500,500", 2), ("500,500,500", 3), ("500*", usize::MAX)];
    let mut rows = Vec::new();
    for (fails, failures) in FAILS {
        for (retry, deliveries) in DELIVERIES.iter().enumerate() {
            for (delivery, letters) in deliveries.iter().zip(["", "t0dlq", "chdlq", "graves"]) {
                for replies in ["", "200"] {
                    let is_taken = failures <= retry;
                    let attempts = "x".repeat(failures.min(retry + 1));
                    let mut seen = vec![format!("t0 {attempts}{}", if is_taken { "o" } else { "+" })];
                    if !is_taken && !letters.is_empty() {
                        seen.push(format!("{letters} letter(500)o"));
                    }
                    if is_taken && !replies.is_empty() {
                        seen.push(format!("{} reply o", if kind == Kind::Broker { "t1" } else { "replies" }));
                    }
                    seen.sort();
                    let says = format!("fails {fails:?}, {delivery}, replies {replies:?}");
                    let made = row(says, delivery, &readers(kind, fails, replies), seen.join(" | "));
                    rows.push(if kind == Kind::Broker { made } else { made.reply_to("channel/replies") });
                }
            }
        }
    }
    rows
}

fn readers(kind: Kind, fails: &'static str, replies: &'static str) -> Vec<Reader> {
    let first = Reader { fails, replies, ..GOOD };
    match kind {
        Kind::Broker => vec![Reader { wants: "event", ..first }, Reader { wants: "reply", ..GOOD }],
        Kind::Channel => vec![first],
    }
}

const DELIVERIES: [[&str; 4]; 3] = [
    [
        "retry = 0",
        "retry = 0, dead_letter = \"fn/t0dlq\"",
        "retry = 0, dead_letter = \"channel/letters\"",
        "retry = 0, dead_letter = \"broker/graves\"",
    ],
    [
        "retry = 1",
        "retry = 1, dead_letter = \"fn/t0dlq\"",
        "retry = 1, dead_letter = \"channel/letters\"",
        "retry = 1, dead_letter = \"broker/graves\"",
    ],
    [
        "retry = 2",
        "retry = 2, dead_letter = \"fn/t0dlq\"",
        "retry = 2, dead_letter = \"channel/letters\"",
        "retry = 2, dead_letter = \"broker/graves\"",
    ],
];
