//! Knative's own terms for how many processes there are.

use std::time::Duration;

use activator::scale::{Policy, Scaling};

use super::Project;
use super::bad::check;

fn scaling(settings: &str) -> Scaling {
    let project = Project::empty();
    project.script("functions/bill");
    project.write("runtime.toml", format!("[function.bill]\n{settings}"), 0o644);
    project.resolved().program("bill").terms.settings.scaling
}

fn annotated(annotations: &[(&str, &str)]) -> String {
    let lines =
        annotations.iter().map(|(name, value)| format!("\"autoscaling.knative.dev/{name}\" = {value}\n"));
    format!("[function.bill.annotations]\n{}", lines.collect::<String>())
}

#[test]
fn each_annotation_is_the_key_it_stands_for() {
    let theirs = annotated(&[
        ("min-scale", "\"1\""),
        ("max-scale", "\"5\""),
        ("initial-scale", "2"),
        ("activation-scale", "\"3\""),
        ("target", "\"7\""),
        ("target-utilization-percentage", "\"80\""),
        ("window", "\"30s\""),
        ("panic-window-percentage", "\"20\""),
        ("panic-threshold-percentage", "\"150\""),
        ("scale-to-zero-pod-retention-period", "\"1m\""),
        ("scale-down-delay", "\"15s\""),
        ("class", "\"kpa.autoscaling.knative.dev\""),
        ("metric", "\"concurrency\""),
    ]);
    let ours = "min = 1\nmax = 5\ninitial = 2\nactivation = 3\ntarget = 7\nutilization = 80\n\
        scale_down_delay = \"15s\"\npolicy = \"kpa\"\n\
        kpa = { window = \"30s\", panic_window = 20, panic_threshold = 150, grace = \"1m\" }\n";
    assert_eq!(scaling(&theirs), scaling(ours));
}

#[test]
fn a_key_of_ours_wins_and_what_only_averages_have_makes_them_the_policy() {
    let both = format!("max = 3\n{}", annotated(&[("max-scale", "\"5\""), ("min-scale", "\"2\"")]));
    let both = scaling(&both);
    assert_eq!((both.min, both.max), (2, 3));
    assert!(matches!(both.policy, Policy::Demand));
    let averages = scaling(&annotated(&[("window", "\"90s\""), ("max-scale", "\"0\"")]));
    let Policy::Kpa(rules) = averages.policy else { panic!("{averages:?}") };
    assert_eq!((rules.window, averages.max), (Duration::from_secs(90), u32::MAX));
}

#[test]
fn an_autoscaler_that_is_not_here() {
    check(
        &format!("[function.bill]\n{}", annotated(&[("class", "\"hpa.autoscaling.knative.dev\"")])),
        "H005",
        (3, 35),
        "`autoscaling.knative.dev/class` in [function.bill] annotations must be \"kpa.autoscaling.knative.dev\"",
        "no other autoscaler is built in",
    );
}

#[test]
fn an_annotation_that_is_unknown_or_no_number() {
    check(
        &annotated(&[("min-sale", "\"1\"")]),
        "H005",
        (2, 38),
        "`autoscaling.knative.dev/min-sale` in [function.bill] annotations must be one of Knative's autoscaling \
         annotations",
        "known are min-scale, max-scale, initial-scale, activation-scale, target, target-utilization-percentage, \
         window, panic-window-percentage, panic-threshold-percentage, scale-to-zero-pod-retention-period, \
         scale-down-delay, class and metric, each behind `autoscaling.knative.dev/`",
    );
    check(
        &annotated(&[("min-scale", "\"few\"")]),
        "H005",
        (2, 39),
        "`autoscaling.knative.dev/min-scale` in [function.bill] annotations must be a whole number from 0",
        "write it as a text or as a number",
    );
}
