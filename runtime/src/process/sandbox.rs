//! What a child of `isolation = "strict"` may touch: files (Landlock, landlock(7)), TCP ports it may connect to, signals, and
//! system calls (seccomp(2)). Made once by us, put on by each child itself, and inherited by all it starts.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, Scope, path_beneath_rules,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// What a function may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fence {
    /// Files and folders it may read, and execute.
    pub(crate) read: Vec<PathBuf>,
    /// Those it may write to as well.
    pub(crate) write: Vec<PathBuf>,
    /// TCP ports it may connect to.
    pub(crate) connect: Vec<u16>,
}

/// A fence that stands.
#[derive(Debug)]
pub(crate) struct Sandbox {
    rules: OwnedFd,
    calls: BpfProgram,
}

/// What programs of every kind need to run at all. What is not there is left out.
const SYSTEM: [&str; 10] =
    ["/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys/devices/system/cpu"];
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Calls that look into other processes, change the system, or reach parts of the kernel that no function needs. They
/// fail with EPERM.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_init_module,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_move_mount,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];

impl Sandbox {
    /// Puts one up.
    ///
    /// # Errors
    /// This kernel has no Landlock, or a path cannot be opened.
    pub(crate) fn new(fence: &Fence) -> io::Result<Self> {
        let rules = rules(fence).map_err(io::Error::other)?;
        let rules = Option::<OwnedFd>::from(rules).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                "this kernel has no Landlock (Linux 5.13, lsm=landlock)",
            )
        })?;
        Ok(Self { rules, calls: calls().map_err(io::Error::other)? })
    }

    pub(super) fn rules(&self) -> RawFd {
        self.rules.as_raw_fd()
    }

    /// The filter's steps, as the kernel takes them.
    pub(super) fn calls(&self) -> &[seccompiler::sock_filter] {
        &self.calls
    }
}

/// Files are fenced in or there is no sandbox; what later kernels add is taken where it is.
fn rules(fence: &Fence) -> Result<landlock::RulesetCreated, RulesetError> {
    let files = AccessFs::from_all(ABI::V5);
    let looks = AccessFs::from_read(ABI::V5);
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    let ports =
        fence.connect.iter().map(|port| Ok::<_, RulesetError>(NetPort::new(*port, AccessNet::ConnectTcp)));
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(files)?
        .handle_access(AccessNet::ConnectTcp)?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, looks))?
        .add_rules(path_beneath_rules(DEVICES, device))?
        .add_rules(path_beneath_rules(&fence.read, looks))?
        .add_rules(path_beneath_rules(&fence.write, files))?
        .add_rules(ports)
}

fn calls() -> Result<BpfProgram, seccompiler::BackendError> {
    let refused = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(refused, SeccompAction::Allow, refuse, std::env::consts::ARCH.try_into()?)?.try_into()
}
