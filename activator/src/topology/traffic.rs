//! How what is meant for a function is shared out among its revisions.
//!
//! A revision that is kept beside the latest one is a function of its own as far as processes go: it has its own, and
//! its own way from zero to zero. So a share is a function's number, and the function's own stands for its latest.

use alloc::vec::Vec;

use crate::event::Event;
use crate::filter::hash;
use crate::id::FunctionId;

/// Into how many parts all there is is divided.
const PARTS: u32 = 100;
/// Near to the golden section of them, and without a common factor: however few follow one another, they are spread.
const STRIDE: u32 = 61;

/// The shares of one function (Knative's `traffic`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Whose.
    pub function: FunctionId,
    /// They add up to 100 percent.
    pub shares: Vec<Share>,
}

/// What goes to one revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// A revision that is kept, or the function itself: its latest.
    pub to: FunctionId,
    /// Of 100.
    pub percent: u32,
}

/// A draw among the shares, from 0 to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot(u8);

impl Lot {
    /// An event's: always the same, so that its attempts and its repetitions go where the first went.
    pub fn of_event(event: &Event) -> Self {
        let mixed = hash(0, event.source().as_bytes()) ^ hash(1, event.id().as_bytes());
        Self::of(u32::try_from(mixed >> 32).unwrap_or(0) % PARTS)
    }

    /// The so-manieth call's: of a hundred in a row each lot is one's.
    pub(crate) fn of_call(number: u32) -> Self {
        Self::of(number % PARTS * STRIDE % PARTS)
    }

    fn of(part: u32) -> Self {
        Self(u8::try_from(part).unwrap_or(0))
    }
}

impl Traffic {
    /// Whose the lot is.
    pub fn drawn(&self, lot: Lot) -> FunctionId {
        let mut left = u32::from(lot.0);
        for share in &self.shares {
            match left.checked_sub(share.percent) {
                Some(rest) => left = rest,
                None => return share.to,
            }
        }
        self.function
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use bytes::Bytes;

    use super::*;

    const LATEST: FunctionId = FunctionId(0);
    const OLD: FunctionId = FunctionId(1);

    fn traffic(old: u32) -> Traffic {
        let shares = [(OLD, old), (LATEST, 100 - old)].map(|(to, percent)| Share { to, percent });
        Traffic { function: LATEST, shares: shares.into() }
    }

    fn event(source: &str, id: &str) -> Event {
        let mut event = Event::builder();
        for (name, value) in [("id", id), ("source", source), ("type", "order")] {
            event.attribute(name, value).expect("allowed");
        }
        event.build(Bytes::new()).expect("complete")
    }

    #[test]
    fn the_shares_of_events_hold_whatever_their_ids_look_like() {
        let ids: [fn(u32) -> alloc::string::String; 3] = [
            |n| format!("{n}"),
            |n| format!("{n:08x}-7a1b-4c3d-9e8f-0123456789ab"),
            |n| format!("order-{n}-created"),
        ];
        for (id, percent) in ids.into_iter().flat_map(|id| [1, 10, 50, 90].map(|percent| (id, percent))) {
            let lot = |n| Lot::of_event(&event("/shop", &id(n)));
            let old = (0..20_000).filter(|n| traffic(percent).drawn(lot(*n)) == OLD).count();
            let expected = 200 * percent as usize;
            assert!(old.abs_diff(expected) < 300, "{}: {old} of 20000 at {percent} %", id(7));
        }
    }

    #[test]
    fn an_events_lot_is_that_of_its_source_and_id() {
        let lot = |source: &str, id: &str| Lot::of_event(&event(source, id));
        assert_eq!(lot("/shop", "17"), lot("/shop", "17"));
        // It is stored nowhere, and has to be the same tomorrow.
        assert_eq!(
            [lot("/shop", "17"), lot("/shop", "19"), lot("/store", "17")],
            [Lot(41), Lot(23), Lot(18)]
        );
        let same = (0..20_000)
            .filter(|n| lot("/shop", &format!("{n}")) == lot("/shop", &format!("{}", n + 1)))
            .count();
        assert!(same.abs_diff(200) < 60, "neighbours draw as strangers do: {same} of 20000 the same");
    }

    #[test]
    fn of_a_hundred_calls_each_share_gets_its_part_and_of_ten_nearly_so() {
        for percent in [1, 10, 33, 50, 99] {
            let old = |calls: core::ops::Range<u32>| {
                calls.filter(|n| traffic(percent).drawn(Lot::of_call(*n)) == OLD).count()
            };
            assert_eq!(old(7..107), percent as usize);
            assert!(old(0..10).abs_diff(percent as usize / 10) <= 1, "{percent} %: {}", old(0..10));
        }
    }
}
