//! `media::fuzz::avc_config`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| media::fuzz::avc_config(data));
