//! JSON that may be an event.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hydrant_fuzz::json(input));
