//! `media::fuzz::nal_units`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| media::fuzz::nal_units(data));
