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
    /// Files and sockets it has open.
    Files,
}

impl What {
    const fn resource(self) -> libc::__rlimit_resource_t {
        match self {
            Self::Files => libc::RLIMIT_NOFILE,
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.what {
            What::Files => "open files",
        };
        write!(f, "{what} to {}", self.soft)
    }
}

impl Limit {
    /// Sets it for this process; for use in a child, so it makes one system call and nothing else. `errno` says why
    /// it failed.
    pub(super) fn set(&self) -> bool {
        let limit = libc::rlimit { rlim_cur: self.soft, rlim_max: self.hard };
        // SAFETY: `limit` outlives the call.
        unsafe { libc::setrlimit(self.what.resource(), &raw const limit) == 0 }
    }
}
