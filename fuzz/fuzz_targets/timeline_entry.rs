//! `timeline::fuzz::entry`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| timeline::fuzz::entry(data));
