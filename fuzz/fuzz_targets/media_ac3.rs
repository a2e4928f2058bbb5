//! `media::fuzz::ac3`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| media::fuzz::ac3(data));
