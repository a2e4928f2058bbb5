//! `check::fuzz::ts`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::fuzz::ts(data));
