//! Kafka records, which are events whatever they are.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hydrant_fuzz::kafka(input));
