//! What the cgroups of children can limit: the controllers (cgroups(7)) that were given to the folder they are in.

use std::fs;
use std::io;
use std::path::Path;

use super::limits::{Limit, What};

/// Those that a group of one child has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Controllers {
    memory: bool,
    pids: bool,
    cpu: bool,
}

/// In which a share of the processors is counted: the kernel's own default, microseconds.
const PERIOD: u64 = 100_000;

impl Controllers {
    /// Those that groups in `folder`, which is in `base`, can have. What nobody gave us we cannot give.
    pub(super) fn given_below(base: &Path, folder: &Path) -> Self {
        let gives = |controller: &str| gives(base, controller) && gives(folder, controller);
        Self { memory: gives("memory"), pids: gives("pids"), cpu: gives("cpu") }
    }

    /// Whether a limit is theirs to hold.
    pub(crate) const fn hold(self, what: What) -> bool {
        match what {
            What::Memory => self.memory,
            What::Pids => self.pids,
            What::Share => self.cpu,
            What::Cpu | What::Files | What::FileSize => false,
        }
    }

    /// Sets a limit for all in the group together, where it is theirs.
    pub(super) fn limit(self, group: &Path, limit: Limit) -> io::Result<()> {
        if !self.hold(limit.what) {
            return Ok(());
        }
        let write = |file: &str, text: String| fs::write(group.join(file), text);
        match limit.what {
            What::Memory => {
                write("memory.max", limit.soft.to_string())?;
                // Beyond it, all of it ends.
                write("memory.oom.group", "1".to_owned())
            }
            What::Pids => write("pids.max", limit.soft.to_string()),
            What::Share => write("cpu.max", format!("{} {PERIOD}", limit.soft * PERIOD / 1000)),
            What::Cpu | What::Files | What::FileSize => Ok(()),
        }
    }
}

/// Whether groups in this folder have a controller. The kernel refuses it where processes are in the folder itself.
fn gives(folder: &Path, controller: &str) -> bool {
    let has = |file: &str| {
        let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
        text.split_ascii_whitespace().any(|word| word == controller)
    };
    has("cgroup.controllers")
        && (has("cgroup.subtree_control")
            || fs::write(folder.join("cgroup.subtree_control"), format!("+{controller}")).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would show of a folder and one in it.
    fn tree(above: &str, below: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("group")).unwrap();
        fs::write(dir.path().join("cgroup.controllers"), above).unwrap();
        fs::write(dir.path().join("group/cgroup.controllers"), below).unwrap();
        dir
    }

    fn given(dir: &tempfile::TempDir) -> Controllers {
        Controllers::given_below(dir.path(), &dir.path().join("group"))
    }

    #[test]
    fn what_was_given_to_both_is_theirs_and_passed_on() {
        let dir = tree("cpuset cpu memory", "cpu pids");
        assert_eq!(given(&dir), Controllers { memory: false, pids: false, cpu: true });
        for folder in ["", "group"] {
            let passed = fs::read_to_string(dir.path().join(folder).join("cgroup.subtree_control")).unwrap();
            assert!(passed.contains("+cpu"), "{folder}: {passed}");
        }
        fs::create_dir(dir.path().join("refused")).unwrap();
        fs::write(dir.path().join("refused/cgroup.controllers"), "cpu").unwrap();
        fs::create_dir(dir.path().join("refused/cgroup.subtree_control")).unwrap();
        let refused = Controllers::given_below(dir.path(), &dir.path().join("refused"));
        assert_eq!(refused, Controllers::default(), "it cannot be written to");
    }

    #[test]
    fn limits_are_written_as_the_kernel_reads_them_and_others_are_left_alone() {
        let dir = tree("cpu memory pids", "cpu memory pids");
        let group = dir.path().join("group");
        let limit = |what, most| given(&dir).limit(&group, Limit::new(what, most)).unwrap();
        let read = |file: &str| fs::read_to_string(group.join(file)).ok();
        limit(What::Pids, 32);
        limit(What::Share, 1500);
        limit(What::Memory, 1 << 20);
        limit(What::Cpu, 60);
        assert_eq!(read("pids.max").as_deref(), Some("32"));
        assert_eq!(read("cpu.max").as_deref(), Some("150000 100000"));
        assert_eq!(
            (read("memory.max").as_deref(), read("memory.oom.group").as_deref()),
            (Some("1048576"), Some("1"))
        );
        limit(What::Share, 10);
        assert_eq!(read("cpu.max").as_deref(), Some("1000 100000"), "the least the kernel takes");
        fs::remove_file(group.join("pids.max")).unwrap();
        Controllers::default().limit(&group, Limit::new(What::Pids, 1)).unwrap();
        assert_eq!(read("pids.max"), None);
    }
}
