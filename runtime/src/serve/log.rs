//! What the runtime says: lines for people in `dev`, JSON lines in `run`, both on stderr. stdout is for data.

use std::fmt;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use super::{Mode, Voice};

/// Starts to log; `HYDRANT_LOG` says how much (`info`, `debug`, `hydrant=debug`, ...), else the flags do.
pub(super) fn start(mode: Mode, voice: Voice) {
    let filter = EnvFilter::try_from_env("HYDRANT_LOG").unwrap_or_else(|_| EnvFilter::new(voice.level));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Whoever heard it may be gone, and that must not be the end of what goes on.
        .log_internal_errors(false)
        .with_ansi(voice.colour);
    match mode {
        Mode::Dev | Mode::Test => log.with_target(false).with_timer(LocalTime).init(),
        Mode::Run => log.json().flatten_event(true).init(),
    }
}

/// `14:02:11.204`, in the time zone of the machine.
struct LocalTime;

impl FormatTime for LocalTime {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{}", jiff::Zoned::now().strftime("%H:%M:%S%.3f"))
    }
}
