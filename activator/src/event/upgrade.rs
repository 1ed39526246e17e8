//! CloudEvents 0.3 to 1.0: what was named or carried otherwise.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::error::shown;
use super::{Builder, EventError};

/// The attributes and the data of a 0.3 event as 1.0 has them: `schemaurl` is `dataschema`, and what
/// `datacontentencoding` says of the data is done.
pub(super) fn upgrade(old: &Builder, data: Bytes) -> Result<(Builder, Bytes), EventError> {
    let mut event = Builder::default();
    let mut encoding = None;
    for (name, value) in old.entries() {
        match name {
            b"datacontentencoding" => encoding = Some(value.bytes()),
            b"schemaurl" if old.has("dataschema") => return Err(EventError::Both("schemaurl", "dataschema")),
            b"schemaurl" => event.add(b"dataschema", value)?,
            _ => event.add(name, value)?,
        }
    }
    let data = match encoding {
        None => data,
        Some(encoding) if encoding.eq_ignore_ascii_case(b"base64") => {
            STANDARD.decode(&data).map_err(|_| EventError::Base64("data"))?.into()
        }
        Some(other) => return Err(EventError::Encoding(shown(other))),
    };
    Ok((event, data))
}
