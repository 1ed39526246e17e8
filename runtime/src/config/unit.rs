//! Durations and sizes as people write them.

use std::time::Duration;

/// Longer than this is a slip of the fingers, and clocks stay far from overflow.
const DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Why a text is no duration or size; fits behind "this is".
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum UnitError {
    #[error("no duration")]
    Duration,
    #[error("negative")]
    Negative,
    #[error("longer than a year")]
    TooLong,
    #[error("no size")]
    Size,
    #[error("more than this machine can address")]
    TooLarge,
}

/// `30s`, `1m 30s`, `200ms`, or ISO 8601 as Knative writes it: `PT0.2S`.
pub(crate) fn duration(text: &str) -> Result<Duration, UnitError> {
    let duration = if text.trim_start_matches(['+', '-']).starts_with(['P', 'p']) {
        let signed: jiff::SignedDuration = text.parse().map_err(|_| UnitError::Duration)?;
        Duration::try_from(signed).map_err(|_| UnitError::Negative)?
    } else if text.starts_with('-') {
        return Err(UnitError::Negative);
    } else {
        humantime::parse_duration(text).map_err(|_| UnitError::Duration)?
    };
    if duration > DURATION_MAX {
        return Err(UnitError::TooLong);
    }
    Ok(duration)
}

/// `1MiB`, `64 kB`, `512B`.
pub(super) fn size(text: &str) -> Result<usize, UnitError> {
    let digits_end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits_end);
    let number: u64 = digits.replace('_', "").parse().map_err(|_| UnitError::Size)?;
    let factor = factor(unit.trim_start()).ok_or(UnitError::Size)?;
    let bytes = number.checked_mul(factor).ok_or(UnitError::TooLarge)?;
    usize::try_from(bytes).map_err(|_| UnitError::TooLarge)
}

fn factor(unit: &str) -> Option<u64> {
    Some(match unit {
        "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_both_spellings() {
        let check = |text: &str, ms: u64| assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        check("30s", 30_000);
        check("200ms", 200);
        check("1m 30s", 90_000);
        check("0s", 0);
        check("PT0.2S", 200);
        check("PT1M30S", 90_000);
        for text in ["", "30", "s", "PT", "P", "fast", "1 parsec"] {
            assert_eq!(duration(text), Err(UnitError::Duration), "{text}");
        }
        assert_eq!(duration("-PT5S"), Err(UnitError::Negative));
        assert_eq!(duration("-5s"), Err(UnitError::Negative));
        assert_eq!(duration("2years"), Err(UnitError::TooLong));
    }

    #[test]
    fn sizes_of_both_families() {
        let check = |text: &str, bytes: usize| assert_eq!(size(text), Ok(bytes), "{text}");
        check("1MiB", 1 << 20);
        check("64 KiB", 64 << 10);
        check("1_000B", 1_000);
        check("2kB", 2_000);
        for text in ["", "MiB", "1", "1.5MiB", "1 mib", "-1MiB", "1MiBs"] {
            assert_eq!(size(text), Err(UnitError::Size), "{text}");
        }
        assert_eq!(size("99999999999GiB"), Err(UnitError::TooLarge));
    }
}
