//! `annotations` of a function: Knative's own terms for how many processes there are, for those who bring them along.
//! Each stands for a key of ours, which wins over it. docs: knative.dev, "Configuring Knative autoscaling".

use crate::config::source::At;
use crate::config::value::Value;

use super::kpa::window_of;
use super::{Kpa, Scale};

const PREFIX: &str = "autoscaling.knative.dev/";
const NAMES: &[&str] = &[
    "min-scale",
    "max-scale",
    "initial-scale",
    "activation-scale",
    "target",
    "target-utilization-percentage",
    "window",
    "panic-window-percentage",
    "panic-threshold-percentage",
    "scale-to-zero-pod-retention-period",
    "scale-down-delay",
    "class",
    "metric",
];

/// What they say together.
pub(super) fn read(value: &Value<'_>) -> Option<Scale> {
    let mut scale = Scale::default();
    for (name, value) in value.entries(&value.section_inside())? {
        match name.value.strip_prefix(PREFIX).filter(|name| NAMES.contains(name)) {
            Some(name) => take(&mut scale, name, &value),
            None => value.refuse(
                "one of Knative's autoscaling annotations",
                "another",
                "known are min-scale, max-scale, initial-scale, activation-scale, target, \
                 target-utilization-percentage, window, panic-window-percentage, panic-threshold-percentage, \
                 scale-to-zero-pod-retention-period, scale-down-delay, class and metric, each behind \
                 `autoscaling.knative.dev/`",
            ),
        }?;
    }
    Some(scale)
}

fn take(scale: &mut Scale, name: &str, value: &Value<'_>) -> Option<()> {
    match name {
        "min-scale" => scale.min = Some(number(value, 0, u32::MAX)?),
        // Zero is Knative's way to say that there is no limit.
        "max-scale" => {
            let max = number(value, 0, u32::MAX)?;
            scale.max = Some(At { value: if max.value == 0 { u32::MAX } else { max.value }, ..max });
        }
        "initial-scale" => scale.initial = Some(number(value, 0, u32::MAX)?),
        "activation-scale" => scale.activation = Some(number(value, 1, u32::MAX)?),
        "target" => scale.target = Some(number(value, 1, u32::MAX)?),
        "target-utilization-percentage" => scale.utilization = Some(number(value, 1, 100)?),
        "scale-down-delay" => scale.scale_down_delay = Some(value.duration()?),
        "class" => class(scale, value)?,
        "metric" => metric(value)?,
        _ => rule(scale, name, value)?,
    }
    Some(())
}

/// What only averages have makes them the policy.
fn rule(scale: &mut Scale, name: &str, value: &Value<'_>) -> Option<()> {
    let place = value.place();
    let mut kpa = scale.kpa.take().unwrap_or_else(|| Kpa { rules: Default::default(), place: place.clone() });
    match name {
        "window" => kpa.rules.window = window_of(value)?,
        "panic-window-percentage" => kpa.rules.panic_window = number(value, 1, 100)?.value,
        "panic-threshold-percentage" => kpa.rules.panic_threshold = number(value, 110, 1000)?.value,
        _ => kpa.rules.grace = value.duration()?.value,
    }
    scale.kpa = Some(kpa);
    scale.policy.get_or_insert(At { value: true, place });
    Some(())
}

fn class(scale: &mut Scale, value: &Value<'_>) -> Option<()> {
    let class = value.text()?;
    if class.value != "kpa.autoscaling.knative.dev" {
        return value.refuse("\"kpa.autoscaling.knative.dev\"", "another", "no other autoscaler is built in");
    }
    scale.policy = Some(At { value: true, place: class.place });
    Some(())
}

fn metric(value: &Value<'_>) -> Option<()> {
    if value.text()?.value != "concurrency" {
        return value.refuse("\"concurrency\"", "another", "what is under way is all that is counted");
    }
    Some(())
}

/// Kubernetes has texts here; a plain number is as good.
fn number(value: &Value<'_>, least: u32, most: u32) -> Option<At<u32>> {
    if !value.is_text() {
        return value.integer(least..=most);
    }
    let text = value.text()?;
    match text.value.parse() {
        Ok(number) if (least..=most).contains(&number) => Some(At { value: number, place: text.place }),
        _ => {
            let wanted = match most {
                u32::MAX => format!("a whole number from {least}"),
                most => format!("a whole number from {least} to {most}"),
            };
            value.refuse(&wanted, format!("\"{}\"", text.value), "write it as a text or as a number")
        }
    }
}
