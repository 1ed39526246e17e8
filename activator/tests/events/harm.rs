//! Bytes from anywhere: they are an event or they are refused, and what is an event leaves through every binding.

use activator::event::{Event, EventError, http, json, kafka};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::make::{bytes, event, untyped};

/// Whatever was read can be used in every way.
fn use_it(event: Result<Event, EventError>) {
    let event = match event {
        Ok(event) => event,
        Err(reason) => {
            let reason = reason.to_string();
            assert!(reason.len() < 1_000 && !reason.contains(char::is_control), "{reason}");
            return;
        }
    };
    assert!(!event.id().is_empty() && !event.source().is_empty() && !event.ty().is_empty());
    assert_eq!(event.size(), event.attributes().block().len() + event.data().len());
    assert_eq!(Event::from_stored(event.attributes().block(), event.data().clone()).unwrap(), event);
    let back = json::decode(&json::encode(&event).into()).unwrap();
    assert_eq!(back.attributes(), event.attributes());
    json::decode_line(&json::encode_line(&event).into()).unwrap();
    drop((json::to_value(&event), format!("{event:?}")));
    http::encode_binary(&event, |name, value| {
        assert!(name.is_ascii() && !value.iter().any(u8::is_ascii_control));
    });
    kafka::encode_binary(&event, |_, _| {});
}

fn read_all(body: &Bytes) {
    use_it(json::decode(body));
    use_it(json::decode_line(body));
    json::decode_batch(body).into_iter().flatten().for_each(|event| use_it(Ok(event)));
    json::claims_event(body);
}

/// Some bytes of `text` replaced, left out or put in.
fn damaged(text: Vec<u8>, damage: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    damage.iter().fold(text, |mut text, (at, how, byte)| {
        let at = at.index(text.len() + 1);
        match how % 3 {
            0 if at < text.len() => text[at] = *byte,
            1 if at < text.len() => drop(text.remove(at)),
            _ => text.insert(at, *byte),
        }
        text
    })
}

fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"\"\\{}[],:0-9etfn. \n%".to_vec())];
    vec((any::<prop::sample::Index>(), any::<u8>(), byte), 0..4)
}

proptest! {
    #[test]
    fn any_bytes_as_json(body in vec(any::<u8>(), 0..200)) {
        read_all(&body.into());
    }

    #[test]
    fn damaged_json(event in event(), damage in damage()) {
        read_all(&damaged(json::encode(&event), &damage).into());
        read_all(&damaged(json::encode_batch([&event, &event]), &damage).into());
    }

    #[test]
    fn any_bytes_as_a_stored_block(block in vec(any::<u8>(), 0..200), data in vec(any::<u8>(), 0..9)) {
        use_it(Event::from_stored(block.into(), data.into()));
    }

    #[test]
    fn a_damaged_stored_block(event in event(), damage in damage()) {
        let block = damaged(event.attributes().block().to_vec(), &damage);
        use_it(Event::from_stored(block.into(), event.data().clone()));
    }

    #[test]
    fn any_headers(headers in vec(("(ce-)?.{0,9}", vec(any::<u8>(), 0..20)), 0..9), body in vec(any::<u8>(), 0..50)) {
        let headers = headers.iter().map(|(name, value)| (name.as_str(), &value[..]));
        http::mode(headers.clone());
        for mode in [http::Mode::Binary, http::Mode::Structured, http::Mode::Batch] {
            use_it(http::decode(mode, headers.clone(), bytes(&body)));
        }
    }

    #[test]
    fn damaged_headers(event in event(), at in any::<prop::sample::Index>(), damage in damage()) {
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        http::encode_binary(&event, |name, value| headers.push((name.into(), value.to_vec())));
        let at = at.index(headers.len());
        headers[at].1 = damaged(std::mem::take(&mut headers[at].1), &damage);
        let headers = headers.iter().map(|(name, value)| (name.as_str(), &value[..]));
        use_it(http::decode(http::Mode::Binary, headers, event.data().clone()));
    }

    #[test]
    fn any_record_is_an_event(
        key in prop::option::of(vec(any::<u8>(), 0..9)),
        headers in vec(("(ce_|content-type)?[a-z]{0,9}", prop::option::of(vec(any::<u8>(), 0..20))), 0..9),
        damage in damage(),
        event in event(),
        value in prop::option::of(vec(any::<u8>(), 0..50)),
    ) {
        let mut all: Vec<(Vec<u8>, Option<Vec<u8>>)> = Vec::new();
        kafka::encode_binary(&event, |name, value| all.push((damaged(name.into(), &damage), Some(value.to_vec()))));
        all.extend(headers.into_iter().map(|(name, value)| (name.into_bytes(), value)));
        let origin = kafka::Origin { source: "/k", partition: 1, offset: 2, time: None, key: kafka::KeyType::default() };
        let headers = all.iter().map(|(name, value)| (&name[..], value.as_deref()));
        let record = kafka::Record { key: key.as_deref(), headers, value: value.map(Bytes::from) };
        let read = kafka::decode(record, &origin);
        prop_assert_eq!(&read, &untyped(&read));
        use_it(Ok(read));
    }
}
