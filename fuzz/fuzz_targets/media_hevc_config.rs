//! `media::fuzz::hevc_config`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| media::fuzz::hevc_config(data));
