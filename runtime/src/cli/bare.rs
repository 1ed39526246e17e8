//! `hydrant` alone: `dev` where there is something to run, else what to do next.

use std::process::ExitCode;

use super::dev::Dev;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::output;

const NEXT: &str = "\
No functions here yet (looked for ./functions and ./runtime.toml).
  hydrant new hello --lang sh      write a first function
  hydrant dev                      run this folder, with whatever comes into it
  hydrant new --project demo       a complete example: a broker and three functions";

pub(super) fn bare(global: &Global) -> Result<ExitCode, Failure> {
    let project = global.project(None)?;
    if project.join("functions").is_dir()
        || project.join("runtime.toml").is_file()
        || global.config()?.is_some()
    {
        return Dev::default().run(global);
    }
    output::talk(NEXT);
    Ok(Exit::Usage.into())
}
