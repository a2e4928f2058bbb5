//! `media::fuzz::vp9_frame`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| media::fuzz::vp9_frame(data));
