//! The functions every engine has (CESQL 1.0, section 3.5), by name and number of arguments.

use super::value::Type;

/// A function, with its overloads told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Int,
    Bool,
    String,
    IsInt,
    IsBool,
    Length,
    Concat,
    ConcatWs,
    Lower,
    Upper,
    Trim,
    Left,
    Right,
    Substring,
    Abs,
}

struct Signature {
    name: &'static str,
    function: Function,
    /// Arguments, at least and at most.
    arguments: (usize, usize),
    returns: Type,
    /// For people: `LEFT(text, count)`.
    usage: &'static str,
}

const ANY_NUMBER: usize = usize::MAX;

macro_rules! signatures {
    ($($name:literal $function:ident ($least:expr, $most:expr) -> $returns:ident, $usage:literal;)*) => {
        const SIGNATURES: &[Signature] = &[$(Signature {
            name: $name,
            function: Function::$function,
            arguments: ($least, $most),
            returns: Type::$returns,
            usage: $usage,
        },)*];

        /// All names, for suggestions.
        pub(super) const NAMES: &[&str] = &[$($name,)*];
    };
}

// In the order of `Function`, which finds its row by number.
signatures! {
    "INT" Int (1, 1) -> Integer, "INT(value)";
    "BOOL" Bool (1, 1) -> Boolean, "BOOL(value)";
    "STRING" String (1, 1) -> String, "STRING(value)";
    "IS_INT" IsInt (1, 1) -> Boolean, "IS_INT(value)";
    "IS_BOOL" IsBool (1, 1) -> Boolean, "IS_BOOL(value)";
    "LENGTH" Length (1, 1) -> Integer, "LENGTH(text)";
    "CONCAT" Concat (0, ANY_NUMBER) -> String, "CONCAT(text, ...)";
    "CONCAT_WS" ConcatWs (1, ANY_NUMBER) -> String, "CONCAT_WS(delimiter, text, ...)";
    "LOWER" Lower (1, 1) -> String, "LOWER(text)";
    "UPPER" Upper (1, 1) -> String, "UPPER(text)";
    "TRIM" Trim (1, 1) -> String, "TRIM(text)";
    "LEFT" Left (2, 2) -> String, "LEFT(text, count)";
    "RIGHT" Right (2, 2) -> String, "RIGHT(text, count)";
    "SUBSTRING" Substring (2, 3) -> String, "SUBSTRING(text, position) or SUBSTRING(text, position, length)";
    "ABS" Abs (1, 1) -> Integer, "ABS(number)";
}

impl Function {
    /// The function of a name, in any case, that takes this many arguments.
    pub(super) fn find(name: &str, arguments: usize) -> Option<Self> {
        let signature = named(name)?;
        let (least, most) = signature.arguments;
        (least..=most).contains(&arguments).then_some(signature.function)
    }

    pub(super) fn returns(self) -> Type {
        SIGNATURES[self as usize].returns
    }

    pub(super) fn name(self) -> &'static str {
        SIGNATURES[self as usize].name
    }
}

/// How a function of this name is written, if there is one.
pub(super) fn usage(name: &str) -> Option<&'static str> {
    named(name).map(|signature| signature.usage)
}

fn named(name: &str) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|signature| signature.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_finds_its_own_row() {
        for signature in SIGNATURES {
            assert_eq!(signature.function.name(), signature.name);
        }
        assert_eq!(Function::find("substring", 3), Some(Function::Substring));
        assert_eq!(Function::find("substring", 4), None);
        assert_eq!(Function::find("CONCAT", 0), Some(Function::Concat));
    }
}
