//! What channels store: any bytes are read or refused without harm, and what is read is what was written.

use activator::event::{Event, Name};
use bytes::Bytes;

use super::Note;

/// Reads the input as a block of attributes.
pub(crate) fn run(input: &[u8], note: Note<'_>) {
    let block = Bytes::copy_from_slice(input);
    let Ok(event) = Event::from_stored(block.clone(), Bytes::new()) else { return };
    note("understood");
    assert_eq!(event.attributes().block(), block, "byte for byte");
    assert_eq!(event.size(), block.len());
    for (name, value) in event.attributes().values() {
        assert_eq!(event.value(&Name::new(name)), Some(value), "found by its name: {name}");
        assert_eq!(event.get(name), Some(value.text()));
    }
    for name in ["id", "source", "type", "specversion"] {
        assert!(event.get(name).is_some_and(|text| !text.is_empty()), "{name}");
    }
    assert!(!format!("{event:?}").is_empty());
    one_more_is_kept(&event);
}

/// What is added on the way is stored with the rest.
fn one_more_is_kept(event: &Event) {
    for (name, text) in [("hop", "2"), ("id", "another")] {
        let Ok(with) = event.with(name, text) else { continue };
        assert_eq!(with.get(name), Some(text));
        assert_eq!(with.size(), with.attributes().block().len());
        let back = Event::from_stored(with.attributes().block(), Bytes::new());
        assert_eq!(back.as_ref(), Ok(&with), "stored again");
    }
}
