//! The attribute block: what is stored comes back, what was added wins, what is broken is refused.

use super::*;
use crate::event::{Kind, Name};

const LONG: &str = "a0123456789012345678901234567890";

/// An event with `count` attributes in all, so that every length of the signature table is met.
fn with_count(count: usize) -> Event {
    let mut builder = Event::builder();
    for (name, value) in [("id", "1"), ("source", "/s"), ("type", "t")] {
        builder.attribute(name, value).unwrap();
    }
    for at in 3..count {
        builder.attribute(&format!("x{at}"), &format!("value {at}")).unwrap();
    }
    builder.build(Bytes::new()).unwrap()
}

fn stored(event: &Event) -> Event {
    Event::from_stored(event.attributes().block(), event.data().clone()).unwrap()
}

#[test]
fn what_is_stored_is_what_comes_back() {
    let event = event(&[("subject", "äöü \u{1F600}"), ("datacontenttype", "text/plain")], "hello");
    let back = stored(&event);
    assert_eq!(back, event);
    assert_eq!(back.get("subject"), Some("äöü \u{1F600}"));
    assert_eq!(back.attributes().block(), event.attributes().block());
}

#[test]
fn every_attribute_is_found_however_many_there_are() {
    for count in 3..=255 {
        let event = stored(&with_count(count));
        assert_eq!(event.attributes().iter().count(), count);
        for (name, text) in event.attributes().iter() {
            assert_eq!(event.value(&Name::new(name)).unwrap().text(), text, "{count} {name}");
            assert_eq!(event.get(name), Some(text));
        }
        for absent in ["", "x", "x255", "ID", "data", "ä", LONG] {
            assert_eq!(event.value(&Name::new(absent)), None, "{count} {absent}");
        }
    }
}

#[test]
fn names_of_every_length_are_told_apart() {
    for len in 1..=127 {
        let name: String = LONG.chars().cycle().take(len).collect();
        let event = event(&[(&name, "here")], "");
        assert_eq!(event.get(&name), Some("here"), "{len}");
        assert_eq!(event.get(&format!("{name}x")), None);
        let other = format!("b{}", &name[1..]);
        assert_eq!(event.get(&other), None, "{len}");
    }
}

#[test]
fn values_know_the_type_they_came_as() {
    let mut builder = Event::builder();
    for (name, value) in [("id", "1"), ("source", "/s"), ("type", "t"), ("s", "true"), ("n", "5")] {
        builder.attribute(name, value).unwrap();
    }
    builder.integer("least", i32::MIN).unwrap().integer("zero", 0).unwrap();
    builder.boolean("yes", true).unwrap().boolean("no", false).unwrap();
    let event = stored(&builder.build(Bytes::new()).unwrap());
    let read = |name| event.value(&Name::new(name)).map(|value| (value.text(), value.kind()));
    assert_eq!(read("s"), Some(("true", Kind::String)));
    assert_eq!(read("n"), Some(("5", Kind::String)));
    assert_eq!(read("least"), Some(("-2147483648", Kind::Integer)));
    assert_eq!(read("zero"), Some(("0", Kind::Integer)));
    assert_eq!(read("yes"), Some(("true", Kind::Boolean)));
    assert_eq!(read("no"), Some(("false", Kind::Boolean)));
    assert_eq!(read("specversion"), Some(("1.0", Kind::String)));
}

#[test]
fn what_is_added_wins_and_the_rest_is_shared() {
    let before = event(&[("n", "1"), ("longer", "value")], "data");
    let after = before.with("n", "22").unwrap().with("m", "3").unwrap().with("m", "4").unwrap();
    assert_eq!((after.get("n"), after.get("m"), after.get("longer")), (Some("22"), Some("4"), Some("value")));
    assert_eq!((before.get("n"), before.get("m")), (Some("1"), None));
    assert_eq!(after.data().as_ptr(), before.data().as_ptr());
    assert_eq!(after.attributes().iter().filter(|(name, _)| *name == "n").count(), 1);
    let kept = after.attributes().get("longer").unwrap().as_ptr();
    assert_eq!(kept, before.attributes().get("longer").unwrap().as_ptr(), "not copied");
    assert!(before.with("Bad", "x").is_err());
    assert!(before.with("id", "").is_err());
    assert!(before.with("time", "noon").is_err());
}

#[test]
fn the_size_is_that_of_the_block_it_is_stored_as() {
    let steps = [("n", "longer"), ("m", "new"), ("n", ""), ("m", "newer"), ("specversion", "1.0")];
    let mut events = vec![event(&[("n", "1")], "data")];
    for (name, value) in steps {
        events.push(events.last().unwrap().with(name, value).unwrap());
    }
    for event in events {
        assert_eq!(event.size(), event.attributes().block().len() + event.data().len(), "{event:?}");
        assert_eq!(stored(&event), event, "and equal in whatever parts it is held");
    }
}

