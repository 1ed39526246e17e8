//! The JSON event format 1.0 (section 3 "Envelope"): structured mode, and what people and logs read.
//!
//! [`decode()`] reads the members in place, so data that is JSON is a slice of the body, byte for byte as it came; the
//! white space around it is not part of it. [`encode()`] writes untouched attributes and data as they are.

mod claim;
mod decode;
mod encode;
mod line;
mod object;
mod scan;
mod unescape;

pub use claim::claims_event;
pub use decode::{decode, decode_batch, decode_reply};
pub use encode::{encode, encode_batch};
pub use line::{decode_line, decode_reply_line, encode_line};
pub use object::{attributes, to_value};

pub(super) use decode::read;
