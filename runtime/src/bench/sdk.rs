//! Our events as the CloudEvents SDK's and back, for whoever holds the one and wants the other.

use activator::event::{Event, EventError};
use bytes::Bytes;
use cloudevents::event::{AttributeValue, Data, EventBuilder, EventBuilderV10};

/// The event in the SDK's form. A time is kept as the moment it names: the SDK has no place for its offset.
///
/// # Errors
/// When the SDK takes a value for none: it wants `source` and `dataschema` to be URIs.
pub(super) fn of(event: &Event) -> Result<cloudevents::Event, cloudevents::event::EventBuilderError> {
    let mut builder = EventBuilderV10::new().id(event.id()).source(event.source()).ty(event.ty());
    let mut content_type = None;
    for (name, text) in event.attributes().iter() {
        builder = match name {
            "id" | "source" | "type" | "dataschema" => builder,
            "subject" => builder.subject(text),
            "time" => builder.time(text),
            "datacontenttype" => {
                content_type = Some(text);
                builder
            }
            extension => builder.extension(extension, text),
        };
    }
    let data = event.data().to_vec();
    let content_type = content_type.unwrap_or("application/json");
    match event.get("dataschema") {
        Some(schema) => builder.data_with_schema(content_type, schema, data),
        None if data.is_empty() => builder,
        None => builder.data(content_type, data),
    }
    .build()
}

/// The event in our form, with the types of its extensions.
///
/// # Errors
/// Names the attribute that the specification does not allow.
pub(super) fn from(theirs: &cloudevents::Event) -> Result<Event, EventError> {
    let mut event = Event::builder();
    for (name, value) in theirs.iter() {
        match value {
            AttributeValue::SpecVersion(_) => continue,
            AttributeValue::Boolean(value) => event.boolean(name, *value)?,
            AttributeValue::Integer(value) => match i32::try_from(*value) {
                Ok(value) => event.integer(name, value)?,
                Err(_) => event.attribute(name, &value.to_string())?,
            },
            other => event.attribute(name, &other.to_string())?,
        };
    }
    event.build(match theirs.data() {
        None => Bytes::new(),
        Some(Data::Binary(bytes)) => bytes.clone().into(),
        Some(Data::String(text)) => text.clone().into(),
        Some(Data::Json(value)) => value.to_string().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_back_as_it_went() {
        let mut event = Event::builder();
        for (name, value) in [
            ("id", "1"),
            ("source", "/shop"),
            ("type", "order.created"),
            ("time", "2026-11-25T12:00:00Z"),
            ("datacontenttype", "text/plain"),
            ("subject", "orders/17"),
            ("tenant", "eu"),
        ] {
            event.attribute(name, value).unwrap();
        }
        let event = event.build(Bytes::from_static(b"hello")).unwrap();
        let back = from(&of(&event).unwrap()).unwrap();
        assert_eq!(back.data(), event.data());
        for (name, text) in event.attributes().iter().filter(|(name, _)| *name != "time") {
            assert_eq!(back.get(name), Some(text), "{name}");
        }
        assert_eq!(
            back.get("time"),
            Some("2026-11-25T12:00:00+00:00"),
            "the same moment, in the SDK's spelling"
        );
    }
}
