//! `media::fuzz::av1_config`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| media::fuzz::av1_config(data));
