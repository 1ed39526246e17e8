//! Which event an event is, in few bytes: its `source` and `id` tell it from all others (CloudEvents 1.0, section 3.1.1).

use core::fmt::Write;

use alloc::string::String;
use sha1_smol::Sha1;

use super::Event;

/// What all names of hydrant's begin with (RFC 9562, section 6.6 "Namespace ID"): a UUID that was drawn once.
const NAMESPACE: [u8; 16] =
    [0x5e, 0x1d, 0x0c, 0x9b, 0x7a, 0x43, 0x4f, 0x62, 0x9c, 0x35, 0x2f, 0xd8, 0x61, 0xe0, 0xb7, 0x14];

/// A hash of `source` and `id`: two events have the same one when they are the same event, and else never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub [u8; 16]);

impl Identity {
    /// The identity of an event.
    pub fn of(event: &Event) -> Self {
        Self(hash(&[event.source(), event.id()]))
    }
}

/// The id of what comes of an event through somebody of this name: a UUID of version 5 (RFC 9562, section 5.5), the same
/// one each time.
pub(super) fn derived(event: &Event, by: &str) -> String {
    let mut bytes = hash(&[event.source(), event.id(), by]);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.into_iter().enumerate() {
        let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
        write!(text, "{dash}{byte:02x}").expect("memory takes all text");
    }
    text
}

/// No text holds what stands between them: attributes have no control characters.
fn hash(texts: &[&str]) -> [u8; 16] {
    let mut hash = Sha1::new();
    hash.update(&NAMESPACE);
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            hash.update(b"\0");
        }
        hash.update(text.as_bytes());
    }
    let digest = hash.digest().bytes();
    *digest.first_chunk().expect("SHA-1 has 20 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(source: &str, id: &str, ty: &str) -> Event {
        let mut event = Event::builder();
        for (name, value) in [("source", source), ("id", id), ("type", ty)] {
            event.attribute(name, value).unwrap();
        }
        event.build(bytes::Bytes::new()).unwrap()
    }

    #[test]
    fn source_and_id_tell_an_event_from_all_others() {
        let identity = |source, id, ty| Identity::of(&event(source, id, ty));
        assert_eq!(identity("/a", "1", "x"), identity("/a", "1", "y"));
        let others = [identity("/a", "1", "x"), identity("/a", "2", "x"), identity("/b", "1", "x")];
        assert_eq!(alloc::collections::BTreeSet::from(others).len(), 3);
        assert_ne!(identity("/a", "11", "x"), identity("/a1", "1", "x"), "one ends where the other begins");
    }

    #[test]
    fn a_derived_id_is_the_same_for_ever() {
        let asked = event("/shop", "7", "order");
        // As Python's uuid.uuid5 has it. It is on other people's disks: never to be changed.
        assert_eq!(derived(&asked, "trigger/bill"), "f10dce14-1e6a-5b6d-bb6d-49dfaf4e8a85");
        assert_ne!(derived(&asked, "trigger/ship"), derived(&asked, "trigger/bill"));
    }
}
