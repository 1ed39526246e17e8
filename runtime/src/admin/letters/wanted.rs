//! Which letters a request means, as people write it.

use axum::http::StatusCode;
use jiff::Timestamp;

use super::super::error::ApiError;
use crate::letters::Selection;

/// What a request says; nothing means all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Which<'r> {
    pub(super) trigger: Option<&'r str>,
    pub(super) function: Option<&'r str>,
    pub(super) reason: Option<&'r str>,
    pub(super) since: Option<&'r str>,
    pub(super) until: Option<&'r str>,
}

impl Which<'_> {
    /// Whether it means some and not others.
    pub(super) const fn is_some(&self) -> bool {
        self.trigger.is_some() || self.function.is_some() || self.reason.is_some() || self.since.is_some()
    }

    pub(super) fn selection(&self) -> Result<Selection, ApiError> {
        let time = |text: &str| time(text, Timestamp::now()).map(Timestamp::as_millisecond);
        Ok(Selection {
            trigger: self.trigger.map(Into::into),
            function: self.function.map(Into::into),
            reason: self.reason.map(Into::into),
            since_ms: self.since.map(time).transpose()?,
            until_ms: self.until.map(time).transpose()?,
        })
    }
}

/// A time, or how long ago that was.
fn time(text: &str, now: Timestamp) -> Result<Timestamp, ApiError> {
    let ago = || humantime::parse_duration(text).ok().and_then(|ago| now.checked_sub(ago).ok());
    text.parse().ok().or_else(ago).ok_or_else(|| {
        let message = format!("{text:?} is no time");
        ApiError::new(StatusCode::BAD_REQUEST, message, "write 2h for two hours ago, or 2026-11-26T12:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_or_so_long_ago() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let read = |text: &str| time(text, now).map(|time| time.to_string()).map_err(|e| e.status.as_u16());
        assert_eq!(read("2026-11-25T00:00:00+01:00"), Ok("2026-11-24T23:00:00Z".into()));
        assert_eq!(read("90m"), Ok("2026-11-26T10:30:00Z".into()));
        for text in ["yesterday", "", "-1h", "12:00"] {
            assert_eq!(read(text), Err(400), "{text}");
        }
    }
}
