//! What a function may touch, and how much it may take.

use super::Project;
use super::bad::check;
use crate::config::resolved::{Cpu, Isolation, Level, Limits};

fn resolved(settings: &str) -> (Isolation, Limits) {
    let project = Project::empty();
    let own = project.path().join("functions/bill");
    project.script("functions/bill");
    project.write("runtime.toml", format!("[function.bill]\n{settings}"), 0o644);
    let resolved = project.resolved();
    let program = resolved.program("bill");
    let mut isolation = program.terms.isolation.clone();
    if isolation.level == Level::Strict {
        assert_eq!(isolation.read.pop(), Some(own), "itself");
    }
    (isolation, program.terms.limits)
}

#[test]
fn a_level_alone_and_what_a_strict_one_lets_through() {
    assert_eq!(resolved("").0, Isolation { level: Level::Standard, ..Isolation::default() });
    assert_eq!(resolved("isolation = \"none\"\n").0.level, Level::None);
    let (isolation, _) = resolved(
        "isolation = { level = \"strict\", read = \"/data\", write = [\"/out\", \"/log\"], connect = [5432] }\n",
    );
    assert_eq!(
        isolation,
        Isolation {
            level: Level::Strict,
            read: vec!["/data".into()],
            write: vec!["/out".into(), "/log".into()],
            connect: vec![5432],
        }
    );
}

#[test]
fn limits_are_sizes_times_and_numbers() {
    assert_eq!(resolved("").1, Limits::default());
    let (_, limits) = resolved(
        "limits = { memory = \"512MiB\", cpu = \"1m\", files = 64, file_size = \"1GiB\", pids = 32 }\n",
    );
    let wanted = Limits {
        memory: Some(512 << 20),
        cpu: Some(Cpu::Seconds(60)),
        files: Some(64),
        file_size: Some(1 << 30),
        pids: Some(32),
    };
    assert_eq!(limits, wanted);
}

#[test]
fn a_number_of_processors_is_a_share_of_them() {
    for (written, thousandths) in [("1.5", 1500), ("2", 2000), ("0.01", 10), ("1e1", 10_000), ("0.3333", 333)]
    {
        let cpu = resolved(&format!("limits = {{ cpu = {written} }}\n")).1.cpu;
        assert_eq!(cpu, Some(Cpu::Thousandths(thousandths)), "{written}");
    }
}

#[test]
fn a_share_that_is_none() {
    for share in ["0", "0.001", "-1.5", "inf", "nan", "10001", "true", "0x2"] {
        check(
            &format!("[function.bill]\nlimits = {{ cpu = {share} }}\n"),
            "H005",
            (2, 18),
            "`cpu` in [function.bill] limits must be a time such as \"60s\", or a number of processors from 0.01 to 10000",
            "cpu = 1.5 is one and a half of them at any time",
        );
    }
}

#[test]
fn a_fence_without_strict() {
    check(
        "[function.bill]\nisolation = { level = \"standard\", read = [\"data\"] }\n",
        "H005",
        (2, 42),
        "`read` in [function.bill] isolation must be used with level = \"strict\"",
        "the other levels keep a function from no file and no port",
    );
}

#[test]
fn a_port_that_is_none() {
    check(
        "[function.bill]\nisolation = { level = \"strict\", connect = 5432 }\n",
        "H005",
        (2, 43),
        "`connect` in [function.bill] isolation must be a list of TCP ports",
        "connect = [5432]",
    );
}

#[test]
fn processor_time_in_fractions() {
    check(
        "[function.bill]\nlimits = { cpu = \"1500ms\" }\n",
        "H005",
        (2, 18),
        "`cpu` in [function.bill] limits must be whole seconds",
        "the system counts processor time in seconds: cpu = \"60s\"",
    );
}

#[test]
fn cgroups_are_found_or_named_by_a_whole_path() {
    let message = "`cgroup` in [runtime] must be \"auto\", \"off\" or an absolute path";
    let help = "such as \"/sys/fs/cgroup/hydrant\"; `hydrant doctor` says what \"auto\" finds";
    for cgroup in ["on", "hydrant", ""] {
        check(&format!("[runtime]\ncgroup = \"{cgroup}\"\n"), "H005", (2, 10), message, help);
    }
}
