//! `token::fuzz::claims`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| token::fuzz::claims(data));
