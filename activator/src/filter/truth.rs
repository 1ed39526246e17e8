//! What a filter says of an event.

/// True, false, or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    /// The event passes.
    True,
    /// It does not.
    False,
    /// An error, or no boolean: it does not pass, and nor does it pass the opposite filter.
    Failed,
}

impl Truth {
    /// The opposite, if it is to be; that of a failure is a failure.
    #[inline]
    pub(super) const fn turned(self, turn: bool) -> Self {
        match (self, turn) {
            (Self::True, true) => Self::False,
            (Self::False, true) => Self::True,
            (truth, _) => truth,
        }
    }
}

impl From<bool> for Truth {
    #[inline]
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}
