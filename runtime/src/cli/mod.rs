//! stub
use std::process::ExitCode;
pub(crate) fn main() -> ExitCode {
    crate::serve::serve(crate::serve::Options {
        project: std::env::current_dir().unwrap(),
        config: None,
        overrides: Default::default(),
        mode: crate::serve::Mode::Dev,
        drain: None,
    })
}
