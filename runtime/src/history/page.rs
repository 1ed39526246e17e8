//! Memory for what is copied of events. Entries come and go in the same order, so a page is filled by those that come
//! one after the other and is free again when the last of them went: no entry asks the heap for its own.

use bytes::{BufMut, Bytes, BytesMut};

/// What is asked of the heap at a time.
const PAGE_BYTES: usize = 64 << 10;

/// The page that is being filled.
#[derive(Debug, Default)]
pub(super) struct Page(BytesMut);

impl Page {
    /// Both, one after the other.
    pub(super) fn copy(&mut self, first: &[u8], second: &[u8]) -> Bytes {
        let length = first.len() + second.len();
        if self.0.capacity() < length {
            self.0 = BytesMut::with_capacity(length.max(PAGE_BYTES));
        }
        self.0.put_slice(first);
        self.0.put_slice(second);
        self.0.split().freeze()
    }
}
