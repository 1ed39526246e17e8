//! Many filters: an index against a scan.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hydrant_fuzz::filter(input));
