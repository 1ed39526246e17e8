//! Whether a stored block is one that a builder could have written. Storage is trusted with nothing else.

use super::EventError;
use super::block::{Block, TEXT_MAX};
use super::name::signature;
use super::rules::{self, REQUIRED};
use super::short;

const BROKEN: fn(&'static str) -> EventError = EventError::BrokenBlock;

/// Holds every part of a block against the rules: places, names, values, signatures, types.
pub(super) fn check(block: &[u8]) -> Result<(), EventError> {
    let block = Block::split(block).ok_or_else(|| BROKEN("it is shorter than its own count"))?;
    if block.text().len() > TEXT_MAX {
        return Err(BROKEN("it has too much text"));
    }
    if !block.is_tidy() {
        return Err(BROKEN("it holds more than attributes and their places"));
    }
    let is_plain = short::is_plain(block.text());
    let (mut known, mut covered) = (0_u8, 0);
    for at in 0..block.count() {
        let (name, value) = block.entry(at).ok_or_else(|| BROKEN("an attribute lies beyond its text"))?;
        covered += name.len() + value.bytes().len();
        rules::check_name(name).map_err(|_| BROKEN("an attribute has a name that none may have"))?;
        if !is_plain {
            rules::check_text(name, value.bytes())?;
        }
        if block.signature(at) != signature(name) {
            return Err(BROKEN("a signature is not that of its name"));
        }
        match rules::known(name, signature(name)) {
            Some(rules::SPECVERSION) => return Err(BROKEN("it names the specversion")),
            Some(place) => {
                rules::check_known(place, value)?;
                known |= 1 << place;
            }
            None if value.is_typed() && !rules::is_typed_text(value.bytes()) => {
                return Err(BROKEN("a value is typed that is a string"));
            }
            None => {}
        }
        if has_before(&block, at, name) {
            return Err(BROKEN("an attribute appears twice"));
        }
    }
    if covered != block.text().len() {
        return Err(BROKEN("it has text that belongs to no attribute"));
    }
    // The required ones are the first of those that are known.
    let missing = (0..REQUIRED.len()).find(|place| known & 1 << place == 0);
    missing.map_or(Ok(()), |place| Err(EventError::Missing(REQUIRED[place])))
}

fn has_before(block: &Block<'_>, at: usize, name: &[u8]) -> bool {
    let alike = |other: &usize| block.signature(*other) == block.signature(at);
    (0..at).filter(alike).any(|other| block.entry(other).is_some_and(|(found, _)| found == name))
}
