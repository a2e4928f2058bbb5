//! `media::fuzz::flac`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| media::fuzz::flac(data));
