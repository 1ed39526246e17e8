//! Whoever waits for the answer to an event of theirs: a caller of `/request/NAME`.
//!
//! A caller is a connection. After a crash there is none, and the answer is nobody's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use activator::delivery::{Advice, Outcome};
use activator::event::Event;
use activator::id::SinkId;
use bytes::Bytes;
use tokio::sync::oneshot;

use crate::config::resolved::Request;

/// By what they asked, and the id that their event was given. A clone is the same callers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Callers(Arc<Mutex<HashMap<Key, oneshot::Sender<Event>>>>);

type Key = (SinkId, String);

/// One of them. Who drops this waits no longer.
#[derive(Debug)]
pub(crate) struct Caller {
    callers: Callers,
    key: Key,
    answer: oneshot::Receiver<Event>,
}

impl Callers {
    /// Waits from now on for the answer to the event with this id.
    pub(crate) fn wait(&self, request: SinkId, id: &str) -> Caller {
        let (sender, answer) = oneshot::channel();
        let key = (request, id.to_owned());
        self.all().insert(key.clone(), sender);
        Caller { callers: self.clone(), key, answer }
    }

    /// Gives an event to whom it answers. The first answer counts.
    pub(super) fn answer(&self, id: SinkId, request: &Request, event: &Event) -> Outcome {
        let caller = event.get(&request.reply).and_then(|to| self.all().remove(&(id, to.to_owned())));
        let is_taken = caller.is_some_and(|caller| caller.send(event.clone()).is_ok());
        // Nobody's answer is none that could be tried again.
        let (status, says) = if is_taken { (200, "") } else { (202, "nobody waits for this answer") };
        let excerpt = Bytes::from_static(says.as_bytes());
        Outcome::Answered { status, reply: None, excerpt, advice: Advice::None }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, oneshot::Sender<Event>>> {
        self.0.lock().expect("nobody panics while holding the callers")
    }
}

impl Caller {
    /// The answer; it waits for ever if there is none.
    pub(crate) async fn answer(&mut self) -> Event {
        match (&mut self.answer).await {
            Ok(event) => event,
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.callers.all().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASK: SinkId = SinkId(1);

    fn request() -> Request {
        Request {
            name: "ask".into(),
            broker: "default".into(),
            timeout: std::time::Duration::from_secs(1),
            correlation: "correlationid".into(),
            reply: "replyid".into(),
        }
    }

    fn answer(to: &str) -> Event {
        let mut event = Event::builder();
        for (name, value) in [("id", "1"), ("source", "/"), ("type", "answer"), ("replyid", to)] {
            event.attribute(name, value).unwrap();
        }
        event.build(Bytes::new()).unwrap()
    }

    fn status(callers: &Callers, request_id: SinkId, to: &str) -> u16 {
        match callers.answer(request_id, &request(), &answer(to)) {
            Outcome::Answered { status, .. } => status,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_answer_goes_to_the_one_who_asked_and_to_nobody_else() {
        let callers = Callers::default();
        let (mut one, two) = (callers.wait(ASK, "a"), callers.wait(ASK, "b"));
        assert_eq!(status(&callers, ASK, "c"), 202, "nobody has this id");
        assert_eq!(status(&callers, SinkId(2), "a"), 202, "it asked elsewhere");
        assert_eq!(status(&callers, ASK, "a"), 200);
        assert_eq!(one.answer().await.get("replyid"), Some("a"));
        assert_eq!(status(&callers, ASK, "a"), 202, "the first answer counts");
        drop(two);
        assert_eq!(status(&callers, ASK, "b"), 202, "it hung up");
        assert!(callers.all().is_empty());
    }
}
