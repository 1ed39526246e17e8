//! Gets events of type {{type}}, a process each: the data on stdin, the attributes as `CE_ID`, `CE_TYPE`, `CE_SOURCE`,
//! `CE_SUBJECT` and so on.
//!
//!     hydrant send {{type}} '{"name":"Ada"}' --wait
//!
//! Exit code 0: done. 65: of no use, a dead letter at once. Anything else, a panic too: it is tried again.

use std::env;
use std::io::{self, Read};
use std::process::ExitCode;

fn main() -> io::Result<ExitCode> {
    let attribute = |name: &str| env::var(name).unwrap_or_default();
    let mut data = Vec::new();
    io::stdin().read_to_end(&mut data)?;
    eprintln!("{} {} from {}", attribute("CE_TYPE"), attribute("CE_ID"), attribute("CE_SOURCE")); // goes to the log
    if data.is_empty() {
        eprintln!("there is no data");
        return Ok(ExitCode::from(65));
    }
    // What is printed is the reply, an event itself; print nothing, and there is none. What came from outside may hold
    // quotes: only a number of it goes into this JSON. The crate serde_json writes all of it.
    let bytes = data.len();
    println!(
        r#"{{"specversion": "1.0", "source": "functions/{{name}}", "type": "{{type}}.reply", "data": {{"bytes": {bytes}}}}}"#
    );
    Ok(ExitCode::SUCCESS)
}
