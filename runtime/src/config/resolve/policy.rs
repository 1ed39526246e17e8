//! How hard a subscription tries, and what then, when several places have a say.

use std::time::Duration;

use activator::delivery::{Exhausted, Policy};
use activator::id::ChannelId;

use crate::config::raw::{Delivery, OnExhausted};
use crate::config::resolved::ChannelKind;

use super::channels::dead_letters_for;
use super::functions::Function;
use super::reference::References;

/// An attempt may take as long as the delivery says, else as long as the function's requests may. `called` is who says
/// the delivery, or gets it from its channel.
pub(super) fn policy(
    called: &str,
    delivery: Option<&Delivery>,
    function: Option<&Function>,
    mut otherwise: Policy,
    references: References<'_>,
) -> Policy {
    if let Some(function) = function {
        otherwise.timeout = function.request_timeout;
    }
    if function.is_some() && references.runtime.holds {
        otherwise.exhausted = Exhausted::Hold(None);
    }
    let policy = match delivery {
        Some(delivery) => said(called, delivery, otherwise, references),
        None => otherwise,
    };
    if references.runtime.ephemeral { at_once(policy) } else { policy }
}

/// What a delivery says, with `otherwise` for the rest.
fn said(called: &str, delivery: &Delivery, mut otherwise: Policy, references: References<'_>) -> Policy {
    let letters = dead_letters(called, delivery, references);
    otherwise.exhausted = match delivery.on_exhausted {
        None => otherwise.exhausted,
        Some(OnExhausted::DeadLetter) => Exhausted::DeadLetter(letters),
        Some(OnExhausted::Hold) => Exhausted::Hold(letters),
        Some(OnExhausted::Block) => Exhausted::Block,
        Some(OnExhausted::Drop) => Exhausted::Drop,
    };
    delivery.policy(&otherwise)
}

/// As many attempts, and no time between them: a test waits for the last one.
const fn at_once(policy: Policy) -> Policy {
    Policy { delay: Duration::ZERO, after: Duration::ZERO, retry_after_max: Duration::ZERO, ..policy }
}

fn dead_letters(called: &str, delivery: &Delivery, references: References<'_>) -> Option<ChannelId> {
    let to = delivery.dead_letter.as_ref()?;
    match dead_letters_for(&to.value) {
        Some(name) => references.channels.known(ChannelKind::DeadLetters, &name).map(|known| known.id),
        None => references.destination_channel(called, to).map(|known| known.id),
    }
}
