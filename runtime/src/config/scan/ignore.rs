//! What lies in a functions folder, or in one that is a function, and is meant to be no part of it: what tools,
//! editors and languages leave beside their sources, and what a function writes of itself.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Of tools; `4913` is vim's probe whether it may write here.
const TOOLS: [&[u8]; 5] = [b"node_modules", b"__pycache__", b"target", b"venv", b"4913"];
/// Where a function that is a folder logs and keeps what it needs for a while.
const OWN: [&[u8]; 3] = [b"log", b"logs", b"tmp"];
const ENDS: [&[u8]; 8] = [b"~", b".swp", b".pyc", b".log", b".pid", b".sock", b".tmp", b".orig"];

/// Whether something in a folder that is a function is no part of it; what is hidden never is.
pub(crate) fn is_no_part(name: &OsStr) -> bool {
    is_left_over(name) || OWN.contains(&name.as_bytes())
}

/// Whether something in a functions folder is of no interest, by its name.
pub(crate) fn is_left_over(name: &OsStr) -> bool {
    let name = name.as_bytes();
    TOOLS.contains(&name) || name.starts_with(b".") || name.starts_with(b"#") || has_end(name)
}

/// Whether a path in a functions folder is passed over without a word.
pub(super) fn is_no_function(name: &OsStr) -> bool {
    is_left_over(name) || name == "samples" || name.as_bytes().ends_with(b".md")
}

/// `bill.log`, and `bill.log.1` when it was rotated.
fn has_end(name: &[u8]) -> bool {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let stem = &name[..name.len() - digits];
    let rotated = digits > 0 && stem.ends_with(b".log.");
    rotated || ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_editors_and_functions_leave_is_no_part_of_a_function() {
        for name in [
            ".git",
            ".env",
            "node_modules",
            "__pycache__",
            ".venv",
            "target",
            "x.pyc",
            "run~",
            ".run.swp",
            "#run#",
            "4913",
            "bill.log",
            "bill.log.12",
            "logs",
        ] {
            assert!(is_no_part(name.as_ref()), "{name}");
        }
        for name in ["run", "helper.py", "catalog", "login.py", "log.py", "v1", "template.html", "data.12"] {
            assert!(!is_no_part(name.as_ref()), "{name}");
        }
        assert!(!is_left_over("log".as_ref()), "a function may be called so");
    }
}
