//! What can go wrong while an expression is evaluated (CESQL 1.0, section 3.3 "Errors").

use alloc::{string::String, vec::Vec};
use core::fmt;

use super::span::Span;

/// The kinds of error every engine tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// A division by zero, or a number of more than 32 bits.
    Math,
    /// A value that is none of the type that is wanted.
    Cast,
    /// The event has no such attribute.
    MissingAttribute,
    /// There is no such function.
    MissingFunction,
    /// A function was given what it cannot take.
    FunctionEvaluation,
}

impl FailureKind {
    /// The name scripts know it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Math => "math",
            Self::Cast => "cast",
            Self::MissingAttribute => "missing_attribute",
            Self::MissingFunction => "missing_function",
            Self::FunctionEvaluation => "function_evaluation",
        }
    }
}

/// An error that arose while an expression was evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which kind.
    pub kind: FailureKind,
    /// For people, a fragment: `the event has no subject`.
    pub message: String,
    /// The sub-expression it arose in.
    pub span: Span,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Who hears of errors.
pub(super) trait Failures {
    /// Takes one; the message is made only for those who read it.
    fn fail(&mut self, kind: FailureKind, span: Span, message: impl FnOnce() -> String);
    /// How many there were.
    fn count(&self) -> usize;
}

/// The error list of the specification.
#[derive(Default)]
pub(super) struct Told(pub(super) Vec<Failure>);

impl Failures for Told {
    fn fail(&mut self, kind: FailureKind, span: Span, message: impl FnOnce() -> String) {
        self.0.push(Failure { kind, message: message(), span });
    }

    fn count(&self) -> usize {
        self.0.len()
    }
}

/// For those who only ask whether there was one.
#[derive(Default)]
pub(super) struct Counted(usize);

impl Failures for Counted {
    fn fail(&mut self, _: FailureKind, _: Span, _: impl FnOnce() -> String) {
        self.0 += 1;
    }

    fn count(&self) -> usize {
        self.0
    }
}
