//! How an attempt ended, in a word.

use core::fmt;

/// The end of an attempt without what came with it. Displayed as people read it: `200`, `ok`, `exit 101`, `timeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// HTTP's status code.
    Http(u16),
    /// An exit code; a signal `n` is `128 + n`.
    Exit(i32),
    /// The function said, without HTTP, that it handled the event.
    Handled,
    /// The function said that it could not handle the event.
    Failed,
    /// An answer that claims to be an event and is none, or is not what the function was to answer.
    MalformedReply,
    /// The connection broke, or there was none.
    Lost,
    /// No answer in time.
    TimedOut,
    /// Nobody took it.
    NotTaken,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(status) => write!(f, "{status}"),
            Self::Exit(code) => write!(f, "exit {code}"),
            Self::Handled => f.write_str("ok"),
            Self::Failed => f.write_str("error"),
            Self::MalformedReply => f.write_str("malformed reply"),
            Self::Lost => f.write_str("connection lost"),
            Self::TimedOut => f.write_str("timeout"),
            Self::NotTaken => f.write_str("not taken"),
        }
    }
}
