//! `media::fuzz::scte35`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| media::fuzz::scte35(data));
