//! The sample events: each is built as it is told, and goes through every binding.

use activator::event::{Event, http, json};
use bytes::Bytes;

use super::features::every_way_back;
use super::yaml::{Document, documents};

pub(crate) fn run(text: &str) -> usize {
    let documents = documents(text);
    documents.iter().for_each(check);
    documents.len()
}

fn check(document: &Document) {
    let event = event(document);
    every_way_back(&event);
    // Headers that are no attributes come along, and change nothing.
    let transport =
        document.iter().filter_map(|(path, value)| Some((path.strip_prefix("TransportExtensions/")?, value)));
    let mode = document.iter().find(|(path, _)| path == "Mode").map(|(_, mode)| mode.as_str());
    let mut headers: Vec<(String, Vec<u8>)> =
        transport.map(|(name, value)| (name.into(), value.clone().into())).collect();
    let body = if mode == Some("structured") {
        http::encode_structured(&event, |name, value| headers.push((name.into(), value.into()))).into()
    } else {
        http::encode_binary(&event, |name, value| headers.push((name.into(), value.into())));
        event.data().clone()
    };
    let headers = || headers.iter().map(|(name, value)| (name.as_str(), &value[..]));
    let back = http::decode(http::mode(headers()).unwrap(), headers(), body).unwrap();
    assert_eq!(json::attributes(&back), json::attributes(&event));
    assert_eq!(back.data().trim_ascii(), event.data().trim_ascii());
}

fn event(document: &Document) -> Event {
    let (mut event, mut data) = (Event::builder(), Bytes::new());
    for (path, value) in document {
        match path.as_str() {
            "Data" => data = value.clone().into(),
            "Mode" => {}
            path if path.starts_with("TransportExtensions/") => {}
            path => {
                let name = path.strip_prefix("ContextAttributes/").expect("nothing else is told of an event");
                let name = name.strip_prefix("Extensions/").unwrap_or(name);
                // A text behind `|` ends with a newline, which no attribute may hold.
                event.attribute(name, value.trim_end()).unwrap();
            }
        }
    }
    event.build(data).unwrap()
}