#[test]
fn an_event_differs_by_any_value_and_type_but_not_by_order() {
    let one = event(&[("a", "1"), ("b", "2")], "");
    assert_eq!(one, event(&[("b", "2"), ("a", "1")], ""));
    assert_ne!(one, event(&[("a", "2"), ("b", "1")], ""));
    assert_ne!(one, event(&[("a", "1"), ("c", "2")], ""));
    assert_ne!(one, event(&[("a", "1"), ("b", "2")], "data"));
    let mut typed = Event::builder();
    for (name, value) in one.attributes().iter().filter(|(name, _)| *name != "a") {
        typed.attribute(name, value).unwrap();
    }
    typed.integer("a", 1).unwrap();
    assert_ne!(one, typed.build(Bytes::new()).unwrap());
}

#[test]
fn there_is_a_most_of_everything_and_it_is_named() {
    let full = with_count(255);
    assert_eq!(full.with("more", "x").unwrap_err(), EventError::TooMany);
    assert!(full.with("x3", "other").is_ok(), "nothing is added by another value");
    let mut builder = Event::builder();
    for at in 0..255 {
        builder.attribute(&format!("x{at}"), "").unwrap();
    }
    assert_eq!(builder.attribute("more", "x").unwrap_err(), EventError::TooMany);

    let room = 64_000 - "id1source/stypet".len() - "long".len();
    let fits = event(&[("long", &"x".repeat(room))], "");
    assert_eq!(stored(&fits), fits);
    assert_eq!(fits.with("n", "").unwrap_err(), EventError::TooLong("n".into()));
    assert_eq!(fits.with("id", "12").unwrap_err(), EventError::TooLong("id".into()));
    assert!(fits.with("long", "short").and_then(|event| event.with("n", "1")).is_ok());
    let mut builder = Event::builder();
    let refused = builder.attribute("long", &"x".repeat(65_532)).unwrap_err();
    assert_eq!(refused, EventError::TooLong("long".into()));
}

#[test]
fn a_block_that_was_cut_is_refused_not_read() {
    let block = event(&[("subject", "s")], "").attributes().block();
    for len in 0..block.len() {
        assert!(Event::from_stored(block.slice(..len), Bytes::new()).is_err(), "cut at {len}");
    }
}

#[test]
fn a_block_with_any_byte_changed_is_refused_or_read_without_harm() {
    let mut builder = Event::builder();
    for (name, value) in [("id", "1"), ("source", "ä"), ("type", "t")] {
        builder.attribute(name, value).unwrap();
    }
    builder.integer("n", -7).unwrap();
    let block = builder.build(Bytes::new()).unwrap().attributes().block();
    for at in 0..block.len() {
        for byte in 0..=255 {
            let mut changed = block.to_vec();
            changed[at] = byte;
            if let Ok(event) = Event::from_stored(changed.into(), Bytes::new()) {
                for (name, value) in event.attributes().values() {
                    assert_eq!(event.value(&Name::new(name)), Some(value), "{at} {byte}");
                }
                assert!(["id", "source", "type"].iter().all(|name| event.get(name).is_some()));
            }
        }
    }
}

#[test]
fn a_broken_block_says_what_is_broken() {
    // The block of id=1, source=/s, type=t: 16 bytes of text, four places of 4, signatures and number in 8.
    let good = event(&[], "").attributes().block();
    let check = |change: fn(&mut Vec<u8>), expected: &str| {
        let mut block = good.to_vec();
        change(&mut block);
        let refused = Event::from_stored(block.into(), Bytes::new()).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused} instead of {expected}");
    };
    check(|block| *block.last_mut().unwrap() = 255, "shorter than its own count");
    check(|block| block.clear(), "shorter than its own count");
    check(|block| block[33] = 1, "more than attributes");
    check(|block| block[19] = 1, "more than attributes");
    check(|block| block[30] = 1, "more than attributes");
    check(|block| block[2] = 0xff, "`id` is not UTF-8");
    check(|block| block[2] = 0x7f, "`id` holds a control character");
    check(|block| block[0] = b'I', "a name that none may have");
    check(|block| block[0] = b'x', "a signature");
    let unclaimed = |block: &mut Vec<u8>| {
        [16, 20, 24, 28].into_iter().for_each(|at| block[at] += 1);
        block.insert(0, b'x');
    };
    check(unclaimed, "belongs to no attribute");
    check(|block| block[20] = 200, "beyond its text");
    check(|block| block[28] = 30, "beyond its text");
    check(|block| block[18] |= 0x80, "`id` must be a string");
    let mut typed = Event::builder();
    typed.attribute("id", "1").unwrap().attribute("source", "/s").unwrap().attribute("type", "t").unwrap();
    typed.integer("n", 5).unwrap();
    let mut block = typed.build(Bytes::new()).unwrap().attributes().block().to_vec();
    block[17] = b'x';
    let refused = Event::from_stored(block.into(), Bytes::new()).unwrap_err().to_string();
    assert!(refused.contains("a value is typed that is a string"), "{refused}");
}
