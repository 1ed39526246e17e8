//! The shape of `time`: RFC 3339, section 5.6. The text is checked and kept as it came, offset and fraction too.

/// Whether the text is a `date-time` that can be: its month, day, hour, minute, second and offset are in range.
pub(super) fn is_rfc3339(text: &[u8]) -> bool {
    let Some((date_time, rest)) = text.split_first_chunk::<19>() else {
        return false;
    };
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T' | b't', h0, h1, b':', n0, n1, b':', s0, s1] =
        *date_time
    else {
        return false;
    };
    let (Some(century), Some(year)) = (number(y0, y1), number(y2, y3)) else {
        return false;
    };
    let year = u16::from(century) * 100 + u16::from(year);
    let date = number(m0, m1).zip(number(d0, d1));
    // 60 is a leap second.
    date.is_some_and(|(month, day)| (1..=days(year, month)).contains(&day))
        && is_time(h0, h1, n0, n1)
        && number(s0, s1).is_some_and(|second| second <= 60)
        && is_offset(without_fraction(rest))
}

/// What follows `.` and at least one digit, when there is a fraction. A lone `.` stays, and is no offset.
fn without_fraction(rest: &[u8]) -> &[u8] {
    let [b'.', fraction @ ..] = rest else {
        return rest;
    };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 { rest } else { &fraction[digits..] }
}

fn is_offset(text: &[u8]) -> bool {
    match *text {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', h0, h1, b':', m0, m1] => is_time(h0, h1, m0, m1),
        _ => false,
    }
}

fn is_time(h0: u8, h1: u8, m0: u8, m1: u8) -> bool {
    number(h0, h1).is_some_and(|hour| hour <= 23) && number(m0, m1).is_some_and(|minute| minute <= 59)
}

const fn number(tens: u8, ones: u8) -> Option<u8> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() {
        Some((tens - b'0') * 10 + (ones - b'0'))
    } else {
        None
    }
}

/// The days of a month; none when there is no such month.
const fn days(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}
