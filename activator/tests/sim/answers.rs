//! What functions and URLs answer.

use std::time::Duration;

use activator::delivery::{Advice, Exhausted, Outcome};
use activator::event::{Event, Reply, json};
use bytes::Bytes;
use serde_json::json;

use super::truth::{Case, MADE, NAMELESS};
use super::wiring::DEAD_LETTERS;
use super::world::{World, event};

impl World {
    /// What a function or URL answers.
    pub(crate) fn outcome(
        &mut self,
        event: Option<&Event>,
        case: Option<Case>,
        single_use: bool,
        in_lines: bool,
    ) -> Outcome {
        // Some events are poison, for ever. What is tried for ever finds rest in the end.
        let endless = case.is_some_and(|case| {
            let terms = self.oracle.truth.terms(case);
            case.1.0 == DEAD_LETTERS
                || terms
                    .is_some_and(|s| matches!(s.delivery.exhausted, Exhausted::Block | Exhausted::Hold(_)))
        });
        let poison = event.map_or(0, |e| {
            e.id().bytes().fold(7, |h: u64, b| h.wrapping_mul(31).wrapping_add(b.into())) % 40
        });
        let at_rest = endless && self.calm_since.is_some();
        let (status, code) = match poison {
            _ if self.faults.chance(self.weather.answer_malformed) => {
                return Outcome::MalformedReply("not JSON".into());
            }
            _ if self.faults.chance(self.weather.answer_fails) => (503, 1),
            _ if self.faults.chance(self.weather.answer_rejects) => (400, 65),
            1 if !at_rest => (500, 101),
            2 if !at_rest => (400, 65),
            _ => (if self.speed.chance(200) { 202 } else { 200 }, 0),
        };
        let reply = (code == 0 && self.load.chance(300)).then(|| self.reply());
        let excerpt = Bytes::from_static(b"said");
        if single_use {
            Outcome::Ended { code, reply, excerpt }
        } else if in_lines && code == 0 {
            Outcome::Handled { reply }
        } else if in_lines {
            Outcome::Failed { reason: "no stock".into(), retry: code != 65 }
        } else {
            let advice = match self.load.between(0, 9) {
                _ if at_rest => Advice::None,
                0 => Advice::RetryAfter(Duration::from_millis(self.load.between(0, 5_000))),
                1 if poison == 3 => Advice::DeadLetter,
                _ => Advice::None,
            };
            Outcome::Answered { status, reply, excerpt, advice }
        }
    }

    /// Some come without an id; each can be told from all others by what it is called.
    fn reply(&mut self) -> Reply {
        self.named += 1;
        let ty = self.load.pick(&["order", "image", "other"]).expect("not empty");
        let name = format!("reply{}", self.named);
        if self.load.chance(300) {
            let text = json!({
                "specversion": "1.0", "source": "/sim", "type": ty, "partitionkey": "reply", MADE: name, NAMELESS: true,
            });
            return json::decode_reply(&text.to_string().into()).expect("all but an id is there");
        }
        event(&name, ty, 9, "reply").with(MADE, &name).expect("allowed").into()
    }
}
