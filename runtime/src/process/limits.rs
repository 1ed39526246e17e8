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
}

impl What {
    const fn resource(self) -> libc::__rlimit_resource_t {
        match self {
            // Of address space (RLIMIT_AS), Go, Java and Node reserve far more than they use.
            Self::Memory => libc::RLIMIT_DATA,
            Self::Cpu => libc::RLIMIT_CPU,
            Self::Files => libc::RLIMIT_NOFILE,
            Self::FileSize => libc::RLIMIT_FSIZE,
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
        };
        write!(f, "{what} to {}", self.soft)
    }
}

impl Limit {
    pub(crate) const fn new(what: What, most: u64) -> Self {
        Self { what, soft: most, hard: most }
    }

    /// Sets it for this process; for use in a child, so it makes one system call and nothing else. `errno` says why
    /// it failed.
    pub(super) fn set(&self) -> bool {
        let limit = libc::rlimit { rlim_cur: self.soft, rlim_max: self.hard };
        // SAFETY: `limit` outlives the call.
        unsafe { libc::setrlimit(self.what.resource(), &raw const limit) == 0 }
    }
}
