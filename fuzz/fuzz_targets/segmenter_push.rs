//! `segmenter::fuzz::push`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| segmenter::fuzz::push(data));
