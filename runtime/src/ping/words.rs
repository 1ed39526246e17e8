//! Cron expressions in words, as far as a few will do.

use super::fields::{DAYS, MONTHS};

const DAY_NAMES: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTH_NAMES: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `at 03:00 every day`, `every 5 minutes`; nothing where it would take many words.
pub(super) fn told(expression: &str) -> Option<String> {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    match fields[..] {
        [second, "*", "*", "*", "*", "*"] => pace(second, "second"),
        ["0", ref rest @ ..] if rest.len() == 5 => told(&rest.join(" ")),
        [minute, "*", "*", "*", "*"] => pace(minute, "minute").or_else(|| of_hour(minute)),
        ["0", hour, "*", "*", "*"] if !is_number(hour) => pace_of(hour, "hour", 24),
        [minute, hour, day, month, weekday] => {
            Some(format!("at {} {}", clock(minute, hour)?, days(day, month, weekday)?))
        }
        _ => None,
    }
}

/// `every 5 minutes`, where that is so in the next hour, too.
fn pace(field: &str, unit: &str) -> Option<String> {
    pace_of(field, unit, 60)
}

fn pace_of(field: &str, unit: &str, whole: u32) -> Option<String> {
    if field == "*" {
        return Some(format!("every {unit}"));
    }
    let step =
        field.strip_prefix("*/")?.parse().ok().filter(|step| *step > 1 && whole.is_multiple_of(*step))?;
    Some(format!("every {step} {unit}s"))
}

fn of_hour(minute: &str) -> Option<String> {
    match number(minute)? {
        0 => Some("every hour".into()),
        minute => Some(format!("at minute {minute} of every hour")),
    }
}

fn clock(minute: &str, hour: &str) -> Option<String> {
    Some(format!("{:02}:{:02}", number(hour)?, number(minute)?))
}

fn days(day: &str, month: &str, weekday: &str) -> Option<String> {
    let star = |field| matches!(field, "*" | "?");
    match (star(day), month == "*", star(weekday)) {
        (true, true, true) => Some("every day".into()),
        (true, true, false) => weekdays(weekday),
        (false, true, true) => Some(format!("on day {} of every month", number(day)?)),
        (false, false, true) => {
            let month = position(month, &MONTHS, 1).and_then(|at| MONTH_NAMES.get(at))?;
            Some(format!("on {} {month} every year", number(day)?))
        }
        _ => None,
    }
}

/// `on Monday and Friday`, `from Monday to Friday`.
fn weekdays(field: &str) -> Option<String> {
    let name = |field: &str| position(field, &DAYS, 0).and_then(|at| DAY_NAMES.get(at % 7)).copied();
    if let Some((from, to)) = field.split_once('-') {
        return Some(format!("from {} to {}", name(from)?, name(to)?));
    }
    let names: Option<Vec<&str>> = field.split(',').map(name).collect();
    let (last, others) = names.as_deref()?.split_last().map(|(last, others)| (*last, others.join(", ")))?;
    Some(if others.is_empty() { format!("on {last}") } else { format!("on {others} and {last}") })
}

/// The place of a number or word in a list whose first has number `first`.
fn position(field: &str, words: &[&str], first: usize) -> Option<usize> {
    let word = words.iter().position(|word| word.eq_ignore_ascii_case(field));
    word.or_else(|| usize::try_from(number(field)?).ok()?.checked_sub(first))
}

fn is_number(field: &str) -> bool {
    number(field).is_some()
}

fn number(field: &str) -> Option<u32> {
    field.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_forms_are_told_in_words() {
        for (expression, words) in [
            ("0 3 * * *", "at 03:00 every day"),
            ("* * * * *", "every minute"),
            ("*/5 * * * *", "every 5 minutes"),
            ("* * * * * *", "every second"),
            ("*/10 * * * * *", "every 10 seconds"),
            ("0 * * * *", "every hour"),
            ("15 * * * *", "at minute 15 of every hour"),
            ("0 */2 * * *", "every 2 hours"),
            ("0 30 9 * * 1-5", "at 09:30 from Monday to Friday"),
            ("30 9 ? * MON", "at 09:30 on Monday"),
            ("0 18 * * fri,sat,7", "at 18:00 on Friday, Saturday and Sunday"),
            ("0 0 1 * *", "at 00:00 on day 1 of every month"),
            ("0 0 29 2 *", "at 00:00 on 29 February every year"),
            ("0 0 24 dec *", "at 00:00 on 24 December every year"),
        ] {
            assert_eq!(told(expression).as_deref(), Some(words), "{expression}");
        }
    }

    #[test]
    fn what_takes_many_words_is_not_told() {
        // Every 7 minutes is not so between 56 and the next hour.
        for expression in
            ["*/7 * * * *", "0 0 13 * 5", "0 9,17 * * *", "30 0 3 * * *", "0 0 L * *", "0 9 * 6 1"]
        {
            assert_eq!(told(expression), None, "{expression}");
        }
    }
}
