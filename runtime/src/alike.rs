//! What many have alike is kept once.

use std::sync::Arc;

/// Different ones that are remembered: a folder has few kinds of functions.
const KINDS_MAX: usize = 16;

/// Those that were met lately, the last one first.
#[derive(Debug)]
pub(crate) struct Alike<T>(Vec<Arc<T>>);

impl<T> Default for Alike<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Alike<T> {
    /// The same as somebody has already, if so.
    pub(crate) fn share(&mut self, one: T) -> Arc<T> {
        let shared = match self.0.iter().position(|known| **known == one) {
            Some(at) => self.0.remove(at),
            None => Arc::new(one),
        };
        self.0.truncate(KINDS_MAX - 1);
        self.0.insert(0, Arc::clone(&shared));
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_equal_is_one_and_few_are_remembered() {
        let mut alike = Alike::default();
        let first = alike.share(0);
        assert!(Arc::ptr_eq(&first, &alike.share(0)));
        assert!(!Arc::ptr_eq(&first, &alike.share(1)));
        (1..=KINDS_MAX).for_each(|other| drop(alike.share(other)));
        assert_eq!(alike.0.len(), KINDS_MAX);
        assert!(!Arc::ptr_eq(&first, &alike.share(0)), "it was the longest that nobody was like it");
    }
}
