//! Which times a schedule has: in every form, over the end of months and years, and where clocks are set twice a year.

use jiff::SignedDuration;

use super::super::ScheduleError;
use super::{at, refused, schedule, zone};

/// The next times after a moment.
#[track_caller]
fn check(text: &str, zone: &str, after: &str, expected: &[&str]) {
    let schedule = schedule(text, zone);
    let mut time = at(after);
    for expected in expected {
        time = schedule.next(time).unwrap();
        assert_eq!(schedule.local(time).strftime("%Y-%m-%d %H:%M:%S%:z").to_string(), *expected, "{text}");
    }
}

#[test]
fn every_form_has_its_times() {
    let from = "2026-11-27T02:50:30Z"; // A Friday.
    let utc = |text, expected: &[&str]| check(text, "UTC", from, expected);
    utc("* * * * *", &["2026-11-27 02:51:00+00:00", "2026-11-27 02:52:00+00:00"]);
    utc("  */20  *  * * *  ", &["2026-11-27 03:00:00+00:00", "2026-11-27 03:20:00+00:00"]);
    utc(
        "5/25 * * * *",
        &["2026-11-27 02:55:00+00:00", "2026-11-27 03:05:00+00:00", "2026-11-27 03:30:00+00:00"],
    );
    utc("*/10 * * * * *", &["2026-11-27 02:50:40+00:00", "2026-11-27 02:50:50+00:00"]);
    utc(
        "15,45 9-10 * * *",
        &["2026-11-27 09:15:00+00:00", "2026-11-27 09:45:00+00:00", "2026-11-27 10:15:00+00:00"],
    );
    utc("0 3 ? * MON", &["2026-11-30 03:00:00+00:00", "2026-12-07 03:00:00+00:00"]);
    utc("0 3 * * 7", &["2026-11-29 03:00:00+00:00"]);
    utc("0 3 * jan,DEC sun", &["2026-12-06 03:00:00+00:00"]);
    // Either of the two days, as cron has it.
    utc(
        "0 0 13 * 5",
        &["2026-12-04 00:00:00+00:00", "2026-12-11 00:00:00+00:00", "2026-12-13 00:00:00+00:00"],
    );
    utc("0 0 * * 5L", &["2026-12-25 00:00:00+00:00"]);
    utc("0 0 * * 1#2", &["2026-12-14 00:00:00+00:00"]);
    utc("0 0 L * *", &["2026-11-30 00:00:00+00:00", "2026-12-31 00:00:00+00:00"]);
    for (short, expected) in [
        ("@hourly", "2026-11-27 03:00:00+00:00"),
        ("@daily", "2026-11-28 00:00:00+00:00"),
        ("@midnight", "2026-11-28 00:00:00+00:00"),
        ("@weekly", "2026-11-29 00:00:00+00:00"),
        ("@monthly", "2026-12-01 00:00:00+00:00"),
        ("@yearly", "2027-01-01 00:00:00+00:00"),
        ("@annually", "2027-01-01 00:00:00+00:00"),
        ("@every 1h30m", "2026-11-27 03:00:00+00:00"),
        ("@every 45s", "2026-11-27 02:51:00+00:00"),
    ] {
        utc(short, &[expected]);
    }
}

#[test]
fn leap_days_and_the_ends_of_months() {
    let first = ["2028-02-29 12:00:00+00:00", "2032-02-29 12:00:00+00:00"];
    check("0 12 29 2 *", "UTC", "2026-11-27T00:00:00Z", &first);
    // 2100 is no leap year.
    check("0 12 29 2 *", "UTC", "2096-03-01T00:00:00Z", &["2104-02-29 12:00:00+00:00"]);
    let months = ["2027-01-31 00:00:00+00:00", "2027-03-31 00:00:00+00:00", "2027-05-31 00:00:00+00:00"];
    check("0 0 31 * *", "UTC", "2027-01-01T00:00:00Z", &months);
}

#[test]
fn a_time_that_is_there_twice_fires_once_and_one_that_is_not_there_fires_after_the_gap() {
    // In Berlin, 02:00 to 03:00 is not there on 29 March 2026, and there twice on 25 October.
    let spring = ["2026-03-28 02:30:00+01:00", "2026-03-29 03:00:00+02:00", "2026-03-30 02:30:00+02:00"];
    check("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", &spring);
    let autumn = ["2026-10-25 02:30:00+02:00", "2026-10-26 02:30:00+01:00"];
    check("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", &autumn);
    // One of several times is there twice, or not, just as one alone.
    let autumn = ["2026-10-25 02:30:00+02:00", "2026-10-25 14:30:00+01:00", "2026-10-26 02:30:00+01:00"];
    check("30 2,14 * * *", "Europe/Berlin", "2026-10-24T22:00:00Z", &autumn);
    let spring = ["2026-03-29 03:00:00+02:00", "2026-03-30 02:00:00+02:00", "2026-03-30 03:00:00+02:00"];
    check("0 2,3 * * *", "Europe/Berlin", "2026-03-29T00:30:00Z", &spring);
    // What fires all the time goes on at its pace.
    let paces = ["2026-10-25 02:30:00+02:00", "2026-10-25 02:00:00+01:00", "2026-10-25 02:30:00+01:00"];
    check("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", &paces);
    let over = ["2026-03-29 01:30:00+01:00", "2026-03-29 03:00:00+02:00", "2026-03-29 03:30:00+02:00"];
    check("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", &over);
}

