//! `hydrant scale`: a function pinned at so many processes for a time.

use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use hyper::Method;

use super::completions;
use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::http::encode;
use super::output;
use crate::admin::FunctionView;

/// Pin a function at so many processes, until it is let go of or hydrant ends
///
/// It is not written to runtime.toml. There are as many as that, whether there is work or not, and no more; those beyond it
/// end when they have been idle. A oneshot function, whose process takes one event, has at most so many at a time.
#[derive(Debug, Args)]
pub(super) struct Scale {
    /// The function
    #[arg(add = completions::functions())]
    function: String,
    /// How many: 1 to 1000, or auto for what its settings say
    #[arg(value_name = "N|auto")]
    to: To,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Number(u32),
    Auto,
}

impl FromStr for To {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "0" => Err("to have none at all, use `hydrant pause TRIGGER`".into()),
            text => text.parse().map(Self::Number).map_err(|_| "write a number, or auto".into()),
        }
    }
}

impl Scale {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let daemon = Daemon::find(global).await?;
        let to = match self.to {
            To::Number(number) => number.to_string(),
            To::Auto => "auto".into(),
        };
        let target = format!("/api/v1/functions/{}/scale?instances={to}", encode(&self.function));
        let now: FunctionView = daemon.ask(Method::POST, &target).await??;
        if global.is_json() {
            output::json(&now)?;
            return Ok(ExitCode::SUCCESS);
        }
        let name = &now.function;
        global.talk(&match now.pinned {
            Some(number) => {
                format!(
                    "{name} is pinned at {number} until `hydrant scale {name} auto`, or until hydrant ends"
                )
            }
            None => format!("{name} has as many processes as its settings say"),
        });
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_or_auto_is_meant() {
        assert_eq!("3".parse(), Ok(To::Number(3)));
        assert_eq!("auto".parse(), Ok(To::Auto));
        assert!("0".parse::<To>().unwrap_err().contains("hydrant pause"));
        assert!("-1".parse::<To>().is_err() && "many".parse::<To>().is_err());
    }
}
