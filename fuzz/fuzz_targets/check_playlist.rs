//! `check::fuzz::playlist`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::fuzz::playlist(data));
