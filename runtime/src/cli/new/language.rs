//! The languages of first versions, what each needs, and whether that is here.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    Sh,
    Python,
    Node,
    Go,
    Rust,
    C,
}

impl Language {
    pub(super) const ALL: [Self; 6] = [Self::Sh, Self::Python, Self::Node, Self::Go, Self::Rust, Self::C];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sh => "sh",
            Self::Python => "python",
            Self::Node => "node",
            Self::Go => "go",
            Self::Rust => "rust",
            Self::C => "c",
        }
    }

    /// What runs it, or builds it.
    pub(super) const fn tool(self) -> &'static str {
        match self {
            Self::Sh => "sh",
            Self::Python => "python3",
            Self::Node => "node",
            Self::Go => "go",
            Self::Rust => "cargo",
            Self::C => "cc",
        }
    }

    /// Whether it is built of sources, and so is a folder.
    pub(super) const fn is_built(self) -> bool {
        matches!(self, Self::Go | Self::Rust | Self::C)
    }

    /// Whether a function of events is a process for each of them, as what has no HTTP at hand.
    pub(super) const fn is_oneshot(self) -> bool {
        matches!(self, Self::Sh | Self::Rust | Self::C)
    }
}

/// Where a program is, if it is installed.
pub(super) fn installed(tool: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let runs =
        |file: &PathBuf| file.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    env::split_paths(&path).map(|folder| folder.join(tool)).find(runs)
}
