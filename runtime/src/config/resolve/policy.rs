//! How hard a subscription tries, when several places have a say.

use activator::delivery::Policy;

use crate::config::raw::Delivery;

use super::functions::Function;

/// An attempt may take as long as the delivery says, else as long as the function's requests may.
pub(super) fn policy(
    delivery: Option<&Delivery>,
    function: Option<&Function>,
    mut otherwise: Policy,
) -> Policy {
    if let Some(function) = function {
        otherwise.timeout = function.request_timeout;
    }
    match delivery {
        Some(delivery) => delivery.policy(&otherwise),
        None => otherwise,
    }
}
