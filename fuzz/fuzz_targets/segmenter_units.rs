//! `segmenter::fuzz::units`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| segmenter::fuzz::units(data));
