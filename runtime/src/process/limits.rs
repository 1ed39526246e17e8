//! What a child may take of the machine: limits of the kernel's own (`setrlimit`, POSIX), set before its program runs.
#![expect(unsafe_code, reason = "calls into libc in the child")]

/// One limit of one child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) what: What,
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

/// What is limited, per process of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Private memory it may write to, bytes.
    Memory,
    /// Time on processors, seconds.
    Cpu,
    /// Files and sockets it has open.
    Files,
    /// A file it writes, bytes.
    FileSize,
    /// Processes and threads, with all it starts. The system's own limit (RLIMIT_NPROC) counts all of the user's, so that
    /// somebody else's would be the function's failure; only a cgroup counts these.
    Pids,
    /// A share of the processors, thousandths of one. Only a cgroup has that.
    Share,
}

impl What {
    /// Nothing where the kernel limits no single process in this.
    const fn resource(self) -> Option<libc::__rlimit_resource_t> {
        match self {
            // Of address space (RLIMIT_AS), Go, Java and Node reserve far more than they use.
            Self::Memory => Some(libc::RLIMIT_DATA),
            Self::Cpu => Some(libc::RLIMIT_CPU),
            Self::Files => Some(libc::RLIMIT_NOFILE),
            Self::FileSize => Some(libc::RLIMIT_FSIZE),
            Self::Pids | Self::Share => None,
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.what {
            What::Memory => "memory",
            What::Cpu => "processor time",
            What::Files => "open files",
            What::FileSize => "size of files",
            What::Pids => "processes",
            What::Share => "thousandths of a processor",
        };
        write!(f, "{what} to {}", self.soft)
    }
}

impl Limit {
    pub(crate) const fn new(what: What, most: u64) -> Self {
        Self { what, soft: most, hard: most }
    }

    /// Sets it for this process, where it is one of a process; for use in a child, so it makes one system call and nothing
    /// else. `errno` says why it failed.
    pub(super) fn set(&self) -> bool {
        let Some(resource) = self.what.resource() else { return true };
        let limit = libc::rlimit { rlim_cur: self.soft, rlim_max: self.hard };
        // SAFETY: `limit` outlives the call.
        unsafe { libc::setrlimit(resource, &raw const limit) == 0 }
    }
}
