//! Values and their types (CESQL 1.0, section 3.1), and casts between them (section 3.7).

use alloc::string::String;
use core::fmt;

/// The three primitive types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`.
    Boolean,
    /// 32 bits, signed.
    Integer,
    /// Unicode characters.
    String,
}

/// What an expression gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A Boolean.
    Boolean(bool),
    /// An Integer.
    Integer(i32),
    /// A String.
    String(String),
}

impl Value {
    /// Its type.
    pub const fn kind(&self) -> Type {
        match self {
            Self::Boolean(_) => Type::Boolean,
            Self::Integer(_) => Type::Integer,
            Self::String(_) => Type::String,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::String => "string",
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::String(value) => f.write_str(value),
        }
    }
}

/// `String -> Integer`: an optional sign and decimal digits, within 32 bits.
pub(super) fn parse_integer(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut number: i32 = 0;
    for digit in digits {
        let digit = i32::from(digit.wrapping_sub(b'0'));
        if digit > 9 {
            return None;
        }
        // Counted below zero, where there is room for one more.
        number = number.checked_mul(10)?.checked_sub(digit)?;
    }
    if negative { Some(number) } else { number.checked_neg() }
}

/// `String -> Boolean`: true or false, in any case.
pub(super) const fn parse_boolean(text: &[u8]) -> Option<bool> {
    if text.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if text.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_32_bits_and_may_have_a_sign() {
        let check = |text: &str, expected: Option<i32>| {
            assert_eq!(parse_integer(text.as_bytes()), expected, "{text:?}");
        };
        check("0", Some(0));
        check("+5", Some(5));
        check("-05", Some(-5));
        check("2147483647", Some(i32::MAX));
        check("2147483648", None);
        check("-2147483648", Some(i32::MIN));
        check("-2147483649", None);
        for text in ["", "-", "+", " 5", "5 ", "5.0", "1e3", "٣", "--5", "99999999999999999999"] {
            check(text, None);
        }
    }
}
