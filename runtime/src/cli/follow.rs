//! What became of an event that was sent: waiting for its end, telling it, and the exit code.

use std::process::ExitCode;
use std::time::Duration;

use hyper::Method;

use super::daemon::{Daemon, Refused};
use super::exit::{Exit, Failure};
use super::global::Global;
use super::http::encode;
use super::output;
use super::send::Sent;
use super::tree::{self, Replies};
use crate::history::view::{Explained, Outcome, millis};

/// How long a reply may take to be seen in its channel once the function has answered.
const REPLY_WAIT: Duration = Duration::from_secs(1);

/// What waiting brought.
pub(super) enum Followed {
    Known(Box<Explained>),
    /// Nobody reads that channel.
    Unread(String),
    /// It was not even read from its channel in time.
    NotArrived,
}

/// Waits for the end of the one record that was stored.
pub(super) async fn follow(daemon: &Daemon, sent: &Sent, wait: Duration) -> Result<Followed, Failure> {
    let target = format!(
        "/api/v1/events/{}?channel={}&partition={}&offset={}&wait={}ms",
        encode(&sent.id),
        encode(&sent.channel),
        sent.partition,
        sent.offset,
        wait.as_millis(),
    );
    Ok(match daemon.ask(Method::GET, &target).await? {
        Ok(explained) => Followed::Known(Box::new(explained)),
        Err(Refused { body, .. }) if body.code.as_deref() == Some("unread") => Followed::Unread(body.message),
        Err(Refused { status: 404, .. }) => Followed::NotArrived,
        Err(refused) => return Err(refused.into()),
    })
}

pub(super) fn exit(followed: &Followed) -> ExitCode {
    let explained = match followed {
        Followed::Known(explained) => explained,
        Followed::Unread(_) => return ExitCode::SUCCESS,
        Followed::NotArrived => return Exit::Timeout.into(),
    };
    match explained.outcome() {
        Outcome::Unmatched | Outcome::Duplicate | Outcome::Delivered => ExitCode::SUCCESS,
        Outcome::Dropped | Outcome::Removed | Outcome::Held => Exit::Failed.into(),
        Outcome::DeadLetter => Exit::DeadLetter.into(),
        // Not here, and not known.
        Outcome::Pending | Outcome::Elsewhere => Exit::Timeout.into(),
    }
}

pub(super) async fn tell(
    global: &Global,
    daemon: &Daemon,
    mut sent: Sent,
    followed: &Followed,
    (took, wait): (Duration, Duration),
) -> Result<(), Failure> {
    if global.is_json() {
        sent.verdicts = Some(match followed {
            Followed::Known(explained) => explained.verdicts.clone(),
            Followed::Unread(_) | Followed::NotArrived => Vec::new(),
        });
        return output::json(&sent);
    }
    if global.quiet {
        return output::data(format!("{}\n", sent.id));
    }
    let mut text = tree::head(&sent.id, &sent.channel);
    let settled = match followed {
        Followed::Known(explained) => {
            text += &tree::branches(explained, &replies(daemon, explained).await?);
            explained.settled
        }
        Followed::Unread(message) => {
            text += &format!(" +- {message}\n");
            true
        }
        Followed::NotArrived => false,
    };
    text += &match settled {
        true => format!("done in {}\n", output::time(millis(took))),
        false => format!("not finished after {}\n", humantime::format_duration(wait)),
    };
    output::data(text)
}

/// The replies, each as soon as it was read from its channel; one that is not seen in time is left out.
async fn replies(daemon: &Daemon, event: &Explained) -> Result<Replies, Failure> {
    let mut replies = Replies::new();
    for id in event.verdicts.iter().filter_map(|verdict| verdict.reply_id.as_ref()) {
        let wait = REPLY_WAIT.as_millis();
        let target = format!("/api/v1/events/{}?until=arrived&wait={wait}ms", encode(id));
        if let Ok(reply) = daemon.ask::<Explained>(Method::GET, &target).await? {
            replies.insert(id.clone(), reply);
        }
    }
    Ok(replies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::fixture::{self, AUDIT, BILL, arrived, dead_letter, delivered, matched, of, wired};
    use crate::history::{History, Note, Wanted};
    use activator::effect::{End, Report};

    /// What an event to `bill` and `audit` came to after these notes.
    async fn followed(notes: Vec<Note>) -> Followed {
        let history = History::new(10);
        history.apply([wired(), arrived(0, fixture::event("1", "/shop", "order.created", b""))]);
        history.apply(notes);
        let wanted = Wanted::Id { id: "1".into(), source: None };
        Followed::Known(Box::new(history.explain(&wanted).await.remove(0)))
    }

    #[tokio::test]
    async fn the_exit_code_is_that_of_the_worst_delivery() {
        let (bill, audit) = (of(BILL, 0), of(AUDIT, 0));
        let ended = |end| Note::Reported(Report::Settled { event: bill, attempts: 0, end });
        for (followed, code) in [
            (followed(vec![]).await, 0),
            (followed(vec![matched(bill), delivered(bill)]).await, 0),
            (followed(vec![matched(bill), ended(End::Gone)]).await, 1),
            (followed(vec![matched(bill), ended(End::Removed)]).await, 1),
            (followed(vec![matched(bill), ended(End::Elsewhere)]).await, 5),
            (followed(vec![matched(bill), ended(End::Removed), matched(bill), delivered(bill)]).await, 0),
            (followed(vec![matched(bill), delivered(bill), matched(audit)]).await, 5),
            (followed(vec![matched(bill), delivered(bill), matched(audit), dead_letter(audit, 3)]).await, 6),
            (Followed::Unread("nobody".into()), 0),
            (Followed::NotArrived, 5),
        ] {
            assert_eq!(exit(&followed), ExitCode::from(code));
        }
    }
}
