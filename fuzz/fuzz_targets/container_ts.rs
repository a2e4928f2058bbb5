//! `container::fuzz::ts`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| container::fuzz::ts(data));
