//! `rtmp::fuzz::amf0`, guided by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rtmp::fuzz::amf0(data));
