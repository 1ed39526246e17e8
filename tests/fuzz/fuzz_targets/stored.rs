//! Bytes that may be what a channel stored.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hydrant_fuzz::stored(input));