#[test]
fn times_only_go_on_wherever_one_begins() {
    for name in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"] {
        for text in
            ["30 2 * * *", "*/20 * * * *", "0 */2 * * *", "15 1-3 * * *", "@every 7m", "*/50 * * * * *"]
        {
            let schedule = schedule(text, name);
            for around in [
                "2026-03-28T12:00:00Z",
                "2026-04-04T06:00:00Z",
                "2026-10-24T12:00:00Z",
                "2018-11-03T18:00:00Z",
            ] {
                let begin = at(around);
                for minutes in (0..48 * 60).step_by(9) {
                    let after = begin + SignedDuration::from_secs(minutes * 60 + 17);
                    let next = schedule.next(after).unwrap();
                    assert!(next > after, "{text} in {name} after {after}: {next}");
                    let between = after + next.duration_since(after) / 2;
                    assert_eq!(schedule.next(between), Some(next), "{text} in {name} after {between}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_schedule_says_which_part_and_what_would_be() {
    let check = |text: &str, part: &str, is: &str, help: &str| match refused(text) {
        ScheduleError::Form { part: range, is: what, help: helps } => {
            assert_eq!((&text[range], &*what), (part, is), "{text}");
            assert!(helps.contains(help), "{text}: {helps}");
        }
        ScheduleError::Never => panic!("{text}"),
    };
    check("60 * * * *", "60", "no minute", "it is 0 to 59");
    check("* 24 * * *", "24", "no hour", "it is 0 to 23");
    check("* * 0 * *", "0", "no day of the month", "1 to 31");
    check("0 0 * 13 *", "13", "no month", "1 to 12 or JAN to DEC");
    check("0 0 * * 8", "8", "no day of the week", "0 to 7 or SUN to SAT");
    check("61 * * * * *", "61", "no second", "0 to 59");
    for minute in ["mon", "1,,2", "/5", "1-5/0", "9-3", "x", "1.5", "*/"] {
        check(&format!("{minute} * * * *"), minute, "no minute", "a number, `*`");
    }
    check("0 0 * MON *", "MON", "no month", "JAN");
    check("0 0 * * JAN", "JAN", "no day of the week", "SUN");
    check("* * * *", "* * * *", "4 fields", "five fields");
    check(" 0 0 * * * * 2027 ", "0 0 * * * * 2027", "7 fields", "six");
    check("", "", "empty", "five fields");
    check("@dayly", "@dayly", "no short form of one", "did you mean @daily?");
    check("@every", "@every", "no pause", "@every 30s");
    check("@every soon", "@every soon", "no pause", "@every 30s");
    check("@every 1500ms", "@every 1500ms", "no whole seconds", "@every 30s");
    check("@every 0s", "@every 0s", "no whole seconds", "@every 30s");
    check(
        "CRON_TZ=Europe/Berlin 0 3 * * *",
        "CRON_TZ=Europe/Berlin",
        "a time zone",
        "timezone = \"Europe/Berlin\"",
    );
    for text in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *"] {
        assert_eq!(refused(text), ScheduleError::Never, "{text}");
    }
}

#[test]
fn schedules_are_told() {
    let told = |text, name| schedule(text, name).told();
    assert_eq!(told("0 3 * * *", "Europe/Berlin"), "at 03:00 every day (Europe/Berlin)");
    assert_eq!(told("@daily", "UTC"), "at 00:00 every day (UTC)");
    assert_eq!(told("*/5 * * * *", "Europe/Berlin"), "every 5 minutes");
    assert_eq!(told("@every 1h30m", "UTC"), "every 1h 30m");
    assert_eq!(told("0 9,17 * * *", "Europe/Berlin"), "0 9,17 * * * (Europe/Berlin)");
}

#[test]
fn zones_are_those_of_iana() {
    assert_eq!(zone("Europe/Berlin").unwrap().iana_name(), Some("Europe/Berlin"));
    assert_eq!(zone("Europe/Berlni").unwrap_err().as_deref(), Some("Europe/Berlin"));
    assert_eq!(zone("Mars/Olympus_Mons").unwrap_err(), None);
}
