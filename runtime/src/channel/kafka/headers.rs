//! The headers of a record as they are on the topic. rdkafka takes every name for UTF-8 and panics on one that is
//! not, so they are read past it, from librdkafka itself. What they mean is said elsewhere.
#![expect(unsafe_code, reason = "calls into librdkafka")]

use std::ffi::CStr;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use rdkafka::bindings::{
    rd_kafka_header_get_all, rd_kafka_headers_t, rd_kafka_message_headers, rd_kafka_resp_err_t,
};
use rdkafka::message::BorrowedMessage;

/// Gives each header of one message in order: its name, up to the first zero byte, and its value.
#[derive(Clone)]
pub(super) struct Headers<'m> {
    /// Owned by the message; nothing when it has none, or none that can be parsed.
    all: Option<NonNull<rd_kafka_headers_t>>,
    next: usize,
    of: PhantomData<&'m BorrowedMessage<'m>>,
}

impl<'m> Headers<'m> {
    pub(super) fn of(message: &'m BorrowedMessage<'_>) -> Self {
        let mut all = ptr::null_mut();
        // SAFETY: the message is alive while it is borrowed. The first call parses the headers into it, as rdkafka's
        // own `headers` does, and no two threads do so at once: only the lane that took it off its queue has it.
        let answer = unsafe { rd_kafka_message_headers(message.ptr(), &raw mut all) };
        let found = answer == rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        Self { all: NonNull::new(all).filter(|_| found), next: 0, of: PhantomData }
    }
}

impl<'m> Iterator for Headers<'m> {
    type Item = (&'m [u8], Option<&'m [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let all = self.all?.as_ptr();
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: `all` lives as long as the message, which 'm borrows; a number beyond the last is an error.
        let answer =
            unsafe { rd_kafka_header_get_all(all, self.next, &raw mut name, &raw mut value, &raw mut size) };
        if answer != rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        self.next += 1;
        // SAFETY: librdkafka ends every name with a zero byte, and keeps it unchanged as long as the message.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes();
        // SAFETY: a value that is not null has `size` bytes, unchanged as long as the message.
        let value =
            (!value.is_null()).then(|| unsafe { std::slice::from_raw_parts(value.cast::<u8>(), size) });
        Some((name, value))
    }
}
