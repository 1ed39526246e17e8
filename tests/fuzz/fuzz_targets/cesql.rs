//! Texts that may be CESQL expressions, evaluated for events.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hydrant_fuzz::cesql(input));
