//! `container::fuzz::mp4`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| container::fuzz::mp4(data));
