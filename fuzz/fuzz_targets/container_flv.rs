//! `container::fuzz::flv`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| container::fuzz::flv(data));
